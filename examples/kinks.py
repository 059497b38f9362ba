"""How curved a ReLU network's loss is, to the Hessian and to anybody who moves.

Along random displacements of relative length rho, the second difference of the loss is held against
the Hessian alone, and against the Hessian with the kinks of units that switch on the way. Each
solution is one unit of the errors; a network of tanh units, which have no kinks, is the control.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np

import spinglass_nn as sg

data = sg.datasets.digits()
rho = np.geomspace(1e-3, 0.3, 8)


def parts(net, solution):
    """Mean second differences over rho^2 and their two parts, each (n_lengths,)."""
    theta = solution.weights.astype(np.float64)
    directions = np.random.default_rng(7).standard_normal((16, theta.size))
    directions *= solution.norm / np.linalg.norm(directions, axis=1, keepdims=True)
    start = sg.networks.loss(net, theta, data)
    seen = [
        sum(
            sg.networks.loss(net, theta + sign * r * directions, data) - start
            for sign in (1, -1)
        )
        for r in rho
    ]
    turned = sg.networks.hessian_vector_product(net, theta, directions, data)
    smooth = np.einsum("ij,ij->i", directions, turned).mean()
    kinks = sg.landscape.kink_curvature(net, theta, data, directions, scales=rho)
    return np.mean(seen, axis=1) / rho**2, np.full(rho.size, smooth), kinks.mean(1) / rho**2


with sg.plotting.style():
    figure, axes = plt.subplots(figsize=(5, 3.2), layout="constrained")
    for activation, color in (("relu", "C0"), ("tanh", "C1")):
        net = sg.networks.MLP(sizes=(64, 32, 10), activation=activation)
        run = sg.training.train_replicas(net, data, n_replicas=6, n_epochs=60, rng=1)
        seen, smooth, kinks = np.array([parts(net, one) for one in run.replicas]).swapaxes(0, 1)
        print(f"{activation}: second difference over d.Hd, and over d.Hd + kinks")
        for k, r in enumerate(rho):
            alone, whole = seen[:, k] / smooth[:, k], seen[:, k] / (smooth + kinks)[:, k]
            both = (sg.statistics.mean_estimate(ratio) for ratio in (alone, whole))
            print(f"  rho = {r:<7.2g}", *(f"{one!s:>18}" for one in both))
        values = seen / smooth
        axes.errorbar(rho, values.mean(0), values.std(0, ddof=1) / len(values) ** 0.5, fmt="o",
                      color=color, label=f"{activation}, second difference")  # fmt: skip
        told = ((smooth + kinks) / smooth).mean(0)
        axes.plot(rho, told, color=color, label=f"{activation}, d.Hd and kinks")
    axes.set(xscale="log", xlabel="length ρ, in units of |θ|", ylabel="curvature over d.Hd")
    axes.legend()
    print(sg.plotting.save(figure, sys.argv[1] if len(sys.argv) > 1 else "kinks.svg"))
