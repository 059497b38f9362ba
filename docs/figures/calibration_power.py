"""How often the verdict sees a tree, against points, levels and dimension.

``python calibration_power.py TABLE [DIMENSION [POINTS ...]]`` writes one row a cell to TABLE
(CSV): how often each finding came out of 40 sets. Trees are regular, with the smallest number of
branches that gives enough leaves; steps of all levels have the same variance. Two levels
are clusters without hierarchy: what is called a hierarchy there is wrong. About 20 minutes of
one core.
"""

from __future__ import annotations

import csv
import itertools
import sys
from pathlib import Path

import spinglass_nn as sg

POINTS, LEVELS, DIMENSIONS, N_SETS = (8, 12, 16, 24, 32), (2, 3, 4), (1000, 100), 40
FINDINGS = (
    "consistent with noise",
    "one cluster",
    "clusters without hierarchy",
    "hierarchy",
    "cannot tell",
)


def finding(n_points: int, n_levels: int, n_dimensions: int, index: int) -> str:
    """The verdict on one tree."""
    branching = next(b for b in range(2, n_points + 1) if b**n_levels >= n_points)
    leaves = sg.overlaps.tree_points(
        n_points, n_dimensions, branching=branching, variances=(1.0,) * n_levels, rng=index
    )
    found = sg.overlaps.verdict(
        sg.overlaps.distances(leaves, kind="1 - overlap"),
        n_null=99,
        n_controls=10,
        rng=index,
        n_threads=1,
    )
    return found.finding


def main() -> None:
    """Fill the table."""
    dimensions = [int(sys.argv[2])] if len(sys.argv) > 2 else DIMENSIONS
    points = [int(text) for text in sys.argv[3:]] or POINTS
    with Path(sys.argv[1]).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["n_dimensions", "n_points", "n_levels", "n_sets", *FINDINGS])
        for cell in itertools.product(dimensions, points, LEVELS):
            n_dimensions, n_points, n_levels = cell
            seen = [finding(n_points, n_levels, n_dimensions, k) for k in range(N_SETS)]
            writer.writerow([*cell, N_SETS, *(seen.count(text) for text in FINDINGS)])
            stream.flush()


if __name__ == "__main__":
    main()
