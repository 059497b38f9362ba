"""TAP states of one run of each kind against temperature, under both schemes."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.spins import TAPSensitivity, TAPSolutions, tap
from spinglass_nn.studies.recipes.barney2024.parameters import Parameters
from spinglass_nn.studies.recipes.barney2024.training import MeltingRun
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array, IntArray

_DAMPINGS = (0.5, 1.0)  # of the damping set, in the test of sensitivity
_TOLERANCES = (1.0, 0.01)  # of the tolerance set
_STARTS = (0.25, 1.0)  # of the starts


@result()
class MeltingStates:
    """TAP states of the first run of one kind of network at the kept steps.

    Parameters
    ----------
    kind : {"binarised", "relu"}
        Kind of network.
    steps : int64 array (n_kept,)
        Kept steps.
    temperatures : array (n_kept,)
        T_c at these.
    solutions : tuple of TAPSolutions
        At each step, both schemes against temperature.
    sensitivities : tuple of TAPSensitivity
        Untrained and trained, at the coldest temperature but one.
    """

    kind: str
    steps: IntArray
    temperatures: Float64Array
    solutions: tuple[TAPSolutions, ...]
    sensitivities: tuple[TAPSensitivity, ...]


def settings(p: Parameters) -> dict[str, Any]:
    """How states are looked for."""
    return {
        "n_starts": p.tap_starts,
        "damping": p.tap_damping,
        "tolerance": p.tap_tolerance,
        "max_iterations": p.tap_iterations,
        "n_threads": 1,
    }


def cold_temperature(p: Parameters) -> float:
    """The coldest temperature but one, in units of T_c."""
    return p.tap_temperatures[min(1, len(p.tap_temperatures) - 1)]


def run_kind(context: Context, kind: str) -> MeltingStates:
    """Look for the states of the first run at every kept step."""
    p: Parameters = context.parameters
    run: MeltingRun = context.results[kind]
    models = [run.kept_model(0, place) for place in range(run.kept.steps.size)]
    critical = [run.kept_temperature(0, place) for place in range(len(models))]
    with track(len(models), "TAP states", context.progress) as tick:

        def searched(place: int) -> TAPSolutions:
            where = np.array(p.tap_temperatures) * critical[place]
            found = tap.solve(models[place], where, rng=context.rng(1, place), **settings(p))
            tick(1)
            return found

        solutions = threads.run(searched, range(len(models)), context.n_threads)
    sensitivities = tuple(
        tap.sensitivity(
            models[place],
            cold_temperature(p) * critical[place],
            damping=[share * p.tap_damping for share in _DAMPINGS],
            n_starts=[max(2, round(share * p.tap_starts)) for share in _STARTS],
            tolerance=[share * p.tap_tolerance for share in _TOLERANCES],
            max_iterations=p.tap_iterations,
            n_threads=context.n_threads,
            rng=context.rng(2, place),
        )
        for place in (0, len(models) - 1)
    )
    return MeltingStates(
        kind=kind,
        steps=run.kept.steps,
        temperatures=np.array(critical),
        solutions=tuple(solutions),
        sensitivities=sensitivities,
    )


def binarised(context: Context) -> MeltingStates:
    """Look for the states of a binarised network."""
    return run_kind(context, "binarised")


def relu(context: Context) -> MeltingStates:
    """Look for the states of a ReLU network."""
    return run_kind(context, "relu")
