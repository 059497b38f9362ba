"""TAP states of every run, counted at one temperature for each scheme."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.spins import tap
from spinglass_nn.studies.recipes.barney2024.parameters import Parameters
from spinglass_nn.studies.recipes.barney2024.states import cold_temperature, settings
from spinglass_nn.studies.recipes.barney2024.training import MeltingRun
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import Float64Array, IntArray


@result()
class StateCounts:
    """TAP states of all runs of one kind of network; arrays (n_replicas, n_kept).

    Parameters
    ----------
    kind : {"binarised", "relu"}
        Kind of network.
    steps : int64 array (n_kept,)
        Kept steps.
    early_step : int
        The one by which the glass must be gone.
    n_starts : int
        For each count.
    n_valid, n_distinct, n_trapped, n_converged : int64 array (n_replicas, n_kept)
        A little below each one's T_c by the plain equations: pairs other than m = 0 that pass
        both filters, all pairs other than m = 0, starts that ended at m = 0, and starts that
        came to rest.
    alignment : array (n_replicas, n_kept)
        Largest cosine of a valid state with the leading eigenvector of the couplings; NaN if
        there is none.
    clamped, clamped_valid : int64 array (n_replicas, n_kept)
        At a lower temperature by the clamped equations: pairs other than m = 0, and those that
        pass the filters of the plain equations.
    """

    kind: str
    steps: IntArray
    early_step: int
    n_starts: int
    n_valid: IntArray
    n_distinct: IntArray
    n_trapped: IntArray
    n_converged: IntArray
    alignment: Float64Array
    clamped: IntArray
    clamped_valid: IntArray

    @property
    def early(self) -> int:
        """Place of the early step among the kept ones."""
        return int(np.flatnonzero(self.steps == self.early_step)[0])

    def searched(self, place: int) -> NDArray[np.bool_]:
        """Whether at least half of a run's starts came to rest, so that misses count."""
        found: NDArray[np.bool_] = 2 * self.n_converged[:, place] >= self.n_starts
        return found


def run_kind(context: Context, kind: str) -> StateCounts:
    """Count the states of all runs at every kept step."""
    p: Parameters = context.parameters
    run: MeltingRun = context.results[kind]
    kept = run.kept.steps
    items = [(k, c) for k in range(run.n_replicas) for c in range(kept.size)]
    with track(len(items), "counting TAP states", context.progress) as tick:

        def counted(item: tuple[int, int]) -> tuple[float, ...]:
            model = run.kept_model(*item)
            critical = run.kept_temperature(*item)
            plain = tap.solve(model, [p.state_temperature * critical], schemes=("plain",),
                              rng=context.rng(1, *item), **settings(p))  # fmt: skip
            clamped = tap.solve(model, [cold_temperature(p) * critical], schemes=("clamped",),
                                rng=context.rng(2, *item), **settings(p))  # fmt: skip
            good = plain.valid & ~plain.trivial
            cosine = np.abs(plain.overlaps[good, 0]).max() if good.any() else np.nan
            tick(1)
            return (
                plain.n_valid.sum(), plain.n_distinct.sum(), plain.n_trapped.sum(), cosine,
                clamped.n_distinct.sum(), clamped.n_valid.sum(), plain.n_converged.sum(),
            )  # fmt: skip

        rows = np.array(threads.run(counted, items, context.n_threads))
    columns = rows.T.reshape(-1, run.n_replicas, kept.size)
    whole = np.nan_to_num(columns).astype(np.int64)
    valid, distinct, trapped, _, clamped, clamped_valid, converged = whole
    return StateCounts(
        kind=kind,
        steps=kept,
        early_step=run.early_step,
        n_starts=p.tap_starts,
        n_valid=valid,
        n_distinct=distinct,
        n_trapped=trapped,
        n_converged=converged,
        alignment=columns[3],
        clamped=clamped,
        clamped_valid=clamped_valid,
    )


def binarised(context: Context) -> StateCounts:
    """Count the states of the binarised networks."""
    return run_kind(context, "binarised")


def relu(context: Context) -> StateCounts:
    """Count the states of the ReLU networks."""
    return run_kind(context, "relu")
