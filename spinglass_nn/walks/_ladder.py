"""One ladder of a posterior: systems that move, exchange temperatures, and tune their steps."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import threads
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.typing import Float64Array, FloatArray
from spinglass_nn.walks._trajectories import Move, Target
from spinglass_nn.walks.results import pack_generator, unpack_generator

_GAIN, _DELAY, _FORGETTING = 0.05, 10, 0.75  # gamma, t0 and kappa of Hoffman and Gelman
_QUARTER_TURN = math.pi / 2
_FROM_HOT, _FROM_COLD = 1, 2


class Ladder:
    """The systems of one replica, one at each temperature.

    Systems stay in place and temperatures pass among them: ``order[t]`` is the system at
    temperature t. Step lengths and counts belong to temperatures.
    """

    def __init__(
        self, target: Target, temperatures: Float64Array, seed: Seed, replica: int,
        start: FloatArray | None, n_threads: int,
    ) -> None:  # fmt: skip
        n = temperatures.size
        self._target, self._threads = target, n_threads
        self._inner = max(1, n_threads // n)  # of one system's evaluations
        self._betas = 1 / temperatures
        self._generators = [seed.generator(Stream.POSTERIOR, replica, k) for k in range(n)]
        self._exchange = seed.generator(Stream.EXCHANGE, replica)
        points = [
            target.flow.draw(g) if start is None else start.copy() for g in self._generators
        ]
        self.places = self._evaluated(points)
        self.order = np.arange(n)
        self._label = np.zeros(n, dtype=np.int64)
        self.log_steps = np.full(n, math.log(target.sampler.step))
        self._mean_log_steps = np.zeros(n)
        self._deficit = np.zeros(n)
        self.accepted = np.zeros(n, dtype=np.int64)
        self.swapped = np.zeros(n - 1, dtype=np.int64)
        self.tried = np.zeros(n - 1, dtype=np.int64)
        self.round_trips = np.zeros(1, dtype=np.int64)

    def _evaluated(self, points: list[FloatArray]) -> list[Any]:
        at = partial(self._target.at, n_threads=self._inner)
        return threads.run(at, points, self._threads)

    @property
    def energies(self) -> Float64Array:
        """By temperature."""
        return np.array([self.places[k].energy for k in self.order])

    def positions(self, temperatures: list[int]) -> FloatArray:
        """Points at some temperatures, (n, n_parameters)."""
        return np.stack([self.places[self.order[t]].theta for t in temperatures])

    def sweep(self, number: int, n_tuning: int) -> None:
        """Move every system once, then exchange; sweeps are counted from 0."""
        moves: list[Move] = threads.run(self._move, range(self.order.size), self._threads)
        for t, move in enumerate(moves):
            self.places[self.order[t]] = move.place
        if number < n_tuning:
            self._tune([move.probability for move in moves], number + 1, number + 1 == n_tuning)
            self._swap(number % 2)
            return
        self.accepted += [move.accepted for move in moves]
        first = number % 2
        self.tried[first::2] += 1
        for t in self._swap(first):
            self.swapped[t] += 1
        self.round_trips += self._follow()

    def _move(self, t: int) -> Move:
        system, step = self.order[t], math.exp(self.log_steps[t])
        return self._target.moved(
            self.places[system], self._betas[t], step, self._generators[system], self._inner
        )

    def _swap(self, first: int) -> list[int]:
        """Try to exchange neighbours t, t + 1 for t = first, first + 2, ...; where it was done.

        With probability min(1, exp((beta_t - beta_{t+1}) (E_t - E_{t+1}))).
        """
        done, order = [], self.order
        for t in range(first, order.size - 1, 2):
            drop = self.places[order[t]].energy - self.places[order[t + 1]].energy
            gain = (self._betas[t] - self._betas[t + 1]) * drop
            uniform = self._exchange.random()  # always, so that the stream tells the time
            if gain >= 0 or uniform < math.exp(gain):
                order[[t, t + 1]] = order[[t + 1, t]]
                done.append(t)
        return done

    def _follow(self) -> int:
        """Arrivals at the cold end from the hot one, of which each makes a round trip."""
        if self.order.size == 1:
            return 0
        cold, hot = self.order[0], self.order[-1]
        arrived = self._label[cold] == _FROM_HOT
        self._label[cold], self._label[hot] = _FROM_COLD, _FROM_HOT
        return int(arrived)

    def _tune(self, probabilities: list[float], time: int, last: bool) -> None:
        """Dual averaging of the logarithms of the steps (Hoffman and Gelman 2014)."""
        sampler = self._target.sampler
        weight = 1 / (time + _DELAY)
        self._deficit += weight * (sampler.target - np.array(probabilities) - self._deficit)
        longest = math.log(_QUARTER_TURN / sampler.n_steps)
        raw = math.log(sampler.step) - math.sqrt(time) / _GAIN * self._deficit
        self.log_steps = np.minimum(raw, longest)
        share = time**-_FORGETTING
        self._mean_log_steps += share * (self.log_steps - self._mean_log_steps)
        if last:
            self.log_steps = self._mean_log_steps.copy()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Copies of all that is needed to go on; gradients follow from the positions."""
        return {
            "positions": np.stack([place.theta for place in self.places]),
            "energies": np.array([place.energy for place in self.places]),
            "generators": np.stack([pack_generator(g) for g in self._generators]),
            "exchange": pack_generator(self._exchange),
            **{name: getattr(self, name).copy() for name in _PLAIN},
        }

    def put_back(self, arrays: dict[str, NDArray[Any]]) -> bool:
        """Go on from `arrays`; whether the energies are what they were."""
        self.places = self._evaluated([point.copy() for point in arrays["positions"]])
        self._generators = [unpack_generator(words) for words in arrays["generators"]]
        self._exchange = unpack_generator(arrays["exchange"])
        for name in _PLAIN:
            setattr(self, name, arrays[name].copy())
        found = np.array([place.energy for place in self.places])
        return bool(
            np.allclose(found, arrays["energies"], rtol=1e-5)
        )  # of another machine, too


_PLAIN = (
    "order", "log_steps", "accepted", "swapped", "tried", "round_trips",
    "_label", "_mean_log_steps", "_deficit",
)  # fmt: skip
