"""The loop of annealing: sweeps at one temperature after another, resumable between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from spinglass_nn._core import random
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed
from spinglass_nn._core.threads import Team, whole
from spinglass_nn.dynamics._engine import Setting
from spinglass_nn.dynamics._record import Record
from spinglass_nn.dynamics._setup import checked_move
from spinglass_nn.dynamics.choice import engine_for
from spinglass_nn.dynamics.results import MonteCarloState
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.io.archive import save
from spinglass_nn.io.resuming import check_same, earlier, fingerprint, seed_in
from spinglass_nn.typing import RNG, Float64Array, PathType, ProgressLike

_SAVE_SECONDS = 300.0


class Cooling:
    """Copies of one model cooled together, in batches that may run on threads of their own.

    Parameters
    ----------
    model : Ising model
        What is cooled.
    temperatures : array (n_steps,)
        One after another.
    n_batches, n_copies : int
        Batches, and copies in each.
    n_sweeps : int
        Sweeps at each temperature.
    move, kernel : str
        As for `simulate`.
    state : MonteCarloState or None
        What to go on from.
    checkpoint : path or None
        Where to keep the state.
    rng : Generator, SeedSequence, int or None
        Seed.
    """

    def __init__(
        self,
        model: Any,
        temperatures: Float64Array,
        *,
        n_batches: int,
        n_copies: int,
        n_sweeps: int,
        move: str | None,
        kernel: str,
        state: MonteCarloState | None,
        checkpoint: PathType | None,
        rng: RNG,
    ) -> None:
        self.temperatures = temperatures
        self.checkpoint = checkpoint
        state = earlier(state, checkpoint, MonteCarloState)
        if rng is None and state is not None:
            self.seed: Seed = seed_in(state.settings)
        else:
            self.seed = random.seed_of(rng)
        models = [model] * n_batches
        setting = Setting(
            n_replicas=n_copies,
            temperatures=temperatures[:1].copy(),
            move=checked_move(move, models),
            exchange=False,
            measure_every=n_sweeps,
            cluster_every=0,
            observables=(),
            seed=self.seed,
        )
        engine = engine_for(models, setting, kernel)
        self.settings: dict[str, Any] = {
            "model": fingerprint(model),
            "temperatures": fingerprint(temperatures),
            "n_batches": n_batches,
            "n_copies": n_copies,
            "n_sweeps": n_sweeps,
            "move": setting.move,
            "kernel": engine.name,
            "entropy": self.seed.entropy,
            "key": self.seed.key,
        }
        if state is not None:
            check_same(self.settings, state.settings)
        self.record = Record(n_batches, n_copies, 1, model.n_spins, ())
        self.engine = engine(models, setting, self.record)
        self.kept: dict[str, NDArray[Any]] = {}  # arrays of the caller's, saved as well
        self.step = 0
        self._earlier = state

    def run(
        self,
        before_step: Callable[[int], None],
        progress: ProgressLike,
        n_threads: int | None,
    ) -> None:
        """Cool from where the state is to the end, calling back before every step."""
        if self._earlier is not None:
            for name, array in self._arrays().items():
                array[...] = self._earlier.arrays[name]
            self.step = self._earlier.n_sweeps // self.settings["n_sweeps"]
            self.engine.set_temperatures(self.temperatures[[max(0, self.step - 1)]])
            self.engine.restored()
        n_steps, saved_at = len(self.temperatures), time.monotonic()
        try:
            with Team(n_threads) as team, track(n_steps, "annealing", progress) as tick:
                tick(self.step)
                while self.step < n_steps:
                    whole(lambda: self._round(before_step, team))
                    tick(1)
                    if self.checkpoint and time.monotonic() > saved_at + _SAVE_SECONDS:
                        save(self.state(), self.checkpoint)
                        saved_at = time.monotonic()
        except KeyboardInterrupt:
            where = "its state" if self.checkpoint is None else str(self.checkpoint)
            if self.checkpoint is not None:
                save(self.state(), self.checkpoint)
            raise Interrupted(
                f"annealing interrupted after {self.step} of {n_steps} temperatures; "
                f"it goes on from {where}",
                self.state(),
            ) from None
        if self.checkpoint is not None:
            save(self.state(), self.checkpoint)

    def _round(self, before_step: Callable[[int], None], team: Team) -> None:
        """One temperature."""
        before_step(self.step)
        self.engine.set_temperatures(self.temperatures[[self.step]])
        spare = max(1, team.n_threads // self.engine.n_groups)
        team.run(lambda k: self.engine.run(k, 1, spare), range(self.engine.n_groups))
        self.step += 1

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **{f"engine.{name}": array for name, array in self.engine.arrays().items()},
            **{f"record.{name}": array for name, array in self.record.arrays().items()},
            **{f"kept.{name}": array for name, array in self.kept.items()},
        }

    def state(self) -> MonteCarloState:
        """A copy of all that is needed to go on."""
        return MonteCarloState(
            settings=self.settings,
            n_sweeps=self.step * self.settings["n_sweeps"],
            arrays={name: array.copy() for name, array in self._arrays().items()},
        )


def refuse_sequence(model: Any) -> None:
    """Annealing takes one model."""
    if isinstance(model, (list, tuple)):
        raise ParameterError(f"model must be one model, got a sequence of {len(model)}")
