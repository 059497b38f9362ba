"""How figures look: colours, sizes, and the style as a context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler

# Okabe and Ito's colours, told apart under every common colour blindness; their yellow is
# left out (too faint on white) and black is kept for references.
CATEGORIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
INK = "#333333"
FAINT = "#6b6b6b"
SEQUENTIAL = "cividis"
DIVERGING = "PuOr"

# A figure of this size shown 360 px wide still has letters of 9 px.
SIZE = (5.6, 3.8)
SMALL = 10.0

_SETTINGS: dict[Any, Any] = {
    "figure.figsize": SIZE,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same everywhere
    "font.size": 11.0,
    "axes.labelsize": 11.0,
    "axes.titlesize": 11.0,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "axes.prop_cycle": cycler(color=CATEGORIES),
    "image.cmap": SEQUENTIAL,
    "lines.linewidth": 1.8,
    "axes.formatter.limits": (-3, 4),
    "axes.formatter.use_mathtext": True,
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@contextmanager
def style() -> Iterator[None]:
    """Make figures in the style of this package inside a ``with`` block.

    Matplotlib's settings are put back when the block ends. Functions of this room use it by
    themselves when they make the Axes; it is needed only around figures of one's own.

    Returns
    -------
    context manager
        Nothing comes with it.

    Examples
    --------
    >>> import matplotlib, spinglass_nn as sg
    >>> before = matplotlib.rcParams["axes.grid"]
    >>> with sg.plotting.style():
    ...     matplotlib.rcParams["axes.grid"]
    True
    >>> matplotlib.rcParams["axes.grid"] == before
    True
    """
    with matplotlib.rc_context(_SETTINGS):
        yield


def category(index: int) -> str:
    """Give the colour of the series number ``index``; the seven colours repeat."""
    return CATEGORIES[index % len(CATEGORIES)]


def marker(index: int) -> str:
    """Give the marker of the series number ``index``; the seven markers repeat."""
    return _MARKERS[index % len(_MARKERS)]


def shades(n_series: int) -> list[str]:
    """Give colours for series with an order, dark to light, none too faint on white."""
    colormap = matplotlib.colormaps["viridis"]
    places = np.linspace(0.0, 0.76, max(n_series, 2))
    return [matplotlib.colors.to_hex(colormap(float(p))) for p in places][:n_series]


def colors_for(n_series: int, *, ordered: bool) -> list[str]:
    """Give a colour a series: shades where they have an order, categories otherwise."""
    return shades(n_series) if ordered else [category(i) for i in range(n_series)]
