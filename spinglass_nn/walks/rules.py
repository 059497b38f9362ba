"""Which proposed moves a walk accepts: all of them, Metropolis, or those below a ceiling."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.io.resuming import written
from spinglass_nn.networks import MLP
from spinglass_nn.typing import Float64Array
from spinglass_nn.walks.priors import GaussianPrior


class Rule(ABC):
    """Decides on a proposed move from the loss before and after it.

    Attributes
    ----------
    needs_loss : bool
        Whether the loss must be known at every step; if not, it is evaluated only where the
        walk is recorded.
    """

    __slots__ = ()
    needs_loss = True

    @abstractmethod
    def accepts(self, loss: float, proposed: float, generator: np.random.Generator) -> bool:
        """Whether the walker moves.

        Parameters
        ----------
        loss : float
            Mean loss where the walker is.
        proposed : float
            Mean loss where it would go, plus the change of what `penalty` adds; NaN must be
            refused.
        generator : Generator
            The walker's own stream.
        """

    def penalty(self, net: MLP) -> Float64Array | None:
        r"""What the rule adds to the loss, :math:`\sum_i c_i \theta_i^2`; most add nothing.

        Parameters
        ----------
        net : MLP
            The network walked with.

        Returns
        -------
        array (n_parameters,) or None
            The coefficients, in the unit of the loss.
        """
        return None

    def check_start(self, loss: float) -> None:  # noqa: B027 - most rules start anywhere
        """Raise a ParameterError if a walk under this rule cannot begin at this loss."""

    def same_as(self, other: Rule) -> bool:
        """Whether another rule decides alike: its kind and all its numbers are equal."""
        return type(self) is type(other) and written(self) == written(other)


@result()
class AlwaysAccept(Rule):
    """Every move is accepted: the free walk, which measures the landscape without bias."""

    needs_loss = False

    def accepts(self, loss: float, proposed: float, generator: np.random.Generator) -> bool:
        """Return True."""
        return True


@result()
class Metropolis(Rule):
    r"""Moves are accepted with probability :math:`\min(1, e^{-\Delta L / T})`.

    The proposals are symmetric, so the walk samples :math:`e^{-L(\theta)/T}` (on the sphere,
    that density restricted to it). L is the mean loss per sample over all of the data.

    In flat space that density often cannot be normalised: a bounded loss does not hold the
    weights, nor does any loss along the rescalings of ReLU units. With a prior p the walk
    samples

    .. math:: p(\theta)\, e^{-L(\theta)/T}, \qquad
              p(\theta) \propto \exp\Big(-\sum_i \frac{\theta_i^2}{2 \sigma_i^2}\Big),

    by accepting with :math:`\min(1, e^{-\Delta F / T})` for
    :math:`F = L + T \sum_i \theta_i^2 / 2 \sigma_i^2`. Only the data are tempered: it is the
    measure of `sample_posterior` with the same prior at the temperature n T, for n samples.

    Parameters
    ----------
    temperature : float
        T, in the unit of the loss; zero accepts no rise at all.
    prior : GaussianPrior, optional
        Distribution of the weights without data; flat by default.

    Raises
    ------
    ParameterError
        If the temperature is negative or not finite, or is zero with a prior, or if the prior
        is not Gaussian.

    References
    ----------
    N. Metropolis et al., J. Chem. Phys. 21 (1953) 1087.

    Examples
    --------
    >>> Metropolis(0.01)
    Metropolis(temperature=0.01)
    >>> Metropolis(0.01, prior=GaussianPrior(0.5))
    Metropolis(temperature=0.01, prior=GaussianPrior(deviation=0.5, fan_in=False))
    """

    temperature: float
    prior: GaussianPrior | None = None

    def __post_init__(self) -> None:
        value = check.non_negative(self.temperature, "temperature")
        object.__setattr__(self, "temperature", value)
        if self.prior is None:
            return
        if not isinstance(self.prior, GaussianPrior):
            raise ParameterError(
                f"prior must be GaussianPrior(...) or None, got {self.prior!r}"
            )
        if value == 0:
            raise ParameterError("temperature must be positive with a prior, got 0")

    def __repr__(self) -> str:
        prior = "" if self.prior is None else f", prior={self.prior!r}"
        return f"{type(self).__name__}(temperature={self.temperature:.6g}{prior})"

    def accepts(self, loss: float, proposed: float, generator: np.random.Generator) -> bool:
        """Return the outcome; one uniform number is drawn whatever the losses are."""
        uniform = generator.random()
        if proposed <= loss:
            return True
        if self.temperature == 0:
            return False
        return uniform < math.exp((loss - proposed) / self.temperature)

    def penalty(self, net: MLP) -> Float64Array | None:
        r"""Coefficients :math:`T / 2 \sigma_i^2`; None without a prior.

        Parameters
        ----------
        net : MLP
            The network walked with.

        Returns
        -------
        array (n_parameters,) or None
            In the order of the flat parameter vector.

        Raises
        ------
        ShapeError
            If the prior has several deviations, but not one for each layer.
        """
        if self.prior is None:
            return None
        scale = self.prior.scale(net).astype(np.float64, copy=False)
        return self.temperature / (2 * scale**2)


@result()
class LossCap(Rule):
    """Moves are accepted while the loss stays at or below a ceiling.

    The walk samples the connected part of the region ``loss <= maximum`` uniformly. What is
    recorded may pass it by rounding.

    Parameters
    ----------
    maximum : float
        Highest loss allowed; not below the loss of the start.

    Raises
    ------
    ParameterError
        If it is not a finite number.
    """

    maximum: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "maximum", check.number(self.maximum, "maximum"))

    def accepts(self, loss: float, proposed: float, generator: np.random.Generator) -> bool:
        """Whether the new loss is allowed."""
        return proposed <= self.maximum

    def check_start(self, loss: float) -> None:
        """Refuse a start above the ceiling."""
        if not loss <= self.maximum:
            raise ParameterError(
                f"maximum must not lie below the loss of the start, {loss:.6g}, "
                f"got {self.maximum:.6g}"
            )
