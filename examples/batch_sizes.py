"""Protocol (d): are small-batch solutions flatter, and do flat ones generalize better.

Trains networks of several batch sizes to the same train loss and compares them.

The answer depends on when training stops: here all runs stop at the same train loss.
"""

import sys

import numpy as np

import spinglass_nn as sg

data = sg.datasets.digits()
net = sg.networks.MLP(sizes=(64, 32, 10))
batch_sizes = (8, 32, 128)
flatness, accuracy = [], []
for batch_size in batch_sizes:
    run = sg.training.train_replicas(
        net,
        data,
        n_replicas=5,
        n_epochs=500,
        batch_size=batch_size,
        stop_at_loss=0.1,
        rng=1,
    )
    found = sg.landscape.flatness(net, run.replicas, data, excursion=0.3, rng=2)
    flatness.append(found.mean)
    accuracy.append(run.history.last("test_accuracy"))
    rise = sg.statistics.mean_estimate(found.mean)
    print(f"batch {batch_size:>3}: the loss rises by {rise} nats at 0.3 |theta|")

ranks = sg.statistics.spearman(np.ravel(flatness), np.ravel(accuracy), rng=3)
print(f"rank correlation with test accuracy {ranks.estimate}, p = {ranks.p_value:.2g}")

with sg.plotting.style():
    axes = sg.plotting.flatness(batch_sizes, {"matched loss": np.array(flatness)})
    print(sg.plotting.save(axes, sys.argv[1] if len(sys.argv) > 1 else "batch_sizes.svg"))
