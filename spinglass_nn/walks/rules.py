"""Which proposed moves a walk accepts: all of them, Metropolis, or those below a ceiling."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import fields

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError


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
            Mean loss where it would go; NaN must be refused.
        generator : Generator
            The walker's own stream.
        """

    def check_start(self, loss: float) -> None:  # noqa: B027 - most rules start anywhere
        """Raise a ParameterError if a walk under this rule cannot begin at this loss."""

    def same_as(self, other: Rule) -> bool:
        """Whether another rule decides alike: its kind and all its numbers are equal."""
        return type(self) is type(other) and all(
            getattr(self, f.name) == getattr(other, f.name)
            for f in fields(self)  # type: ignore[arg-type]
        )


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

    Parameters
    ----------
    temperature : float
        T, in the unit of the loss; zero accepts no rise at all.

    Raises
    ------
    ParameterError
        If the temperature is negative or not finite.

    References
    ----------
    N. Metropolis et al., J. Chem. Phys. 21 (1953) 1087.

    Examples
    --------
    >>> Metropolis(0.01)
    Metropolis(temperature=0.01)
    """

    temperature: float

    def __post_init__(self) -> None:
        value = check.non_negative(self.temperature, "temperature")
        object.__setattr__(self, "temperature", value)

    def accepts(self, loss: float, proposed: float, generator: np.random.Generator) -> bool:
        """Return the outcome; one uniform number is drawn whatever the losses are."""
        uniform = generator.random()
        if proposed <= loss:
            return True
        if self.temperature == 0:
            return False
        return uniform < math.exp((loss - proposed) / self.temperature)


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
