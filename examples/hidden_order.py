"""A network read as a spin glass, which training melts into hidden order.

Weights are couplings, units are spins. The critical temperature of the linearised TAP equations is
that of random layers at first ("touch"), and then belongs to an ordered state ("cross") and grows.
Four runs, so that what is said has an error; the same weights shuffled are the control.
"""

import sys

import numpy as np

import spinglass_nn as sg

data = sg.datasets.digits()
net = sg.networks.MLP(sizes=(64, 64, 64, 10), bias=False)
epoch = -(-data.n_samples // 64)
epochs = np.array([0, 1, 2, 4, 8, 16, 32, 64])
run = sg.training.train_replicas(
    net, data, n_replicas=4, n_epochs=64, start="he_normal", batch_size=64,
    optimizer=sg.training.SGD(0.01, momentum=0.9), snapshots=epochs * epoch, rng=1,
)  # fmt: skip

theory = sg.spins.layered_theory.critical_temperature(net.sizes, gains=np.sqrt(2))
print(f"random layers: T_c = {theory:.3f}")
print(f"{'epoch':>5}  {'T_c of the runs':>15}  {'least eigenvalue':>17}  {'shuffled':>15}")
course = []
for epoch_number, weights in zip(epochs, run.snapshots.weights.swapaxes(0, 1), strict=True):
    models = [
        sg.spins.LayeredIsing.from_network(network)
        for network in sg.networks.Replicas(net, weights)
    ]
    found = [sg.spins.instability.find(model) for model in models]
    nulls = [sg.spins.layered_nulls.shuffled(model, rng=2) for model in models]
    melting, depth, null = (
        sg.statistics.mean_estimate(values)
        for values in (
            [each.temperature for each in found],
            [each.minimum for each in found],
            [sg.spins.instability.find(model).temperature for model in nulls],
        )
    )
    print(f"{epoch_number:>5}  {melting!s:>15}  {depth!s:>17}  {null!s:>15}")
    course.append(models[0])

states = sg.spins.tap.solve(course[-1], [0.9 * found[0].temperature], n_starts=16, rng=3)
print(f"below T_c, after training: {states}")

with sg.plotting.style():
    ax = None
    for label, model in (("untrained", course[0]), ("trained", course[-1])):
        where = sg.spins.instability.find(model)
        shown = where.temperature / np.linspace(0.2, 1.6, 60)
        curve = sg.spins.instability.curve(model, shown)
        ax = sg.plotting.stability_curve(curve, at=where, label=label, ax=ax)
    print(sg.plotting.save(ax, sys.argv[1] if len(sys.argv) > 1 else "hidden_order.svg"))
