"""TAP states of untrained and trained networks: how many, which, and how sure that is."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.spins import TAPSensitivity, TAPSolutions, instability, tap
from spinglass_nn.studies.recipes.barney2024.parameters import Parameters
from spinglass_nn.studies.recipes.barney2024.training import MeltingRun
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array, IntArray

_DAMPINGS = (0.5, 1.0)  # of the damping set
_PLEFKA = 0.05


@result()
class MeltingStates:
    """TAP states of one kind of network at the kept steps.

    Parameters
    ----------
    kind : {"binarised", "relu"}
        Kind of network.
    steps : int64 array (n_kept,)
        Kept steps.
    temperatures : array (n_kept,)
        T_c of the first run at these.
    solutions : tuple of TAPSolutions
        Of the first run at each step, both schemes against temperature.
    sensitivities : tuple of TAPSensitivity
        Of the first run, untrained and trained, at the coldest but one temperature.
    n_states, n_found, n_trapped, n_converged : int64 array (n_replicas, n_kept)
        Of every run a little below its T_c by the plain equations: valid pairs other than
        m = 0, all pairs other than m = 0, starts that ended at m = 0, starts that came to rest.
    n_clamped : int64 array (n_replicas, n_kept)
        Pairs of the clamped equations at the coldest but one temperature.
    n_clamped_valid : int64 array (n_replicas, n_kept)
        Those that pass the filters of the plain equations.
    alignment : array (n_replicas, n_kept)
        Cosine of the valid state nearest to the leading eigenvector of the couplings with it;
        NaN if there is no valid state.
    n_starts : int
        For each count.
    """

    kind: str
    steps: IntArray
    temperatures: Float64Array
    solutions: tuple[TAPSolutions, ...]
    sensitivities: tuple[TAPSensitivity, ...]
    n_states: IntArray
    n_found: IntArray
    n_trapped: IntArray
    n_converged: IntArray
    n_clamped: IntArray
    n_clamped_valid: IntArray
    alignment: Float64Array
    n_starts: int


def run_kind(context: Context, kind: str) -> MeltingStates:
    """Look for the states of all runs at one temperature, of the first run at many."""
    p: Parameters = context.parameters
    run: MeltingRun = context.results[kind]
    kept = run.kept.steps
    cold = p.tap_temperatures[min(1, len(p.tap_temperatures) - 1)]
    settings = {
        "n_starts": p.tap_starts,
        "damping": p.tap_damping,
        "tolerance": p.tap_tolerance,
        "max_iterations": p.tap_iterations,
        "plefka_tolerance": _PLEFKA,
        "n_threads": 1,
    }
    items = [(k, c) for k in range(run.n_replicas) for c in range(kept.size)]
    with track(len(items) + kept.size, "TAP states", context.progress) as tick:

        def counted(item: tuple[int, int]) -> tuple[float, ...]:
            model = run.kept_model(*item)
            critical = instability.find(model).temperature
            plain = tap.solve(model, [p.state_temperature * critical], schemes=("plain",),
                              rng=context.rng(1, *item), **settings)  # fmt: skip
            clamped = tap.solve(model, [cold * critical], schemes=("clamped",),
                                rng=context.rng(2, *item), **settings)  # fmt: skip
            good = plain.valid & ~plain.trivial
            cosine = np.abs(plain.overlaps[good, 0]).max() if good.any() else np.nan
            tick(1)
            return (
                plain.n_valid.sum(), plain.n_distinct.sum(), plain.n_trapped.sum(),
                plain.n_converged.sum(), clamped.n_distinct.sum(), clamped.n_valid.sum(), cosine,
            )  # fmt: skip

        def searched(place: int) -> tuple[float, TAPSolutions]:
            model = run.kept_model(0, place)
            critical = instability.find(model).temperature
            where = np.array(p.tap_temperatures) * critical
            found = tap.solve(model, where, rng=context.rng(3, place), **settings)
            tick(1)
            return critical, found

        counts = np.array(threads.run(counted, items, context.n_threads)).T
        counts = counts.reshape(-1, run.n_replicas, kept.size)
        found = threads.run(searched, range(kept.size), context.n_threads)
    whole = counts[:6].astype(np.int64)
    ends = [(place, found[place][0]) for place in (0, kept.size - 1)]
    return MeltingStates(
        kind=kind,
        steps=kept,
        temperatures=np.array([critical for critical, _ in found]),
        solutions=tuple(solutions for _, solutions in found),
        sensitivities=tuple(
            tap.sensitivity(
                run.kept_model(0, place),
                cold * critical,
                damping=[share * p.tap_damping for share in _DAMPINGS],
                n_starts=(max(2, p.tap_starts // 4), p.tap_starts),
                tolerance=(p.tap_tolerance, p.tap_tolerance / 100),
                max_iterations=p.tap_iterations,
                n_threads=context.n_threads,
                rng=context.rng(4, place),
            )
            for place, critical in ends
        ),
        n_states=whole[0],
        n_found=whole[1],
        n_trapped=whole[2],
        n_converged=whole[3],
        n_clamped=whole[4],
        n_clamped_valid=whole[5],
        alignment=counts[6],
        n_starts=p.tap_starts,
    )


def binarised(context: Context) -> MeltingStates:
    """Look for the states of the binarised networks."""
    return run_kind(context, "binarised")


def relu(context: Context) -> MeltingStates:
    """Look for the states of the ReLU networks."""
    return run_kind(context, "relu")
