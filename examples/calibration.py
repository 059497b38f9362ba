"""Is it a hierarchy? The verdict on systems whose answer is known, before it is trusted.

Equilibrium configurations of the Sherrington-Kirkpatrick model above and below its transition, of
a mean-field ferromagnet, points without structure, flat clusters, and leaves of a tree.
Replicas differ by a global flip at will, so spins are brought into one gauge first: left in, the
flip alone would make two clusters. One size proves little; the figure shows a trend.
"""

import sys

import numpy as np

import spinglass_nn as sg

N_REPLICAS, N_SAMPLES = 32, 8
rng = np.random.default_rng(1)


def equilibrium(models, temperatures, n_sweeps):
    """Configurations at the lowest temperature, (n_samples, n_replicas, n_spins)."""
    run = sg.dynamics.parallel_tempering(
        models, temperatures, n_sweeps=n_sweeps, n_replicas=N_REPLICAS, record_spins=True,
        record_every=n_sweeps, rng=7,
    )  # fmt: skip
    for test in run.equilibration() if len(models) > 4 else ():
        print("   ", test.sentence)
    return run.spins(temperature=run.temperatures[0])[:, :, -1]


def without_flip(spins):
    """Distances of configurations, each turned to the sign in which they agree best."""
    gauge = sg.overlaps.flip_gauge(sg.overlaps.matrix(spins, of="spins"))
    return sg.overlaps.from_overlaps(gauge.overlaps, n_dimensions=spins.shape[-1])


def report(name, distances):
    """Print the verdict on samples."""
    found = sg.overlaps.verdict(distances, n_null=99, n_controls=40, rng=1)
    print(f"{name}: {found.sentence}\n")
    return found


clusters = rng.normal(size=(5, 1000))[rng.integers(0, 5, N_REPLICAS)]
noise = rng.normal(size=(N_REPLICAS, 1000))
leaves = sg.overlaps.tree_points(N_REPLICAS, 1000, variances=(1, 1, 1, 1, 1), rng=2)
for name, points in (
    ("independent points", noise),
    ("flat clusters", clusters + noise),
    ("leaves of a tree", leaves),
):
    report(name, sg.overlaps.distances(points, kind="1 - overlap"))

i, j = np.triu_indices(300, 1)
ferromagnet = sg.spins.IsingGraph.from_arrays(i, j, np.full(i.size, 1 / 300), 300)
ordered = equilibrium([ferromagnet], [0.5, 0.7, 0.9, 1.1, 1.3], 2048)[0]
report("ferromagnet with its flip", sg.overlaps.distances(ordered, kind="hamming"))
report("ferromagnet without", without_flip(ordered))

cold, sizes = {}, (64, 128, 256)
for n_spins in sizes:
    models = [
        sg.spins.SherringtonKirkpatrick(n_spins, sample=k, rng=1) for k in range(N_SAMPLES)
    ]
    spins = equilibrium(models, sg.dynamics.geometric(0.4, 1.6, n=16), 4096)
    cold[n_spins] = report(f"SK, N = {n_spins}, T = 0.4", [without_flip(s) for s in spins])
hot = equilibrium(models, [1.5, 1.7], 1024)
report("SK, N = 256, T = 1.5", [sg.overlaps.distances(s, kind="hamming") for s in hot])

with sg.plotting.style():
    figure = sg.plotting.against_size(
        sizes,
        [found.clusters.values[0] for found in cold.values()],
        nulls=[found.clusters.bands[0] for found in cold.values()],
        statistic="K of SK at T = 0.4",
    )
    print(sg.plotting.save(figure, sys.argv[1] if len(sys.argv) > 1 else "calibration.svg"))
    figure = sg.plotting.evidence(cold[256].hierarchy or cold[256].clusters)
    print(sg.plotting.save(figure, sys.argv[2] if len(sys.argv) > 2 else "evidence.svg"))
