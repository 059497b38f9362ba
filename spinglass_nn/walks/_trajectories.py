"""One move of one system: a trajectory and whether its end is accepted."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spinglass_nn.networks import MLP, _blocks, _gradients
from spinglass_nn.typing import FloatArray, LabelledData
from spinglass_nn.walks._flows import Flow
from spinglass_nn.walks.samplers import Sampler

_JITTER = 0.2  # of the step, so that no trajectory comes back to where it began each time


class Place(NamedTuple):
    """Where a system is; the gradient of its energy where moves need it."""

    theta: FloatArray
    energy: float
    gradient: FloatArray | None


class Move(NamedTuple):
    """Where a system went, or stayed."""

    place: Place
    probability: float  # of accepting
    accepted: bool


class Target:
    """Energy n L of the data, checked once, and how points move under prior and sampler."""

    def __init__(
        self, net: MLP, data: LabelledData, flow: Flow, sampler: Sampler, dtype: np.dtype
    ) -> None:
        self.net, self.flow, self.sampler, self.dtype = net, flow, sampler, dtype
        self._data = _blocks.source(net, data, dtype)
        self._way = _gradients.gradient_of(net, self._data)

    @property
    def n_samples(self) -> int:
        """Samples n, by which the loss is multiplied."""
        return self._data.n_samples

    def at(self, theta: FloatArray, n_threads: int) -> Place:
        """The energy of a point, and its gradient for samplers that use it."""
        if not self.sampler.uses_gradient:
            energy = _gradients.summed_loss(self.net, theta, self._data, n_threads)
            return Place(theta, _or_infinite(energy), None)
        energy, gradient = _gradients.summed_gradient(self._way, theta, self._data, n_threads)
        return Place(theta, _or_infinite(energy), gradient.astype(self.dtype, copy=False))

    def drawn(self, generator: np.random.Generator, n_threads: int) -> Place:
        """A fresh point of the prior."""
        return self.at(self.flow.draw(generator), n_threads)

    def moved(
        self,
        here: Place,
        beta: float,
        step: float,
        generator: np.random.Generator,
        n_threads: int,
    ) -> Move:
        """Follow a trajectory of the sampler at inverse temperature ``beta``.

        At beta = 0 the prior is drawn from afresh.
        """
        if beta == 0:
            return Move(self.drawn(generator, n_threads), 1.0, True)
        momentum = self.flow.momentum(here.theta, generator)
        angle = step * generator.uniform(1 - _JITTER, 1 + _JITTER)
        uniform = generator.random()
        with np.errstate(over="ignore", invalid="ignore"):  # such moves are refused
            there, rise = self._followed(here, momentum, beta, angle, n_threads)
        probability = math.exp(min(0.0, -rise)) if rise < math.inf else 0.0
        accepted = uniform < probability
        return Move(there if accepted else here, probability, accepted)

    def _followed(
        self, here: Place, momentum: FloatArray, beta: float, angle: float, n_threads: int
    ) -> tuple[Place, float]:
        """The end of a trajectory, and minus the logarithm of its weight against the start's."""
        flow, there = self.flow, here
        theta = here.theta.copy()
        if not self.sampler.uses_gradient:  # the prior's part is conserved
            flow.turn(theta, momentum, angle)
            there = self.at(theta, n_threads)
            return there, _or_infinite(beta * (there.energy - here.energy))
        before = flow.action(theta, momentum)
        for _ in range(self.sampler.n_steps):
            assert there.gradient is not None
            flow.kick(theta, momentum, there.gradient, beta * angle / 2)
            flow.turn(theta, momentum, angle)
            there = self.at(theta, n_threads)
            if not math.isfinite(there.energy):
                return there, math.inf
            assert there.gradient is not None
            flow.kick(theta, momentum, there.gradient, beta * angle / 2)
        after = flow.action(theta, momentum)
        return there, _or_infinite(beta * (there.energy - here.energy) + after - before)


def _or_infinite(value: float) -> float:
    """What is not a number must be refused."""
    return value if value == value else math.inf
