"""Figures of the calibration study, drawn from the tables beside this file.

``python calibration_figures.py`` reads sk_overlaps.csv, sk_overlaps_density.csv and calibration.csv
and writes PNG files, a second or two each.
"""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

import spinglass_nn as sg
from spinglass_nn.plotting.appearance import CATEGORIES, FAINT, INK, SMALL, marker, shades

HERE = Path(__file__).resolve().parent
TEMPERATURE = 0.4
STATISTICS = {
    "k": "K",
    "iso": "iso",
    "x_share": "Var X share",
    "isosceles": "isosceles",
    "k_picked": "K picked",
    "cophenetic": "cophenetic",
}
SYSTEMS = {
    "noise": "random directions",
    "free-spins": "random Ising spins",
    "one-centre": "directions about a centre",
    "spherical": "spherical p = 3, T = 0.75",
    "spherical-warm": "spherical p = 3, T = 1.2",
    "sk-warm": "SK, T = 1.5",
    "ferromagnet": "ferromagnet, T = T_c/2",
    "ferromagnet-with-flip": "the same, flip left in",
    "flat": "five flat clusters",
    "one-step": "one-step RSB (exact law)",
    "sk": "SK, T = 0.4",
    "ea-t0.35": "3D lattice, T = 0.35",
    "ea-t0.2": "3D lattice, T = 0.2",
    "parisi": "Parisi's law, ten steps",
    "tree": "tree of three levels",
}
FINDINGS = {
    "consistent with noise": ("noise", "#d9d9d9"),
    "one cluster": ("one", "#a6cee3"),
    "clusters without hierarchy": ("flat", "#E69F00"),
    "hierarchy": ("hierarchy", "#009E73"),
    "cannot tell": ("?", "#ffffff"),
}

RIGHT = {
    **dict.fromkeys(("noise", "free-spins"), ("consistent with noise",)),
    **dict.fromkeys(
        ("one-centre", "spherical", "spherical-warm", "sk-warm", "ferromagnet"),
        ("one cluster", "consistent with noise"),
    ),
    **dict.fromkeys(
        ("ferromagnet-with-flip", "flat", "one-step"), ("clusters without hierarchy",)
    ),
    **dict.fromkeys(("parisi", "tree"), ("hierarchy",)),
}


def table(name: str) -> list[dict[str, str]]:
    """Rows of a table."""
    with (HERE / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    """A column as numbers; NaN where nothing stands."""
    return np.array([float(row[name] or "nan") for row in rows])


def estimates(rows: list[dict[str, str]], name: str) -> sg.statistics.Estimates:
    """A column with its errors."""
    return sg.statistics.Estimates(column(rows, name), column(rows, f"{name}_error"))


def overlaps_of_sk() -> None:
    """P(|q|) for all sizes beside Parisi's, and [<q^2>] against N^(-2/3)."""
    solution = sg.spins.parisi.solve(TEMPERATURE)
    rows, densities = table("sk_overlaps"), table("sk_overlaps_density")
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10.0, 4.0), layout="constrained")
    for row, color in zip(rows, shades(len(rows)), strict=True):
        part = [line for line in densities if line["n"] == row["n"]]
        middles = (column(part, "low") + column(part, "high")) / 2
        left.errorbar(
            middles, column(part, "density"), yerr=column(part, "error"), color=color,
            marker=".", linewidth=1.2, elinewidth=0.9, label=f"N = {row['n']}",
        )  # fmt: skip
    law = solution.overlap_distribution
    left.plot(
        law.q, (1 - law.masses.sum()) * law.density / _norm(law), color=INK, label="Parisi"
    )
    left.annotate(
        "", (law.atoms[0], left.get_ylim()[1]), xytext=(law.atoms[0], law.density[-1]),
        arrowprops={"arrowstyle": "-|>", "color": INK},
    )  # fmt: skip
    left.set(xlabel="size of the overlap |q|", ylabel="P(|q|)", xlim=(0, 1), ylim=(0, None))
    left.legend(fontsize=SMALL)
    _extrapolated(right, rows, float(solution.moments[1]))
    save(figure, "sk_overlaps")


def _norm(law: sg.spins.OverlapLaw) -> float:
    """Integral of the continuous part as it is stored."""
    return float(np.trapezoid(law.density, law.q))


def _extrapolated(ax: Axes, rows: list[dict[str, str]], limit: float) -> None:
    sizes = column(rows, "n")
    names = {"q2": "from overlaps", "q2_by_energy": "from the energy, 1 + 2Tu"}
    for k, (name, label) in enumerate(names.items()):
        values = estimates(rows, name)
        ax.errorbar(
            sizes ** (-2 / 3), values.mean, yerr=values.error, linestyle="none",
            marker=marker(k), color=CATEGORIES[k], capsize=3, label=label,
        )  # fmt: skip
    found = sg.statistics.extrapolate(sizes, estimates(rows, "q2_by_energy"), exponent=2 / 3)
    line = np.linspace(0, sizes.min() ** (-2 / 3) * 1.05, 50)
    ax.plot(
        line, found.limit.mean + found.amplitude.mean * line, color=CATEGORIES[1], linewidth=1
    )
    ax.plot(
        [0], [limit], "*", color=INK, markersize=13, clip_on=False, zorder=5,
        label=f"Parisi, {limit:.4f}",
    )  # fmt: skip
    ax.set(xlabel=r"$N^{-2/3}$", ylabel=r"$[\langle q^2 \rangle]$", xlim=(0, None))
    ax.set_title(f"limit {found.limit}", fontsize=SMALL)
    ax.legend(fontsize=SMALL)


def verdicts() -> None:
    """The finding of every set: systems against size."""
    rows = table("calibration")
    sizes = sorted({int(row["n"]) for row in rows})
    figure, ax = pyplot.subplots(figsize=(9.0, 5.6), layout="constrained")
    for row in rows:
        x, y = sizes.index(int(row["n"])), list(SYSTEMS).index(row["set"])
        text, color = FINDINGS[row["finding"]]
        wrong = row["finding"] not in (*RIGHT.get(row["set"], FINDINGS), "cannot tell")
        edge, width = (CATEGORIES[1], 2.5) if wrong else (FAINT, 0.6)
        ax.add_patch(
            matplotlib.patches.Rectangle(
                (x - 0.48, y - 0.44),
                0.96,
                0.88,
                facecolor=color,
                edgecolor=edge,
                linewidth=width,
            )
        )
        ax.text(x, y, text, ha="center", va="center", fontsize=SMALL, color="black")
    ax.set(xlim=(-0.6, len(sizes) - 0.4), ylim=(len(SYSTEMS) - 0.4, -0.6))
    ax.set_xticks(range(len(sizes)), [str(n) for n in sizes])
    ax.set_yticks(range(len(SYSTEMS)), list(SYSTEMS.values()))
    ax.set_xlabel("number of spins or dimensions N")
    ax.grid(visible=False)
    save(figure, "calibration_verdicts")


def scores() -> None:
    """Scores of the six statistics against N, in both tests, for glasses and Parisi's law."""
    rows = table("calibration")
    names = {"sk": "SK, T = 0.4", "ea-t0.35": "3D lattice, T = 0.35", "parisi": "Parisi's law"}
    figure, axes = pyplot.subplots(
        2, 3, figsize=(10.0, 6.0), layout="constrained", sharex="col", sharey="row"
    )
    for place, (name, title) in enumerate(names.items()):
        part = sorted((r for r in rows if r["set"] == name), key=lambda row: int(row["n"]))
        for ax, test in zip(axes[:, place], ("one", "flat"), strict=True):
            for k, (statistic, label) in enumerate(STATISTICS.items()):
                ax.plot(
                    column(part, "n"), column(part, f"{test}_{statistic}"), label=label,
                    marker=marker(k), markersize=5, linewidth=1.2, color=CATEGORIES[k],
                )  # fmt: skip
            ax.axhspan(-2, 2, color="#ececec", zorder=0)
            ax.set_xscale("log", base=2)
            ax.set_yscale("symlog", linthresh=4)
            ticks = (-8, -4, -2, 0, 2, 4, 8, 16, 32, 64)
            ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
            ax.minorticks_off()
            ax.xaxis.set_major_formatter(lambda n, _: f"{n:g}")
        axes[0, place].set_title(title)
        axes[1, place].set_xlabel("N")
    axes[0, 0].set_ylabel("score against one cluster")
    axes[1, 0].set_ylabel("score against flat clusters")
    axes[0, 0].legend(fontsize=8)
    save(figure, "calibration_scores")


def save(figure: matplotlib.figure.Figure, name: str) -> None:
    """Write a PNG without metadata."""
    figure.savefig(HERE / f"{name}.png", dpi=80, metadata={"Software": None})
    pyplot.close(figure)


def main() -> None:
    """Draw all figures."""
    matplotlib.use("agg")
    with sg.plotting.style():
        overlaps_of_sk()
        verdicts()
        scores()


if __name__ == "__main__":
    main()
