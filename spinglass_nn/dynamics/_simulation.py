"""The loop of a Monte Carlo run: rounds of an engine, bookkeeping between, a state to keep."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.progress import track
from spinglass_nn._core.threads import Team, whole
from spinglass_nn.dynamics._blocks import Blocks
from spinglass_nn.dynamics._engine import Engine, Setting
from spinglass_nn.dynamics._geometry import geometry_of
from spinglass_nn.dynamics._record import Record
from spinglass_nn.dynamics._series import Series
from spinglass_nn.dynamics.results import MonteCarloRun, MonteCarloState
from spinglass_nn.errors import Interrupted
from spinglass_nn.io.archive import save
from spinglass_nn.typing import PathType, ProgressLike

_ROUND_SECONDS = 0.1  # an interrupt is noticed between rounds
_SAVE_SECONDS = 300.0


class Simulation:
    """A run under way.

    Parameters
    ----------
    models : sequence
        Disorder samples of one model.
    setting : Setting
        What is done.
    engine : class
        The engine to make.
    settings : dict
        What defines the run, for its state.
    n_measures : int
        Measurements in all.
    series_every : int
        Measurements between entries of the time series; 0 for none.
    record_spins : bool
        Whether the series holds configurations.
    """

    def __init__(
        self,
        models: Sequence[Any],
        setting: Setting,
        engine: type[Engine],
        settings: dict[str, Any],
        n_measures: int,
        series_every: int,
        record_spins: bool,
    ) -> None:
        self.settings = settings
        self.n_measures = n_measures
        self.record = _record_for(models, setting)
        self.engine = engine(models, setting, self.record)
        self.blocks = Blocks(self.record)
        n_records = n_measures // series_every if series_every else 0
        self.series = Series(n_records, series_every, self.engine, record_spins)
        self.round = 1
        self.saved_at = time.monotonic()

    @property
    def n_sweeps(self) -> int:
        """Sweeps done so far."""
        return self.blocks.n_measures * self.engine.setting.measure_every

    def put_back(self, state: MonteCarloState) -> None:
        """Take over where an earlier run stopped."""
        mine = {**self._arrays(), **self._named("series", self.series.arrays())}
        for name, array in mine.items():
            if not name.startswith("series."):
                array[...] = state.arrays[name]
        saved = {name: state.arrays[f"series.{name}"] for name in self.series.arrays()}
        self.series.put_back(saved)
        self.engine.restored()

    def run(
        self, progress: ProgressLike, n_threads: int | None, checkpoint: PathType | None
    ) -> None:
        """Go on to the end; on an interrupt, say where the state is."""
        every = self.engine.setting.measure_every
        total = self.n_measures * every
        text = f"{self.engine.name} Monte Carlo, {self.engine.n_samples} samples"
        try:
            with Team(n_threads) as team, track(total, text, progress) as tick:
                tick(self.n_sweeps)
                while self.blocks.n_measures < self.n_measures:
                    tick(whole(lambda: self._round(team)) * every)
                    if checkpoint is not None and time.monotonic() > (
                        self.saved_at + _SAVE_SECONDS
                    ):
                        self._save(checkpoint)
        except KeyboardInterrupt:
            where = "its state" if checkpoint is None else str(checkpoint)
            if checkpoint is not None:
                self._save(checkpoint)
            raise Interrupted(
                f"Monte Carlo interrupted after {self.n_sweeps} of {total} sweeps; "
                f"it goes on from {where}",
                self.state(),
            ) from None
        if checkpoint is not None:
            self._save(checkpoint)

    def _round(self, team: Team) -> int:
        """Advance all parts by as many measurements as nothing has to be done in between."""
        done = self.blocks.n_measures
        n = min(
            self.round,
            self.n_measures - done,
            self.blocks.until_boundary(),
            self.series.until_record(done),
        )
        spare = max(1, team.n_threads // self.engine.n_groups)
        begun = time.monotonic()
        team.run(lambda k: self.engine.run(k, n, spare), range(self.engine.n_groups))
        if n == self.round and time.monotonic() - begun < _ROUND_SECONDS / 2:
            self.round *= 2
        self.blocks.advance(n)
        self.series.take(done + n)
        return n

    def _named(self, prefix: str, arrays: dict[str, Any]) -> dict[str, NDArray[Any]]:
        return {f"{prefix}.{name}": array for name, array in arrays.items()}

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **self._named("engine", self.engine.arrays()),
            **self._named("record", self.record.arrays()),
            **self._named("blocks", self.blocks.arrays()),
        }

    def state(self) -> MonteCarloState:
        """A copy of all that is needed to go on."""
        n_records = self.blocks.n_measures // self.series.every if self.series.every else 0
        series = {name: a[:n_records] for name, a in self.series.arrays().items()}
        arrays = {**self._arrays(), **self._named("series", series)}
        return MonteCarloState(
            settings=self.settings,
            n_sweeps=self.n_sweeps,
            arrays={name: array.copy() for name, array in arrays.items()},
        )

    def _save(self, checkpoint: PathType) -> None:
        save(self.state(), checkpoint)
        self.saved_at = time.monotonic()

    def result(self, model: str, single: bool, facts: dict[str, Any]) -> MonteCarloRun:
        """What the run has found."""
        totals, setting, state = self.record.totals, self.engine.setting, self.state()
        averages, lengths = self.blocks.averages()
        every = self.series.every * setting.measure_every
        energies = state.arrays["series.energies"]
        return MonteCarloRun(
            model=model,
            kernel=self.engine.name,
            temperatures=setting.temperatures,
            n_spins=self.engine.n_spins,
            n_sweeps=self.n_sweeps,
            measure_every=setting.measure_every,
            single=single,
            columns=self.record.columns,
            averages=averages,
            lengths=lengths,
            overlap_counts=totals.overlap_counts + self.blocks.overlap_counts,
            link_counts=totals.link_counts + self.blocks.link_counts,
            attempts=totals.attempts.copy(),
            accepts=totals.accepts.copy(),
            labelled=totals.labelled.copy(),
            from_hot=totals.from_hot.copy(),
            trips=totals.round_trips.copy(),
            lowest_energies=totals.lowest_energy.copy(),
            lowest_configurations=totals.lowest_spins.copy(),
            record_sweeps=np.arange(1, len(energies) + 1) * every,
            energy_series=np.moveaxis(energies, 0, -1),
            overlap_series=np.moveaxis(state.arrays["series.overlaps"], 0, -1),
            packed_spins=state.arrays["series.spins"],
            facts=facts,
            state=state,
        )


def _record_for(models: Sequence[Any], setting: Setting) -> Record:
    first = geometry_of(models[0], setting.observables)
    n_links = len(first.links)
    if n_links:
        n_links = max(len(geometry_of(m, ("link_overlap",)).links) for m in models)
    return Record(
        len(models),
        setting.n_replicas,
        len(setting.temperatures),
        models[0].n_spins,
        setting.observables,
        n_links=n_links,
        n_axes=len(first.waves),
        n_layers=first.layers.size - 1,
    )
