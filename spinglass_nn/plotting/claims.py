"""A strip of verdicts: what became of every claim, at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from matplotlib.axes import Axes

from spinglass_nn._core import check
from spinglass_nn.plotting._axes import axes_for, legend, note
from spinglass_nn.plotting.appearance import INK, SMALL

# verdict: (colour, marker, filled); the shape alone tells them apart
_MARKS = {
    "supported": ("#009E73", "o", True),
    "not supported": ("#D55E00", "X", True),
    "cannot tell here": ("#6b6b6b", "D", False),
}


class Judged(Protocol):
    """A claim with its verdict; `spinglass_nn.studies` has them."""

    @property
    def identifier(self) -> str: ...  # noqa: D102

    @property
    def protocol(self) -> str: ...  # noqa: D102

    @property
    def verdict(self) -> str: ...  # noqa: D102


def verdicts(claims: Sequence[Judged], *, ax: Axes | None = None) -> Axes:
    """Draw the verdict on every claim as a mark, one row a protocol.

    Parameters
    ----------
    claims : sequence of Claim
        With ``identifier``, ``protocol`` and ``verdict``.
    ax : Axes, optional
        Where to draw; a figure of its own by default, higher with more protocols.

    Returns
    -------
    Axes
        The axes drawn on.
    """
    protocols = sorted({claim.protocol for claim in claims})
    ax = axes_for(ax, (5.6, 0.9 + 0.62 * max(len(protocols), 1)))
    places = {protocol: 0 for protocol in protocols}
    for claim in claims:
        color, marker, filled = _MARKS[check.choice(claim.verdict, "verdict", _MARKS)]
        x, y = places[claim.protocol], protocols.index(claim.protocol)
        places[claim.protocol] += 1
        ax.plot(
            [x],
            [y],
            linestyle="none",
            marker=marker,
            markersize=11,
            color=color,
            markerfacecolor=color if filled else "white",
            markeredgewidth=1.6,
        )
        ax.annotate(
            claim.identifier,
            (x, y),
            xytext=(0, -11),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=SMALL,
            color=INK,
        )
    if not claims:
        note(ax, "no claim was tested")
    for verdict, (color, marker, filled) in _MARKS.items():
        ax.plot(
            [],
            [],
            linestyle="none",
            marker=marker,
            markersize=9,
            color=color,
            markerfacecolor=color if filled else "white",
            markeredgewidth=1.6,
            label=verdict,
        )
    _bare(ax, protocols, max([*places.values(), 6]))
    legend(ax)
    return ax


def _bare(ax: Axes, protocols: list[str], n_columns: int) -> None:
    """Only the rows' names: positions across mean nothing."""
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.set_xticks([])
    ax.set_yticks(range(len(protocols)), [f"({name})" for name in protocols])
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(-0.6, n_columns - 0.4)
    ax.set_ylim(max(len(protocols), 1) - 0.35, -0.45)
