"""One move of one system: a trajectory and whether its end is accepted."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn.networks import MLP, _blocks, _gradients
from spinglass_nn.typing import FloatArray, LabelledData
from spinglass_nn.walks import _flow_kernels as kernels
from spinglass_nn.walks._flows import Flow, GaussianFlow
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
        self._block = self._only_block()
        size = _blocks.workspace_size(net)
        self._rooms = threads.Lent(lambda: kernels.Room(*np.empty((2, size), dtype)))

    def _only_block(self) -> _blocks.Block | None:
        """All samples, if they are so few that a trajectory runs in one kernel."""
        plain = isinstance(self._way, _gradients.PlainGradient)
        normal = isinstance(self.flow, GaussianFlow) and self.sampler.uses_gradient
        if not (plain and normal) or self.n_samples > _blocks.BLOCK:
            return None
        return next(self._data.blocks(0, self.n_samples))

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
        flow, theta = self.flow, here.theta.copy()
        if not self.sampler.uses_gradient:  # the prior's part is conserved
            flow.turn(theta, momentum, angle)
            there = self.at(theta, n_threads)
            return there, _or_infinite(beta * (there.energy - here.energy))
        before = flow.action(theta, momentum)
        there = self._kicked(here, theta, momentum, beta * angle / 2, angle, n_threads)
        if not math.isfinite(there.energy):
            return there, math.inf
        after = flow.action(theta, momentum)
        return there, _or_infinite(beta * (there.energy - here.energy) + after - before)

    def _kicked(
        self, here: Place, theta: FloatArray, momentum: FloatArray, time: float, angle: float,
        n_threads: int,
    ) -> Place:  # fmt: skip
        """Where steps of kick, turn and kick end; early where the energy is not finite.

        The kernel for one block has the bits of the general way.
        """
        assert here.gradient is not None
        if self._block is not None and isinstance(self.flow, GaussianFlow):
            gradient = here.gradient.copy()
            with self._rooms.one() as room:
                energy = kernels.follow(
                    theta, momentum, gradient, self.flow.squared, self.net.layout, *self._block,
                    room, self.sampler.n_steps, time, math.cos(angle), math.sin(angle),
                )  # fmt: skip
            return Place(theta, _or_infinite(energy), gradient)
        there = here
        for _ in range(self.sampler.n_steps):
            assert there.gradient is not None
            self.flow.kick(theta, momentum, there.gradient, time)
            self.flow.turn(theta, momentum, angle)
            there = self.at(theta, n_threads)
            if not math.isfinite(there.energy):
                break
            assert there.gradient is not None
            self.flow.kick(theta, momentum, there.gradient, time)
        return there


def _or_infinite(value: float) -> float:
    """What is not a number must be refused."""
    return value if value == value else math.inf
