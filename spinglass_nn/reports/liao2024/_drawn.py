"""What the modules of this report hand over to be drawn."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# by name: what was drawn, its caption, words for those who cannot see it
Drawn = dict[str, tuple[Figure | Axes, str, str]]
