"""From what a user asked to a run: checks, defaults, the state to go on from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check, random
from spinglass_nn._core.random import Seed
from spinglass_nn.dynamics._engine import Setting
from spinglass_nn.dynamics._facts import facts_of
from spinglass_nn.dynamics._record import OBSERVABLES
from spinglass_nn.dynamics._simulation import Simulation
from spinglass_nn.dynamics.choice import default_move, engine_for
from spinglass_nn.dynamics.results import MonteCarloRun, MonteCarloState
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.io.resuming import check_same, earlier, fingerprint, seed_in
from spinglass_nn.spins import models as spin_models
from spinglass_nn.spins.p_spin import PSpin
from spinglass_nn.typing import Float64Array

MOVES = ("metropolis", "heat_bath")
_RECORDS = 256  # entries of the time series unless asked otherwise


def sample(
    model: Any, temperatures: Float64Array, exchange: bool, given: dict[str, Any]
) -> MonteCarloRun:
    """Run what `parallel_tempering` and `simulate` were given."""
    models, single = checked_models(model)
    state = earlier(given["state"], given["checkpoint"], MonteCarloState)
    if given["rng"] is None and state is not None:
        seed = seed_in(state.settings)
    else:
        seed = random.seed_of(given["rng"])
    setting = _setting(models, temperatures, exchange, seed, given)
    n_measures = _measures(given["n_sweeps"], setting.measure_every)
    stride = _series_stride(given["record_every"], n_measures, setting, state)
    engine = engine_for(models, setting, given["kernel"])
    start = _checked_start(given["start"], models, setting)
    spins = bool(given["record_spins"])
    settings = {
        **_written(models, setting),
        "kernel": engine.name,
        "record_every": stride * setting.measure_every,
        "record_spins": spins,
        "start": None if start is None else fingerprint(start),
    }
    if state is not None:
        check_same(settings, state.settings)
        _check_not_past(state, given["n_sweeps"])
    run = Simulation(models, setting, engine, settings, n_measures, stride, spins)
    if state is not None:
        run.put_back(state)
    elif start is not None:
        run.engine.set_spins(start)
    run.run(given["progress"], given["n_threads"], given["checkpoint"])
    words = repr(models[0]) if single else f"{len(models)} samples like {models[0]!r}"
    return run.result(words, single, facts_of(models))


def _setting(
    models: Sequence[Any],
    temperatures: Float64Array,
    exchange: bool,
    seed: Seed,
    given: dict[str, Any],
) -> Setting:
    setting = Setting(
        n_replicas=check.count(given["n_replicas"], "n_replicas"),
        temperatures=temperatures,
        move=checked_move(given["move"], models),
        exchange=exchange,
        measure_every=check.count(given["measure_every"], "measure_every"),
        cluster_every=check.count(given["cluster_every"], "cluster_every", minimum=0),
        observables=_checked_observables(given["observables"], given["n_replicas"]),
        seed=seed,
    )
    if setting.cluster_every and setting.n_replicas < 2:
        raise ParameterError("cluster_every needs n_replicas of at least 2, got 1")
    return setting


def _written(models: Sequence[Any], setting: Setting) -> dict[str, Any]:
    """What defines a run, in words and numbers that can be saved and compared."""
    return {
        "model": fingerprint(*models),
        "temperatures": fingerprint(setting.temperatures),
        "n_replicas": setting.n_replicas,
        "move": setting.move,
        "exchange": setting.exchange,
        "measure_every": setting.measure_every,
        "cluster_every": setting.cluster_every,
        "observables": setting.observables,
        "entropy": setting.seed.entropy,
        "key": setting.seed.key,
    }


def _check_not_past(state: MonteCarloState, n_sweeps: int) -> None:
    if state.n_sweeps > n_sweeps:
        raise ParameterError(
            f"n_sweeps must be at least the {state.n_sweeps} sweeps the state has behind it, "
            f"got {n_sweeps}"
        )


def checked_models(model: Any) -> tuple[list[Any], bool]:
    """The models as a list, and whether one was given alone."""
    single = not isinstance(model, (list, tuple))
    models = [model] if single else list(model)
    if not models:
        raise ParameterError("model must be a model or a sequence of them, got none")
    for one in models:
        if isinstance(one, PSpin) and one.spins == "spherical":
            raise ParameterError(
                f"model must have Ising spins, got {one!r}; see sg.dynamics.langevin"
            )
        if not isinstance(one, (spin_models.PairModel, PSpin)):
            raise ParameterError(
                f"model must be an Ising model of sg.spins, got {type(one).__name__}"
            )
    if len({(type(one), one.n_spins) for one in models}) > 1:
        raise ParameterError(
            f"model: samples must be of one kind and size, got {models[0]!r} and others"
        )
    return models, single


def checked_move(move: str | None, models: Sequence[Any]) -> str:
    """The move asked for, or the model's default."""
    return default_move(models) if move is None else check.choice(move, "move", MOVES)


def _checked_observables(names: Sequence[str], n_replicas: int) -> tuple[str, ...]:
    given = (names,) if isinstance(names, str) else tuple(names)
    for name in given:
        check.choice(name, "observables", OBSERVABLES)
    found = tuple(name for name in OBSERVABLES if name in given)
    if n_replicas < 2:
        if given == ("overlap",):  # the default
            return ()
        pairs = [name for name in found if name != "magnetization"]
        if pairs:
            raise ParameterError(
                f"observables: {pairs[0]!r} needs n_replicas of at least 2, got {n_replicas}"
            )
    return found


def _measures(n_sweeps: int, every: int) -> int:
    n_sweeps = check.count(n_sweeps, "n_sweeps")
    if n_sweeps % every:
        raise ParameterError(
            f"n_sweeps must be a multiple of measure_every = {every}, got {n_sweeps}"
        )
    return n_sweeps // every


def _series_stride(
    record_every: int | None, n_measures: int, setting: Setting, state: MonteCarloState | None
) -> int:
    """Measurements between entries of the series."""
    if record_every is None:
        if state is not None:
            return int(state.settings["record_every"]) // setting.measure_every
        return max(1, math.ceil(n_measures / _RECORDS))
    record_every = check.count(record_every, "record_every", minimum=0)
    if record_every % setting.measure_every:
        raise ParameterError(
            f"record_every must be a multiple of measure_every = {setting.measure_every}, "
            f"got {record_every}"
        )
    return record_every // setting.measure_every


def _checked_start(
    start: ArrayLike | None, models: Sequence[Any], setting: Setting
) -> NDArray[np.int8] | None:
    if start is None:
        return None
    n_spins = models[0].n_spins
    rows, lead = spin_models.spin_rows(start, n_spins, "start")
    shape = (len(models), setting.n_replicas, len(setting.temperatures), n_spins)
    try:
        return np.broadcast_to(rows.reshape(*lead, n_spins), shape).astype(np.int8)
    except ValueError:
        raise ShapeError(
            f"start must have a shape that broadcasts to {shape}, got {np.shape(start)}"
        ) from None
