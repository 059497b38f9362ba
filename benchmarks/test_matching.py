"""Matching two networks against SciPy's assignment in the loop of Git Re-Basin, in NumPy.

The peer makes all inner products of a layer anew at each turn, as the published code does; ours
makes those with inputs and outputs once. Both take the layers in turn from the identity, on one
BLAS thread, in float64. Each round runs both and, for scale, a call that trains the same
network for one epoch of 60,000 images, records included (float32, batch 64, one thread).
Times are processor times.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from threadpoolctl import threadpool_limits

import spinglass_nn as sg

pytestmark = pytest.mark.filterwarnings("default")


def git_rebasin(a, b):
    """Orders of b's hidden layers, layer by layer until a sweep makes no progress."""
    orders = [np.arange(len(layer.weight)) for layer in b[:-1]]
    progress = True
    while progress:
        progress = False
        for k in range(len(orders)):
            below = b[k].weight if k == 0 else b[k].weight[:, orders[k - 1]]
            above = b[k + 1].weight
            if k + 1 < len(orders):
                above = above[orders[k + 1]]
            gram = a[k].weight @ below.T + np.outer(a[k].bias, b[k].bias)
            gram += a[k + 1].weight.T @ above
            rows, order = linear_sum_assignment(gram, maximize=True)
            progress |= gram[rows, order].sum() > gram[rows, orders[k]].sum() + 1e-12
            orders[k] = order
    return orders


@pytest.mark.parametrize("hidden", [(512,), (512, 512)], ids=str)
@pytest.mark.parametrize("kind", ["independent", "planted"])
def test_one_pair(benchmark, summary, rounds, images, hidden, kind):
    net = sg.networks.MLP(sizes=(784, *hidden, 10))
    a, b = sg.networks.initialize(net, n_replicas=2, rng=0)
    if kind == "planted":
        noisy = sg.networks.Replica(net, a.weights + 0.2 * b.weights)
        b = sg.symmetries.random_permutation(net, rng=1).apply(noisy)
    times: list[tuple[float, ...]] = []

    def ours():
        return sg.symmetries.match(a, b, n_restarts=1, n_threads=1)

    def peer():
        with threadpool_limits(1, user_api="blas"):
            return git_rebasin(a.layers, b.layers)

    def epoch():
        sg.training.train_replicas(net, images, n_epochs=1, batch_size=64, n_threads=1, rng=0)

    def timed(*functions):
        took = []
        for function in functions:
            began = time.process_time()
            function()
            took.append(time.process_time() - began)
        return tuple(took)

    found = ours()
    theirs = sg.symmetries.Permutation(tuple(peer())).apply(b)
    assert found.similarity_after >= a.weights @ theirs.weights / (a.norm * b.norm) - 1e-9
    epoch()  # compile
    benchmark.group = f"784-{'-'.join(map(str, hidden))}-10, {kind}"
    benchmark.pedantic(
        ours, setup=lambda: times.append(timed(ours, peer, epoch)), rounds=rounds
    )
    own, other, training = np.median(times, axis=0)
    benchmark.extra_info |= {"peer_over_ours": other / own, "epoch_over_ours": training / own}
    summary.append(
        f"{benchmark.group}: {own * 1e3:.0f} ms, SciPy and NumPy {other * 1e3:.0f} ms "
        f"({other / own:.1f} times), a training epoch {training:.2f} s ({training / own:.0f} times)"
    )
    assert own < training
