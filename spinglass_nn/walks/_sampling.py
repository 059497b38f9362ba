"""From the start of a posterior run to its end, in stretches between which nothing is lost."""

from __future__ import annotations

import time
from functools import partial
from threading import Event
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn.errors import Interrupted
from spinglass_nn.networks import MLP
from spinglass_nn.typing import Float64Array, FloatArray, ProgressLike
from spinglass_nn.walks._ladder import Ladder
from spinglass_nn.walks.posterior_results import PosteriorPlan, PosteriorState

_STRETCH = 0.25  # seconds between two points where an interrupt loses nothing


class Records(NamedTuple):
    """What has been written down."""

    energies: Float64Array  # (n_temperatures, n_replicas, n_records)
    positions: FloatArray  # (n_kept_temperatures, n_replicas, n_kept, n_parameters)


class Sampling:
    """A run under way: ladders, the sweeps they have made, and records."""

    def __init__(
        self, net: MLP, plan: PosteriorPlan, ladders: list[Ladder], n_sweeps: int,
        dtype: np.dtype[Any], state: PosteriorState | None,
    ) -> None:  # fmt: skip
        self._net, self._plan, self.ladders = net, plan, ladders
        self._total = plan.n_tuning + n_sweeps
        self._made = 0
        n_temperatures, n_replicas = plan.temperatures.size, plan.n_replicas
        n_records, n_kept = n_sweeps // plan.record_every, n_sweeps // plan.keep_every
        kept = (len(plan.keep), n_replicas, n_kept, net.n_parameters)
        self._records = Records(
            np.empty((n_temperatures, n_replicas, n_records)), np.empty(kept, dtype)
        )
        if state is not None:
            self._made = state.n_sweeps
            for mine, theirs in zip(
                self._records, (state.energies, state.positions), strict=True
            ):
                mine[:, :, : theirs.shape[2]] = theirs
        self._snapshot = self._arrays()

    def _arrays(self) -> dict[str, NDArray[Any]]:
        each = [ladder.arrays() for ladder in self.ladders]
        return {name: np.stack([one[name] for one in each]) for name in each[0]}

    def run(self, progress: ProgressLike, n_threads: int) -> None:
        """Go on to the end; an interrupt gives back what was there after the last stretch."""
        stop, n_sweeps = Event(), 1
        remaining = (self._total - self._made) * len(self.ladders)
        try:
            with track(remaining, "posterior", progress) as report:
                while self._made < self._total:
                    until = min(self._made + n_sweeps, self._total)
                    begun = time.monotonic()
                    task = partial(self._advance, until=until, stop=stop)
                    threads.run(task, range(len(self.ladders)), n_threads, stop)
                    if time.monotonic() - begun < _STRETCH / 2:
                        n_sweeps *= 2
                    before = self._made
                    self._snapshot, self._made = self._arrays(), until
                    report((until - before) * len(self.ladders))
        except KeyboardInterrupt:
            stop.set()
            message = (
                f"sampling interrupted after {self._made} of {self._total} sweeps; "
                "repeat the call with state= to go on"
            )
            raise Interrupted(message, self.state()) from None

    def _advance(self, replica: int, until: int, stop: Event) -> None:
        """Sweeps of one ladder, and what is recorded of it."""
        plan, ladder = self._plan, self.ladders[replica]
        for number in range(self._made, until):
            if stop.is_set():
                return
            ladder.sweep(number, plan.n_tuning)
            sweep = number + 1 - plan.n_tuning
            if sweep > 0 and sweep % plan.record_every == 0:
                place = sweep // plan.record_every - 1
                self._records.energies[:, replica, place] = ladder.energies
            if sweep > 0 and sweep % plan.keep_every == 0 and plan.keep:
                place = sweep // plan.keep_every - 1
                kept = ladder.positions(plan.kept_places)
                self._records.positions[:, replica, place] = kept

    def state(self) -> PosteriorState:
        """Where the run was after the last whole stretch."""
        measured = max(0, self._made - self._plan.n_tuning)
        n_records = measured // self._plan.record_every
        n_kept = measured // self._plan.keep_every
        return PosteriorState(
            network=self._net,
            plan=self._plan,
            n_sweeps=self._made,
            systems=self._snapshot,
            energies=self._records.energies[:, :, :n_records].copy(),
            positions=self._records.positions[:, :, :n_kept].copy(),
        )
