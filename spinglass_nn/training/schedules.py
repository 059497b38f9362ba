"""Learning-rate schedules: a factor on the optimizer's rate, as a function of the epoch."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.typing import Float64Array


@runtime_checkable
class Schedule(Protocol):
    """Anything with ``factor(epochs)``: epochs (fractions too) to factors on the rate."""

    def factor(self, epochs: Float64Array) -> Float64Array:
        """Factors on the learning rate at the given epochs."""
        ...


@result()
class Constant:
    """The rate stays as it is."""

    def factor(self, epochs: Float64Array) -> Float64Array:
        """Ones."""
        return np.ones_like(epochs)


@result()
class StepDecay:
    """The rate is multiplied by ``ratio`` every ``every`` epochs.

    Parameters
    ----------
    every : float
        Epochs between two drops.
    ratio : float
        Factor of each drop, in (0, 1].
    """

    every: float
    ratio: float = 0.1

    def __post_init__(self) -> None:
        check.positive(self.every, "every")
        check.within(check.positive(self.ratio, "ratio"), "ratio", 0, 1)

    def factor(self, epochs: Float64Array) -> Float64Array:
        r""":math:`r^{\lfloor e / \mathrm{every} \rfloor}`."""
        factors: Float64Array = self.ratio ** np.floor(epochs / self.every)
        return factors


@result()
class Cosine:
    r"""Half a cosine from 1 down to ``floor`` over ``n_epochs``, with a linear warm-up.

    Parameters
    ----------
    n_epochs : float
        Where the floor is reached, warm-up included.
    floor : float
        Last factor, in [0, 1].
    warm_up : float
        Epochs over which the factor first grows linearly from 0 to 1.
    """

    n_epochs: float
    floor: float = 0.0
    warm_up: float = 0.0

    def __post_init__(self) -> None:
        check.positive(self.n_epochs, "n_epochs")
        check.within(self.floor, "floor", 0, 1)
        check.within(self.warm_up, "warm_up", 0, self.n_epochs)

    def factor(self, epochs: Float64Array) -> Float64Array:
        r""":math:`f + (1-f)(1 + \cos \pi x)/2` after the warm-up, x its fraction done."""
        length = max(self.n_epochs - self.warm_up, 1e-300)
        fraction = np.clip((epochs - self.warm_up) / length, 0, 1)
        wave = self.floor + (1 - self.floor) * 0.5 * (1 + np.cos(np.pi * fraction))
        if self.warm_up == 0:
            return np.asarray(wave)
        return np.where(epochs < self.warm_up, epochs / self.warm_up, wave)
