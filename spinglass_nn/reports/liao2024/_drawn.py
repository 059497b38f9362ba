"""What the modules of this report hand over to be drawn."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

# by name: what was drawn, its caption, words for those who cannot see it
Drawn = dict[str, tuple[Figure | Axes, str, str]]


def plain_decades(axis: Axis) -> None:
    """Label a logarithmic axis that spans little with plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_formatter(NullFormatter())
