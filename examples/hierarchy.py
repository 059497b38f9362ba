"""Protocol (c): do solutions form a tree? Independent runs, forked runs, and a null model.

A dendrogram always looks like a tree. The same statistics on Gaussian points and on runs that
share history tell what it means.
"""

import sys

import numpy as np

import spinglass_nn as sg

data = sg.datasets.digits()
net = sg.networks.MLP(sizes=(64, 32, 10))
independent = sg.training.train_replicas(net, data, n_replicas=16, n_epochs=30, rng=1).replicas

# two starts; each run forks into two after 2 and after 6 epochs: a tree by construction
forked = sg.networks.initialize(net, n_replicas=2, rng=2, dtype="float32")
for generation, n_epochs in enumerate((2, 4, 8)):
    if generation:
        forked = sg.networks.Replicas(net, np.repeat(forked.weights, 2, axis=0))
    forked = sg.training.train_replicas(
        net, data, start=forked, n_replicas=len(forked), n_epochs=n_epochs, rng=10 + generation
    ).replicas

for name, replicas, kind in (
    ("independent", independent, "aligned euclidean"),
    ("forked", forked, "euclidean"),
):
    distances = sg.overlaps.distances(replicas, kind=kind)
    print(f"{name}: {sg.overlaps.ultrametricity(distances, rng=3).sentence}")

with sg.plotting.style():
    distances = sg.overlaps.distances(forked)
    figure = sg.plotting.dendrogram_and_matrix(sg.overlaps.cluster(distances), distances)
    print(sg.plotting.save(figure, sys.argv[1] if len(sys.argv) > 1 else "hierarchy.svg"))
