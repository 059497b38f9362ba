"""The barrier between two solutions: on the straight line, after matching, on an elastic band.

Each path lowers the bound that the one before gave. What a straight line shows is a statement
about lines.
"""

import sys

import spinglass_nn as sg

data = sg.datasets.digits()
net = sg.networks.MLP(sizes=(64, 16, 10))
optimizer = sg.training.SGD(0.1, momentum=0.9)
solutions = sg.training.train_replicas(
    net, data, n_replicas=8, n_epochs=200, stop_at_loss=0.002, optimizer=optimizer, rng=1
).replicas

raw, matched, lowered = [], [], []
for a, b in zip(solutions[::2], solutions[1::2], strict=True):
    raw.append(sg.landscape.interpolate(a, b, n_points=61))
    copy = sg.symmetries.match(a, b).apply(b)
    matched.append(sg.landscape.interpolate(a, copy, n_points=61))
    lowered.append(sg.landscape.nudged_elastic_band(net, data, a, b, n_steps=300))

straight = sg.landscape.loss_curves(net, data, raw)
groups = {
    "straight line": straight,
    "straight line, matched": sg.landscape.loss_curves(net, data, matched),
    "elastic band": [band.curve for band in lowered],
}
for label, curves in groups.items():
    loss = sg.landscape.mean_barrier(curves)
    accuracy = sg.landscape.mean_barrier(curves, of="accuracy_barrier")
    print(f"{label:<23} barrier {loss} nats, accuracy lost {accuracy}, over 4 pairs")
print("first pair:", ", ".join(f"{curves[0].barrier:.4f}" for curves in groups.values()))
print(lowered[0])

with sg.plotting.style():
    ax = sg.plotting.elastic_band(lowered[0], before=straight[0])
    print(sg.plotting.save(ax, sys.argv[1] if len(sys.argv) > 1 else "elastic_band.svg"))
