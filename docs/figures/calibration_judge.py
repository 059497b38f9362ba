"""The verdict on every point set of the calibration study.

``python calibration_judge.py FOLDER TABLE [NAME ...]`` judges the sets that calibration_runs.py
left in FOLDER, and sets of known structure made here, and writes one row a set to TABLE (CSV):
finding, p-values, power, and the scores of all statistics in both tests. About 8 s of one core a
set; sets can be judged again whenever the verdict has changed, without new runs. Samples all of
whose points are equal (a small lattice in its ground state) are left out.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import spinglass_nn as sg
from spinglass_nn.overlaps import Distances

N_SAMPLES, N_POINTS, N_NULL, N_CONTROLS = 8, 32, 99, 25
STATISTICS = ("k", "iso", "x_share", "isosceles", "k_picked", "cophenetic")
COLUMNS = [
    "set", "n", "n_samples", "finding", "p_one_cluster", "power_one_cluster", "p_flat",
    "power_flat", "n_clusters", "noise_p",
    *(f"{part}_{name}" for part in ("one", "flat", "mean", "error") for name in STATISTICS),
]  # fmt: skip


def of_spins(spins: NDArray[np.int8], gauge: bool) -> Distances:
    """Distances of configurations, the global flip removed if asked."""
    overlaps = sg.overlaps.matrix(spins, of="spins")
    if gauge:
        overlaps = sg.overlaps.flip_gauge(overlaps).overlaps
    return sg.overlaps.from_overlaps(overlaps, n_dimensions=spins.shape[-1])


def of_directions(points: NDArray[np.float64]) -> Distances:
    """1 - q of vectors."""
    return sg.overlaps.distances(points, kind="1 - overlap")


def saved(file: Path, gauge: bool) -> list[Distances]:
    """The samples of a saved set."""
    with np.load(file) as data:
        points, facts = data["points"], json.loads(str(data["facts"]))
    if points.dtype != np.uint8:
        return [of_directions(sample) for sample in points]
    bits = np.unpackbits(points, axis=-1, count=facts["n_dimensions"])
    return [of_spins(sample, gauge) for sample in 2 * bits.astype(np.int8) - 1]


def noise(n_dimensions: int, sample: int) -> Distances:
    """Independent directions."""
    return of_directions(np.random.default_rng(sample).normal(size=(N_POINTS, n_dimensions)))


def one_centre(n_dimensions: int, sample: int) -> Distances:
    """Directions about a common one, q = 1/2."""
    generator = np.random.default_rng(sample)
    points = generator.normal(size=(N_POINTS, n_dimensions))
    return of_directions(points + generator.normal(size=n_dimensions))


def free_spins(n_dimensions: int, sample: int) -> Distances:
    """Independent Ising spins."""
    generator = np.random.default_rng(sample)
    return of_spins(
        generator.choice(np.array([-1, 1], np.int8), (N_POINTS, n_dimensions)), False
    )


def flat(n_dimensions: int, sample: int) -> Distances:
    """Five clusters at equal distances."""
    generator = np.random.default_rng(sample)
    centres = generator.normal(size=(5, n_dimensions))[generator.integers(0, 5, N_POINTS)]
    return of_directions(centres + generator.normal(size=centres.shape))


def tree(n_dimensions: int, sample: int) -> Distances:
    """Half of the leaves of a tree with three levels of four branches."""
    return of_directions(
        sg.overlaps.tree_points(
            N_POINTS, n_dimensions, branching=4, variances=(1, 1, 1), rng=sample
        )
    )


def one_step(n_dimensions: int, sample: int) -> Distances:
    """One step of replica symmetry breaking: the law of the spherical p = 3 at T = 0.4997."""
    law = sg.overlaps.cascade(
        N_POINTS, values=(0, 0.711878), breakpoints=(0.735388,), rng=sample
    )
    return of_directions(sg.overlaps.cascade_points(law, n_dimensions, rng=100 + sample))


def parisi(n_dimensions: int, sample: int) -> Distances:
    """Ising spins with the overlaps of Parisi's solution at T = 0.4, in ten steps."""
    solution = sg.spins.parisi.solve(0.4)
    breakpoints = solution.x_max * np.arange(1, 11) / 10
    middles = np.interp(breakpoints - solution.x_max / 20, solution.x, solution.q)
    law = sg.overlaps.cascade(
        N_POINTS, values=[*middles, solution.q_ea], breakpoints=breakpoints, rng=sample
    )
    points = sg.overlaps.cascade_points(law, n_dimensions, kind="ising", rng=100 + sample)
    return of_spins(points.astype(np.int8), True)


MADE: dict[str, tuple[Callable[[int, int], Distances], tuple[int, ...]]] = {
    "noise": (noise, (64, 256, 1024)),
    "one-centre": (one_centre, (64, 256, 1024)),
    "free-spins": (free_spins, (64, 256, 1024)),
    "flat": (flat, (64, 256, 1024)),
    "tree": (tree, (64, 256, 1024)),
    "one-step": (one_step, (64, 256, 1024)),
    "parisi": (parisi, (64, 128, 256, 512, 1024, 4096, 16384)),
}


def sets(folder: Path) -> dict[str, Callable[[], list[Distances]]]:
    """All sets by name; those of ferromagnets with and without the flip."""
    found: dict[str, Callable[[], list[Distances]]] = {}
    for file in sorted(folder.glob("*-*.npz")):
        if "overlaps" in file.stem:
            continue
        found[file.stem] = lambda file=file: saved(file, True)
        if file.stem.startswith("ferromagnet"):
            found[f"{file.stem}-with-flip"] = lambda file=file: saved(file, False)
    for name, (make, sizes) in MADE.items():
        for n in sizes:
            found[f"{name}-{n}"] = lambda make=make, n=n: [make(n, k) for k in range(N_SAMPLES)]
    return found


def row(name: str, samples: list[Distances]) -> dict[str, object]:
    """What the verdict says of a set."""
    samples = [sample for sample in samples if np.ptp(sample.pairs) > 0]
    found = sg.overlaps.verdict(
        samples, n_null=N_NULL, n_controls=N_CONTROLS, rng=1, n_threads=1
    )
    first, second = found.clusters, found.hierarchy
    values: dict[str, object] = {
        "set": re.sub(r"-(\d+)(?=-|$)", "", name, count=1),
        "n": samples[0].n_dimensions,
        "n_samples": len(samples),
        "finding": found.finding,
        "p_one_cluster": f"{first.p_value:.2g}",
        "power_one_cluster": f"{first.power:.2f}",
        "noise_p": f"{found.noise_p:.2g}",
    }
    if second is not None:
        values |= {"p_flat": f"{second.p_value:.2g}", "power_flat": f"{second.power:.2f}"}
        values["n_clusters"] = f"{np.median(found.n_clusters):g}"
    for k, statistic in enumerate(STATISTICS):
        values[f"one_{statistic}"] = f"{first.scores[k]:.2f}"
        if second is not None:
            values[f"flat_{statistic}"] = f"{second.scores[k]:.2f}"
        values[f"mean_{statistic}"] = f"{first.values[k].mean:.4f}"
        values[f"error_{statistic}"] = f"{first.values[k].error:.4f}"
    return values


def main() -> None:
    """Judge what is asked for and write the table."""
    folder, table = Path(sys.argv[1]), Path(sys.argv[2])
    known = sets(folder)
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for name in sys.argv[3:] or known:
            begin = time.process_time()
            values = row(name, known[name]())
            writer.writerow(values)
            stream.flush()
            seconds = time.process_time() - begin
            sys.stderr.write(f"{name}: {values['finding']}, {seconds:.0f} s\n")


if __name__ == "__main__":
    main()
