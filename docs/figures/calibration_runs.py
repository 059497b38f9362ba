"""Point sets of the calibration study: systems whose answer is known, brought to equilibrium.

``python calibration_runs.py FOLDER [NAME ...]`` makes the sets of these names (all by default) and
writes FOLDER/NAME.npz: 8 samples of 32 points each, spins packed to bits, with the tests of
equilibrium. Sets of 1,024 spins take about 8 minutes of one core, all together about 20.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import spinglass_nn as sg

N_SAMPLES, N_LADDERS, N_TIMES = 8, 8, 4
N_POINTS = N_LADDERS * N_TIMES
Points = tuple[NDArray[np.int8] | NDArray[np.float32], list[str]]


def tempered(models: list, ladder: NDArray[np.float64], n_sweeps: int, cold: float) -> Points:
    """Eight ladders a sample, at four times of the second half of the run."""
    lattices = isinstance(models[0], sg.spins.EdwardsAnderson)
    observables = ("overlap", "link_overlap") if lattices else ("overlap",)
    run = sg.dynamics.parallel_tempering(
        models,
        ladder,
        n_sweeps=n_sweeps,
        n_replicas=N_LADDERS,
        observables=observables,
        measure_every=8,
        record_spins=True,
        record_every=n_sweeps // (2 * N_TIMES),
        n_threads=1,
        rng=7,
    )
    place = int(np.argmin(np.abs(run.temperatures - cold)))
    spins = run.spins(temperature=run.temperatures[place])[:, :, -N_TIMES:]
    said = [test.sentence for test in run.equilibration(temperature=run.temperatures[place])]
    trips = run.round_trips / N_LADDERS
    said.append(
        f"round trips a ladder: {trips.mean():.0f}, in the worst sample {trips.min():.0f}"
    )
    return spins.reshape(len(models), N_POINTS, -1), [*said, _of_one_ladder(spins)]


def _of_one_ladder(spins: NDArray[np.int8]) -> str:
    """Squared overlaps of one ladder at two times, beside those of two ladders."""
    n_samples, n_ladders, n_times, n_spins = spins.shape
    flat = spins.reshape(n_samples, -1, n_spins).astype(np.float32)
    squared = np.square(flat @ flat.swapaxes(1, 2) / n_spins)
    ladder = np.repeat(np.arange(n_ladders), n_times)
    same = ladder[:, None] == ladder[None, :]
    own = same & ~np.eye(len(ladder), dtype=bool)
    difference = sg.statistics.mean_estimate(
        squared[:, own].mean(axis=1) - squared[:, ~same].mean(axis=1)
    )
    return f"q^2 of one ladder at two times less that of two ladders: {difference}"


def sk(n_spins: int, n_temperatures: int, n_sweeps: int) -> Points:
    """Sherrington-Kirkpatrick at T = 0.4."""
    models = [
        sg.spins.SherringtonKirkpatrick(n_spins, sample=k, rng=1) for k in range(N_SAMPLES)
    ]
    ladder = sg.dynamics.geometric(0.4, 1.3, n=n_temperatures)
    return tempered(models, ladder, n_sweeps, 0.4)


def lattice(size: int, n_sweeps: int, cold: float) -> Points:
    """Edwards-Anderson in three dimensions, Gaussian couplings, near 0.2 or 0.37 T_c."""
    models = [
        sg.spins.EdwardsAnderson((size,) * 3, "gaussian", sample=k, rng=1)
        for k in range(N_SAMPLES)
    ]
    ladder = sg.dynamics.geometric(cold, 1.6, n=24 if cold < 0.3 else 18)
    return tempered(models, ladder, n_sweeps, cold)


def warm(models: list, temperature: float, n_sweeps: int) -> Points:
    """Independent systems at one temperature, from random starts."""
    run = sg.dynamics.simulate(
        models,
        temperature,
        n_sweeps=n_sweeps,
        n_replicas=N_POINTS,
        measure_every=8,
        record_spins=True,
        record_every=n_sweeps,
        n_threads=1,
        rng=7,
    )
    spins = run.spins(temperature=temperature)[:, :, -1]
    return spins, [test.sentence for test in run.equilibration(temperature=temperature)]


def sk_warm(n_spins: int) -> Points:
    """Sherrington-Kirkpatrick at T = 1.5."""
    models = [
        sg.spins.SherringtonKirkpatrick(n_spins, sample=k, rng=1) for k in range(N_SAMPLES)
    ]
    return warm(models, 1.5, 4096)


def ferromagnet(n_spins: int) -> Points:
    """Every pair of spins coupled by 1/N, at T = 1/2: magnetisation 0.957, two states."""
    couplings = np.full((n_spins, n_spins), 1 / n_spins)
    np.fill_diagonal(couplings, 0.0)
    return warm([sg.spins.IsingGraph.from_matrix(couplings)] * N_SAMPLES, 0.5, 1024)


def spherical(n_spins: int, temperature: float = 0.75, duration: float = 150.0) -> Points:
    """Spherical p = 3 above T_d = 0.612, where replica symmetry holds: energy -1/(2 T)."""
    points, energies = [], []
    for k in range(N_SAMPLES):
        model = sg.spins.PSpin(n_spins, 3, "spherical", sample=k, rng=1)
        step = 0.1 / n_spins ** (1 / 3)
        run = sg.dynamics.langevin(
            model,
            temperature,
            n_steps=int(duration / step),
            n_replicas=N_POINTS,
            n_threads=1,
            rng=k,
        )
        points.append(run.points)
        late = run.energy[:, run.times.size // 2 :] / n_spins
        energies.append(late.mean())
    energy = sg.statistics.mean_estimate(np.array(energies))
    limit = -1 / (2 * temperature)
    return np.array(points, np.float32), [
        f"energy per spin {energy}, {limit:.4f} for many spins"
    ]


SETS: dict[str, Callable[[], Points]] = {
    "sk-64": lambda: sk(64, 12, 8192),
    "sk-128": lambda: sk(128, 12, 16384),
    "sk-256": lambda: sk(256, 14, 32768),
    "sk-512": lambda: sk(512, 16, 32768),
    "ea-4-t0.2": lambda: lattice(4, 2**16, 0.2),
    "ea-6-t0.2": lambda: lattice(6, 2**18, 0.2),
    "ea-4-t0.35": lambda: lattice(4, 2**15, 0.35),
    "ea-6-t0.35": lambda: lattice(6, 2**17, 0.35),
    "ea-8-t0.35": lambda: lattice(8, 2**18, 0.35),
    **{f"sk-warm-{n}": (lambda n=n: sk_warm(n)) for n in (64, 256, 1024)},
    **{f"ferromagnet-{n}": (lambda n=n: ferromagnet(n)) for n in (64, 256, 1024)},
    "spherical-32": lambda: spherical(32),
    **{f"spherical-warm-{n}": (lambda n=n: spherical(n, 1.2, 20.0)) for n in (32, 64)},
    "sk-1024": lambda: sk(1024, 20, 32768),
}


def main() -> None:
    """Make the sets that are asked for."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or SETS:
        begin = time.process_time()
        points, said = SETS[name]()
        seconds = time.process_time() - begin
        kept = np.packbits(points > 0, axis=-1) if points.dtype == np.int8 else points
        facts = json.dumps({"n_dimensions": points.shape[-1], "said": said, "seconds": seconds})
        np.savez_compressed(folder / f"{name}.npz", points=kept, facts=facts)
        sys.stdout.write(f"{name}: {seconds:.0f} s\n" + "".join(f"  {line}\n" for line in said))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
