"""Protocol (b): copies of a solution by permutation, and the barriers on straight lines.

Copies have the same loss; the line to them does not. Matching hidden units removes most of the
barrier between independent solutions.
"""

import sys

import spinglass_nn as sg

data = sg.datasets.digits()
net = sg.networks.MLP(sizes=(64, 32, 10))
run = sg.training.train_replicas(
    net, data, n_replicas=12, n_epochs=60, stop_at_loss=0.05, rng=1
)
solutions = run.replicas

own, raw, matched = [], [], []
for k in range(0, len(solutions), 2):
    a, b = solutions[k], solutions[k + 1]
    copy = sg.symmetries.random_permutation(net, index=k, rng=2).apply(a)
    own.append(sg.landscape.interpolate(a, copy))
    raw.append(sg.landscape.interpolate(a, b))
    matched.append(sg.landscape.interpolate(a, sg.symmetries.match(a, b).apply(b)))

groups = [sg.landscape.loss_curves(net, data, paths) for paths in (own, raw, matched)]
labels = ["own copy", "independent", "independent, matched"]
for label, curves in zip(labels, groups, strict=True):
    print(f"{label:<22} barrier {sg.landscape.mean_barrier(curves)} nats over 6 pairs")

with sg.plotting.style():
    axes = sg.plotting.curves(groups, labels)
    print(sg.plotting.save(axes, sys.argv[1] if len(sys.argv) > 1 else "permutation_paths.svg"))
