"""Equilibrium of a small network: replica exchange over temperature, and its own P(q).

Weights are drawn from exp(-n L / T) times a normal prior; T = 1 is the Bayesian posterior. What
training finds is not this measure: compare the solutions at the end. The run is short: for
results take sweeps until R-hat is below 1.01 everywhere and systems make round trips.
"""

import sys

import numpy as np

import spinglass_nn as sg

data = sg.datasets.subset(sg.datasets.digits(), 200, rng=0)
net = sg.networks.MLP(sizes=(64, 4, 10))
ladder = np.append(sg.dynamics.geometric(1.0, 7.0, n=12), [15.0, 50.0, np.inf])
prior = sg.walks.GaussianPrior(1.0, fan_in=True)

settings = {"temperatures": ladder, "prior": prior, "sampler": sg.walks.HMC(6)}
settings |= {"n_replicas": 4, "n_sweeps": 200, "n_tuning": 100, "keep": (1.0, np.inf)}
run = sg.walks.sample_posterior(net, data, rng=1, **settings)
print(run)
print("    T   loss (nats)         C / N             swaps  R-hat")
losses = run.energy * (1 / run.n_samples)
capacities = run.heat_capacity * (1 / net.n_parameters)
for k, t in enumerate(ladder[:-1]):
    print(f"{t:6.2f}  {losses[k]!s:18}  {capacities[k]!s:16}  {run.swap_rates[k]:.2f}   "
          f"{run.r_hat[k]:.3f}")  # fmt: skip
print(f"round trips {run.round_trips.tolist()}")
print(f"{run.free_energy}: the evidence")

# from trained solutions instead of the prior
trained = sg.training.train_replicas(net, data, n_replicas=4, n_epochs=100, rng=2).replicas
again = sg.walks.sample_posterior(net, data, start=trained, rng=3, **settings)
print(sg.walks.compare_starts(run, again)[0])


def overlaps(replicas, **given):
    """Mean overlap of different replicas, with an error."""
    return sg.overlaps.distribution(sg.overlaps.matrix(replicas, **given), bins=20)


for name, replicas in (
    ("T = 1", sg.networks.stack([run.replicas(), again.replicas()])),
    ("the prior", run.replicas(temperature=np.inf)),
    ("training", trained),
):
    weights = overlaps(replicas, align="permutations")
    functions = overlaps(replicas, of="logits", data=data)
    print(f"{name}: q of matched weights {weights.mean}, of functions {functions.mean}")

with sg.plotting.style():
    pq = overlaps(sg.networks.stack([run.replicas(), again.replicas()]), of="logits", data=data)
    ax = sg.plotting.overlap_distribution(pq)
    print(sg.plotting.save(ax, sys.argv[1] if len(sys.argv) > 1 else "posterior.svg"))
