"""Is it a hierarchy? The verdict on systems whose answer is known, before it is trusted.

Replicas of a spin glass differ by a global flip at will, so spins are brought into one gauge
first: left in, the flip alone would make two clusters. One size proves little.
"""

import sys

import numpy as np

import spinglass_nn as sg

N_REPLICAS, N_SAMPLES = 24, 4
rng = np.random.default_rng(1)


def without_flip(spins):
    """Distances of configurations, each turned to the sign in which they agree best."""
    gauge = sg.overlaps.flip_gauge(sg.overlaps.matrix(spins, of="spins"))
    return sg.overlaps.from_overlaps(gauge.overlaps, n_dimensions=spins.shape[-1])


def judge(name, distances):
    """Print the verdict on one sample or several."""
    found = sg.overlaps.verdict(distances, n_null=99, n_controls=40, rng=1)
    print(f"{name}: {found.sentence}\n")
    return found


clusters = rng.normal(size=(5, 1000))[rng.integers(0, 5, N_REPLICAS)]
noise = rng.normal(size=(N_REPLICAS, 1000))
leaves = sg.overlaps.tree_points(N_REPLICAS, 1000, variances=(1, 1, 1, 1, 1), rng=2)
for name, points in (("noise", noise), ("flat clusters", clusters + noise), ("tree", leaves)):
    judge(name, sg.overlaps.distances(points, kind="1 - overlap"))

cold, sizes = [], (32, 64, 128)
for n_spins in sizes:
    run = sg.dynamics.parallel_tempering(
        [sg.spins.SherringtonKirkpatrick(n_spins, sample=k, rng=1) for k in range(N_SAMPLES)],
        sg.dynamics.geometric(0.4, 1.6, n=16),
        n_sweeps=4096,
        n_replicas=N_REPLICAS,
        record_spins=True,
        record_every=4096,
        rng=7,
    )
    spins = run.spins(temperature=run.temperatures[0])[:, :, -1]
    cold.append(judge(f"SK, N = {n_spins}, T = 0.4", [without_flip(s) for s in spins]))

with sg.plotting.style():
    figure = sg.plotting.against_size(
        sizes,
        [found.clusters.values[0] for found in cold],
        nulls=[found.clusters.bands[0] for found in cold],
        statistic="K of SK at T = 0.4",
    )
    print(sg.plotting.save(figure, sys.argv[1] if len(sys.argv) > 1 else "calibration.svg"))
