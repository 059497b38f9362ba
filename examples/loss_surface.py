"""The plane through two solutions and one of them matched to the other: valleys and a ridge."""

import sys
import time

import numpy as np

import spinglass_nn as sg

data = sg.datasets.digits()
net = sg.networks.MLP(sizes=(64, 32, 10))
solutions = sg.training.train_replicas(
    net, data, n_replicas=8, n_epochs=60, stop_at_loss=0.05, rng=1
).replicas
a, b = solutions[0], solutions[1]
copy = sg.symmetries.match(a, b).apply(b)  # hidden units numbered as in a

through = sg.landscape.plane_through(
    a, b, copy, n_points=51, names=("first", "second", "second, renumbered")
)
begin = time.perf_counter()
surface = sg.landscape.loss_surface(net, data, through)
print(f"{surface}, in {time.perf_counter() - begin:.2f} s")

lines = sg.landscape.pair_barriers(net, data, solutions)
print(lines)
matched = sg.landscape.loss_curve(net, data, sg.landscape.interpolate(a, copy))
print(f"first to second: {lines.barrier[0, 1]:.3f}; renumbered: {matched.barrier:.3f}")

# averages of all eight solutions, a thousand of them, none ever held
weights = np.random.default_rng(2).dirichlet(np.ones(8), size=1000)
family = sg.landscape.AffineFamily(net, solutions.weights, weights, name="averages")
print(f"best of 1000 averages: {sg.landscape.family_losses(net, data, family).loss.min():.3f}")

with sg.plotting.style():
    ax = sg.plotting.surface(surface)
    print(sg.plotting.save(ax, sys.argv[1] if len(sys.argv) > 1 else "surface.svg"))
