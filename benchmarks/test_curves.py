"""Loss along paths against the same points one by one, in turn.

A line of 25 points is set against 25 losses, a chain of swaps against the loss at each of its
points; 10,000 samples, one thread. Each round runs both, so that what else the machine does
hits both alike; ours is timed by pytest-benchmark, the ratios stand in ``extra_info``.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

import spinglass_nn as sg

N_SAMPLES = 10_000

pytestmark = pytest.mark.filterwarnings("default")


def compare(benchmark, summary, rounds, net, data, path):
    """Time the curve, and losses at a tenth of its points (at least 5) scaled up."""
    some = np.unique(np.linspace(0, path.positions.size - 1, max(5, path.positions.size // 10)))
    points = [path.at(path.positions[int(k)]) for k in some]
    scale = path.positions.size / len(points)
    times: list[tuple[float, float]] = []  # wall and processor time, per point one by one

    def one_by_one():
        wall, processor = time.perf_counter(), time.thread_time()
        for point in points:
            sg.networks.loss(net, point, data, n_threads=1)
        times.append((time.perf_counter() - wall, time.thread_time() - processor))

    own: list[float] = []

    def ours():
        processor = time.thread_time()
        sg.landscape.loss_curve(net, data, path, n_threads=1)
        own.append(time.thread_time() - processor)

    ours()  # compile
    one_by_one()
    own.clear()
    times.clear()
    benchmark.pedantic(ours, setup=one_by_one, rounds=rounds)
    wall = np.array(benchmark.stats.stats.data)
    losses = np.array(times) * scale
    info = {
        "time_ratio": float(np.median(losses[:, 0] / wall)),
        "time_ratio_best": float(losses[:, 0].min() / wall.min()),
        "time_ratio_processor": float(np.median(losses[:, 1] / own)),
        "cost_in_losses": float(np.median(own / losses[:, 1]) * path.positions.size),
        "points_per_second": path.positions.size / float(wall.min()),
    }
    benchmark.extra_info.update(info, n_points=path.positions.size, data=data.name)
    summary.append(
        f"{benchmark.group}: {info['time_ratio']:.1f} times as fast as point by point "
        f"(best of rounds {info['time_ratio_best']:.1f}, processor time "
        f"{info['time_ratio_processor']:.1f}); {path.positions.size} points cost "
        f"{info['cost_in_losses']:.2f} losses"
    )
    assert wall.size == rounds


def training_part(images, dtype):
    return sg.datasets.Dataset(
        images.inputs[:N_SAMPLES].astype(dtype),
        images.labels[:N_SAMPLES],
        n_classes=10,
        name=images.name,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("hidden", [32, 128])
def test_line(benchmark, images, rounds, summary, hidden, dtype):
    net = sg.networks.MLP(sizes=(784, hidden, 10))
    a, b = sg.networks.initialize(net, n_replicas=2, dtype=dtype, rng=0)
    path = sg.landscape.interpolate(a, b, n_points=25)
    benchmark.group = f"line of 25 points, 784-{hidden}-10, {np.dtype(dtype)}"
    compare(benchmark, summary, rounds, net, training_part(images, dtype), path)


@pytest.mark.parametrize("hidden", [32, 128])
def test_swap_chain(benchmark, images, rounds, summary, hidden):
    net = sg.networks.MLP(sizes=(784, hidden, 10))
    a = sg.networks.initialize(net, dtype=np.float32, rng=0)[0]
    path = sg.landscape.swap_chain(a, sg.symmetries.random_permutation(net, rng=1))
    benchmark.group = f"chain of {path.n_legs} swaps, 784-{hidden}-10, float32"
    compare(benchmark, summary, rounds, net, training_part(images, np.float32), path)
