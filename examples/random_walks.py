"""Protocol (a): what a random walk sees beyond the curvature at a solution.

Trains one small network on handwritten digits, walks away from the solution and from the point
where its training began, and draws the loss beside the quadratic law. Run it with a file name
to choose where the figure goes.
"""

import sys

import spinglass_nn as sg

data = sg.datasets.digits()
net = sg.networks.MLP(sizes=(64, 32, 10))
start = sg.networks.initialize(net, rng=1, dtype="float32")
run = sg.training.train_replicas(net, data, start=start, n_epochs=60, stop_at_loss=0.05, rng=1)
solution = run.replicas[0]

walks = [
    sg.walks.random_walk(net, data, point, excursion=1.0, n_steps=300, n_walkers=8, rng=2)
    for point in (solution, start[0])
]
trace = sg.landscape.hessian_trace(net, solution, data, n_probes=64, rng=3)

for name, walk in zip(("solution", "untrained"), walks, strict=True):
    rise = sg.statistics.mean_estimate(walk.loss[:, -1] - walk.loss[:, 0])
    print(f"{name:<10} loss rises by {rise} nats over a walk as long as the start point")
law = sg.walks.quadratic_law(trace, net.n_parameters, solution.norm)
print(f"{'law':<10} tr(H) d^2 / 2N = {law} nats, with tr(H) = {trace}")

with sg.plotting.style():
    axes = sg.plotting.walk_loss(walks, ["from a solution", "untrained"], traces=[trace, None])
    print(sg.plotting.save(axes, sys.argv[1] if len(sys.argv) > 1 else "random_walks.svg"))
