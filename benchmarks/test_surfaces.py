"""Surfaces and full-batch losses against PyTorch and loss-landscapes, in turn.

10,000 samples of 784 inputs in float32, on one thread and on two. Each round runs ours and the
peer, so that what else the machine does hits both alike. The PyTorch recipe copies weights into
a module and evaluates it on the whole set under ``no_grad``; loss-landscapes does the same with
its own bookkeeping. Peers run a part of the grid, scaled up: their cost is per point.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

import spinglass_nn as sg

N_SAMPLES, SIDE, PART = 10_000, 51, 5
REST = 0.05  # s; a peer's idle threads spin for a while and would take our second core

pytestmark = pytest.mark.filterwarnings("default")
every_width = pytest.mark.parametrize("hidden", [32, 512])
every_thread = pytest.mark.parametrize("n_threads", [1, 2])


@pytest.fixture
def torch(n_threads):
    module = pytest.importorskip("torch")
    before = module.get_num_threads()
    module.set_num_threads(n_threads)
    yield module
    module.set_num_threads(before)


def setting(images, hidden, n):
    net = sg.networks.MLP(sizes=(784, hidden, 10))
    points = sg.networks.initialize(net, n_replicas=n, dtype=np.float32, rng=0)
    inputs = images.inputs[:N_SAMPLES].astype(np.float32)
    data = sg.datasets.Dataset(
        inputs, images.labels[:N_SAMPLES], n_classes=10, name=images.name
    )
    return net, points, data


def module_of(torch, net, point):
    """The network as a module with the weights of a point."""
    sizes = net.sizes
    model = torch.nn.Sequential(
        torch.nn.Linear(sizes[0], sizes[1]),
        torch.nn.ReLU(),
        torch.nn.Linear(sizes[1], sizes[2]),
    )
    flat = torch.from_numpy(point.weights.copy())
    torch.nn.utils.vector_to_parameters(flat, model.parameters())
    return model


def in_turn(benchmark, summary, rounds, ours, peer, scale, what, n_calls=1):
    """Time both in every round; wall time and processor time of this process.

    Short calls are timed ``n_calls`` in a row after one that is not timed, as a walk or a line
    makes them.
    """
    times: list[tuple[float, float]] = []
    own: list[tuple[float, float]] = []

    def timed(function, to):
        time.sleep(REST)
        if n_calls > 1:
            function()
        wall, processor = time.perf_counter(), time.process_time()
        for _ in range(n_calls):
            function()
        spent = time.perf_counter() - wall, time.process_time() - processor
        to.append((spent[0] / n_calls, spent[1] / n_calls))

    begin = time.perf_counter()
    ours()
    first = time.perf_counter() - begin
    peer()
    benchmark.pedantic(
        lambda: timed(ours, own), setup=lambda: timed(peer, times), rounds=rounds
    )
    mine, others = np.array(own), np.array(times) * scale
    ratio = (others.min(axis=0) / mine.min(axis=0)).tolist()
    benchmark.extra_info.update(
        time_ratio_best=ratio[0], time_ratio_processor=ratio[1], first_call=first
    )
    summary.append(
        f"{what}: {ratio[0]:.1f} times as fast (processor time {ratio[1]:.1f}); "
        f"{mine[:, 0].min():.4f} s against {others[:, 0].min():.4f} s, first call {first:.1f} s"
    )


@every_width
@every_thread
def test_full_batch_loss(benchmark, images, rounds, summary, torch, hidden, n_threads):
    net, points, data = setting(images, hidden, 1)
    model, x = module_of(torch, net, points[0]), torch.from_numpy(data.inputs.copy())
    y = torch.from_numpy(np.array(data.labels))

    def peer():
        with torch.no_grad():
            return torch.nn.functional.cross_entropy(model(x), y).item()

    def ours():
        return sg.networks.loss(net, points[0], data, n_threads=n_threads)

    assert ours() == pytest.approx(peer(), rel=1e-4)
    what = f"full-batch loss, 784-{hidden}-10, {n_threads} threads, PyTorch"
    in_turn(benchmark, summary, rounds, ours, peer, 1, what, n_calls=10)


@every_thread
def test_plane_against_torch(benchmark, images, rounds, summary, torch, n_threads):
    net, points, data = setting(images, 32, 3)
    plane = sg.landscape.plane_through(*points, n_points=SIDE)
    model, x = module_of(torch, net, points[0]), torch.from_numpy(data.inputs.copy())
    y = torch.from_numpy(np.array(data.labels))
    start, u, v = (torch.from_numpy(a.copy()) for a in (plane.origin, *plane.directions))

    def peer():
        with torch.no_grad():
            for a in plane.x[:PART].tolist():
                for b in plane.y[:PART].tolist():
                    flat = start + a * u + b * v
                    torch.nn.utils.vector_to_parameters(flat, model.parameters())
                    torch.nn.functional.cross_entropy(model(x), y).item()

    def ours():
        sg.landscape.loss_surface(net, data, plane, test=False, n_threads=n_threads)

    what = f"plane of {SIDE} x {SIDE}, 784-32-10, {n_threads} threads, PyTorch recipe"
    in_turn(benchmark, summary, rounds, ours, peer, (SIDE / PART) ** 2, what)


@every_thread
def test_plane_against_loss_landscapes(benchmark, images, rounds, summary, torch, n_threads):
    peer_package = pytest.importorskip("loss_landscapes")
    metrics = pytest.importorskip("loss_landscapes.metrics")
    net, points, data = setting(images, 32, 3)
    plane = sg.landscape.plane_through(*points, n_points=SIDE)
    models = [module_of(torch, net, point) for point in points]
    x, y = torch.from_numpy(data.inputs.copy()), torch.from_numpy(np.array(data.labels))
    metric = metrics.Loss(torch.nn.functional.cross_entropy, x, y)

    def peer():
        with torch.no_grad():
            peer_package.planar_interpolation(*models, metric, PART, deepcopy_model=True)

    def ours():
        sg.landscape.loss_surface(net, data, plane, test=False, n_threads=n_threads)

    what = f"plane of {SIDE} x {SIDE}, 784-32-10, {n_threads} threads, loss-landscapes"
    in_turn(benchmark, summary, rounds, ours, peer, (SIDE / PART) ** 2, what)


@every_thread
def test_all_pairs(benchmark, images, summary, n_threads):
    """100 solutions, 4950 lines of 21 points: one round."""
    net, points, data = setting(images, 32, 100)
    sg.landscape.pair_barriers(net, data, points[:2], n_points=3, n_threads=1)  # compile
    processor = time.process_time()
    benchmark.pedantic(
        lambda: sg.landscape.pair_barriers(net, data, points, n_threads=n_threads), rounds=1
    )
    processor = time.process_time() - processor
    summary.append(
        f"all pairs of 100 solutions x 21 points, {n_threads} threads: "
        f"{benchmark.stats.stats.min:.1f} s, processor time {processor:.1f} s"
    )
