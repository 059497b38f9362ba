"""P(q) of the Sherrington-Kirkpatrick model at T = 0.4 for many disorder samples.

``python sk_overlaps_runs.py FOLDER [N ...]`` writes FOLDER/sk-overlaps-N.npz with averages and
histograms of each sample, about 10 minutes of one core for all sizes.
``python sk_overlaps_runs.py FOLDER table`` makes the tables sk_overlaps.csv and
sk_overlaps_density.csv of them, beside this file.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np

import spinglass_nn as sg

HERE = Path(__file__).resolve().parent
TEMPERATURE = 0.4
# spins: disorder samples, temperatures, sweeps
PLAN = {
    32: (1000, 10, 4096),
    64: (2000, 12, 4096),
    128: (1600, 12, 8192),
    256: (240, 14, 16384),
    512: (60, 16, 16384),
}
PART = 20  # samples a run


def measured(n_spins: int) -> dict:
    """Energy, q^2, q^4 and histogram of q of every sample, two replicas each, in parts."""
    n_samples = PLAN[n_spins][0]
    parts = [
        part(n_spins, range(k, min(k + PART, n_samples))) for k in range(0, n_samples, PART)
    ]
    return {name: np.concatenate([values[name] for values in parts]) for name in parts[0]}


def part(n_spins: int, samples: range) -> dict:
    """The same of some samples."""
    _, n_temperatures, n_sweeps = PLAN[n_spins]
    run = sg.dynamics.parallel_tempering(
        [sg.spins.SherringtonKirkpatrick(n_spins, sample=k, rng=4) for k in samples],
        sg.dynamics.geometric(TEMPERATURE, 1.3, n=n_temperatures),
        n_sweeps=n_sweeps,
        measure_every=4,
        n_threads=1,
        rng=10_000 * n_spins + samples[0],
    )
    late = run.energy_series[:, :, 0].mean(axis=1) / n_spins
    n = late.shape[1]
    blocks = [late[:, n // 8 : n // 4], late[:, n // 4 : n // 2], late[:, n // 2 :]]
    return {
        "energy": run.sample_averages("energy")[:, 0] / n_spins,
        "blocks": np.stack([block.mean(axis=1) for block in blocks], axis=1),
        "q2": run.sample_averages("q^2")[:, 0],
        "q4": run.sample_averages("q^4")[:, 0],
        "counts": run.overlap_counts[:, 0],
        "trips": run.round_trips,
    }


def summary(n_spins: int, data: dict) -> tuple[dict, sg.overlaps.OverlapDistribution]:
    """Averages over samples with errors, tests of equilibrium, and P(|q|)."""
    mean = sg.statistics.mean_estimate
    counts = sg.overlaps.OverlapCounts.from_histogram(data["counts"], n_spins=n_spins)
    pq = sg.overlaps.distribution(counts, bins=24, fold=True)
    solution = sg.spins.parisi.solve(TEMPERATURE)
    theory = sg.overlaps.compare_with_theory(pq, solution)
    near_zero = sg.overlaps.weight_near_zero(pq, window=0.25)
    expected = sg.overlaps.expected_density(solution, [0, near_zero.window], fold=True)[0] / 2
    numbers = {
        "energy": mean(data["energy"]),
        "q2": mean(data["q2"]),
        # [<q^2>] = 1 + 2 T u, exact for any N, and u varies far less from sample to sample
        "q2_by_energy": mean(1 + 2 * TEMPERATURE * data["energy"]),
        "q4": mean(data["q4"]),
        "near_zero": near_zero.density,
        "shift": theory.shift,
    }
    found = {"n": n_spins, "n_samples": len(data["q2"])}
    for name, value in numbers.items():
        found |= {name: f"{value.mean:.6f}", f"{name}_error": f"{value.error:.6f}"}
    found["near_zero_theory"] = f"{expected:.4f}"
    identity = sg.dynamics.overlap_identity(
        data["energy"] * n_spins, data["q2"], TEMPERATURE, n_spins=n_spins
    )
    found["z_identity"] = f"{identity.z:.2f}"
    found["z_stationary"] = f"{sg.dynamics.stationarity(data['blocks']).z:.2f}"
    found["fewest_round_trips"] = int(data["trips"].min())
    return found, pq


def tables(folder: Path) -> None:
    """Write both tables."""
    rows, densities = [], []
    for n_spins in PLAN:
        file = folder / f"sk-overlaps-{n_spins}.npz"
        if file.exists():
            with np.load(file) as data:
                found, pq = summary(n_spins, dict(data))
            rows.append(found)
            columns = (pq.edges[:-1], pq.edges[1:], pq.density, pq.error)
            densities += [
                [n_spins, *(f"{x:.5f}" for x in line)] for line in zip(*columns, strict=True)
            ]
    for name, header, lines in (
        ("sk_overlaps", list(rows[0]), [list(found.values()) for found in rows]),
        ("sk_overlaps_density", ["n", "low", "high", "density", "error"], densities),
    ):
        with (HERE / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows([header, *lines])


def main() -> None:
    """Make the sizes that are asked for."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    if sys.argv[2:] == ["table"]:
        tables(folder)
        return
    for n_spins in [int(text) for text in sys.argv[2:]] or PLAN:
        begin = time.process_time()
        found = measured(n_spins)
        np.savez_compressed(folder / f"sk-overlaps-{n_spins}.npz", **found)
        sys.stdout.write(f"N = {n_spins}: {time.process_time() - begin:.0f} s\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
