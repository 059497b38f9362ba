"""Drawings that the modules of this report share."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from spinglass_nn import plotting
from spinglass_nn.overlaps import Comparisons, Distances, OverlapDistribution, Tree


def plain_decades(axis: Axis) -> None:
    """Label a logarithmic axis that spans little with plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_formatter(NullFormatter())


def where_overlaps_are(axes: Sequence[Axes], drawn: Sequence[OverlapDistribution]) -> None:
    """Limit axes of P(q) to the overlaps there are, and 1."""
    low = min(min(one.edges[:-1][one.density > 0], default=-1.0) for one in drawn)
    for ax in axes:
        ax.set_xlim(low - 0.05, 1.05)
        ax.locator_params(axis="x", nbins=5)


def trees_over_matrices(
    drawn: Sequence[tuple[str, Tree, Distances, Sequence[object] | None]],
) -> Figure:
    """A column for each title, tree, distances and groups: dendrogram over ordered matrix."""
    n = len(drawn)
    figure = Figure(figsize=(3.4 * n, 6.4), layout="constrained")
    for column, (title, tree, distances, groups) in enumerate(drawn):
        upper = figure.add_subplot(2, n, column + 1)
        plotting.dendrogram(tree, groups=groups, height="height", ax=upper)
        for legend in upper.findobj(Legend):  # several of them leave no room for trees
            legend.remove()
        upper.set_title(textwrap.fill(title, 30), fontsize="medium")
        lower = figure.add_subplot(2, n, n + column + 1)
        plotting.overlap_matrix(distances, order=tree.order, label="distance", ax=lower)
        lower.set_ylabel("")
    return figure


def beside_null(tested: Sequence[tuple[str, Comparisons]], which: str) -> Axes:
    """One statistic of several sets of points, by title, over the bands of their nulls."""
    place = tested[0][1].statistics.index(which)
    return plotting.null_band(
        [test.values[place] for _, test in tested],
        [test.bands[place] for _, test in tested],
        names=[title for title, _ in tested],
        statistic=which,
    )
