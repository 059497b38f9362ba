"""What the modules of this report share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.model import Table
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies import OverlapCurves, StudyRun
from spinglass_nn.typing import Float64Array

BANDS = "Bands are standard errors over networks."


def draw(
    curves: OverlapCurves,
    groups: Sequence[int],
    *,
    reduced: bool,
    ordered: bool = False,
    labels: Sequence[str] | None = None,
) -> Axes:
    """Mean curves of groups, against T or T / T_c."""
    alike = np.unique(curves.baseline[list(groups)])
    return plotting.overlap_curves(
        [curves.reduced if reduced else curves.temperatures(g) for g in groups],
        [curves.mean(g) if reduced else curves.mean_at_temperatures(g) for g in groups],
        labels or [curves.names[g] for g in groups],
        baseline=float(alike[0]) if alike.size == 1 else None,
        reduced=reduced,
        ordered=ordered,
    )


def pair(
    curves: OverlapCurves,
    groups: Sequence[int],
    name: str,
    words: str,
    *,
    ordered: bool = False,
) -> Drawn:
    """Two figures of the same groups: against T, and against T / T_c."""
    return {
        name: (
            draw(curves, groups, reduced=False, ordered=ordered),
            f"{words}, against temperature. {BANDS}",
            f"Overlap against temperature; one line for each of {len(groups)} groups of networks.",
        ),
        f"{name}-reduced": (
            draw(curves, groups, reduced=True, ordered=ordered),
            f"{words}, against temperature over the T_c of each network: what is left of the "
            f"differences is not due to T_c. {BANDS}",
            "The same lines against temperature over critical temperature.",
        ),
    }


def table(caption: str, curves: OverlapCurves, compared_at: float) -> Table:
    """Every group in numbers."""
    q = curves.at(compared_at)
    rows = [
        (
            name, over(curves.critical[g]), over(curves.critical[g] / curves.glass[g]),
            over(curves.largest[g]), over(q[g]), over(curves.train_accuracy[g]),
            over(curves.test_accuracy[g]), over(curves.noisy_accuracy[g]),
        )
        for g, name in enumerate(curves.names)
    ]  # fmt: skip
    header = (
        "networks", "T_c", "T_c/T_g", "largest eigenvalue", f"Q at {compared_at:g} T_c",
        "train accuracy", "test accuracy", "with noise",
    )  # fmt: skip
    return Table(caption, header, rows)


def differences(
    run: StudyRun, pairs: Sequence[tuple[str, OverlapCurves, OverlapCurves]]
) -> Table:
    """Q of one group minus that of another at several T / T_c, network by network."""
    least = run.parameters.coldest
    shares = [share for share in (0.15, 0.25, 0.35, 0.5, 0.7, 1.0) if share >= least]
    rows = [
        (name, *(over(one.at(share)[0] - other.at(share)[0]) for share in shares))
        for name, one, other in pairs
    ]
    header = ("networks", *(f"{share:g} T_c" for share in shares))
    return Table("Differences of Q at equal T/T_c, network by network", header, rows)


def over(values: Float64Array) -> Estimate | None:
    """Mean over networks; nothing where there is nothing."""
    return mean_estimate(values) if np.isfinite(values).all() else None
