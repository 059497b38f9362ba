"""One epoch of plain SGD on 60,000 images, by us and by others, in turn.

Each round runs every contender once, one after the other, so that what else the machine does
hits all of them alike; only ours is timed by pytest-benchmark, the others stand in
``extra_info`` and in the summary. All contenders train in float32 on one thread.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn._core import threads
from spinglass_nn._core.random import Seed
from spinglass_nn.training._job import Job
from spinglass_nn.training._settings import settings_of
from spinglass_nn.training._state import fresh_state
from spinglass_nn.training._steps import crew_size

RATE = 0.05
N_EPOCHS = 50  # of the run that an epoch is taken from: so it codes its inputs as any does

pytestmark = pytest.mark.filterwarnings("default")


class Ours:
    """The epochs of `train_replicas`, without its records: one replica a thread, or a crew."""

    def __init__(self, net, data, n_replicas, batch, n_threads=None, crew=1):
        optimizer = sg.training.SGD(RATE)
        settings = settings_of(
            net=net,
            data=data,
            n_replicas=n_replicas,
            batch_size=batch,
            optimizer=optimizer,
            share=(),
            subset_size=None,
            record_every=1,
            first_replica=0,
            dtype=np.dtype(np.float32),
        )
        seed, steps = Seed(0), np.zeros(0, np.int64)
        state = fresh_state(net, "fan_in", settings, seed, steps, 0)
        self.job = Job(net, data, optimizer, settings, seed, state, N_EPOCHS, -np.inf, None)
        self.job.crew = crew
        self.steps = [self.job.steps(data.n_samples) for _ in range(n_replicas)]
        self.n_threads = n_threads or n_replicas
        self.order = np.arange(data.n_samples)
        self.epoch = 0
        self.processor_seconds = []

    def _advance(self, k):
        state = self.job.state
        self.job.epoch(
            k, self.epoch, state.weights[k], state.slots[k], self.order, self.steps[k]
        )

    def __call__(self):
        """Train one epoch."""
        began = time.process_time()
        threads.run(self._advance, range(len(self.steps)), self.n_threads)
        self.epoch += 1
        self.processor_seconds.append(time.process_time() - began)

    def loss(self, net, data):
        """Train loss of the first replica."""
        return sg.networks.loss(net, self.job.state.weights[0], data)


def start(net):
    (w1, b1), (w2, b2) = sg.networks.initialize(net, dtype=np.float32, rng=0)[0].layers
    return [np.ascontiguousarray(a) for a in (w1.T, b1, w2.T, b2)]


def numpy_epoch(net, data, batch):
    """NumPy with every array allocated beforehand and nothing computed twice."""
    (w1, b1, w2, b2), (n_in, hidden, out) = start(net), net.sizes
    rng, rate = np.random.default_rng(0), np.float32(RATE)
    x = np.empty((batch, n_in), np.float32)
    y = np.empty(batch, np.int64)
    a, e = np.empty((2, batch, hidden), np.float32)
    z = np.empty((batch, out), np.float32)
    column, on = np.empty((batch, 1), np.float32), np.empty((batch, hidden), bool)
    g1, g2 = np.empty_like(w1), np.empty_like(w2)
    h1, h2 = np.empty_like(b1), np.empty_like(b2)
    rows = np.arange(batch) * out

    def step(indices):
        n = indices.size
        xs, ys, as_, es, zs, top = x[:n], y[:n], a[:n], e[:n], z[:n], column[:n]
        np.take(data.inputs, indices, axis=0, out=xs, mode="clip")
        np.take(data.labels, indices, out=ys, mode="clip")
        np.matmul(xs, w1, out=as_)
        np.add(as_, b1, out=as_)
        np.maximum(as_, 0, out=as_)
        np.matmul(as_, w2, out=zs)
        np.add(zs, b2, out=zs)
        np.max(zs, axis=1, keepdims=True, out=top)
        np.subtract(zs, top, out=zs)
        np.exp(zs, out=zs)
        np.sum(zs, axis=1, keepdims=True, out=top)
        np.divide(rate / n, top, out=top)  # softmax and step size in one product
        np.multiply(zs, top, out=zs)
        np.add(ys, rows[:n], out=ys)
        zs.reshape(-1)[ys] -= rate / n
        np.matmul(zs, w2.T, out=es)
        np.greater(as_, 0, out=on[:n])
        np.multiply(es, on[:n], out=es)
        np.matmul(as_.T, zs, out=g2)
        np.sum(zs, axis=0, out=h2)
        np.matmul(xs.T, es, out=g1)
        np.sum(es, axis=0, out=h1)
        for parameter, change in ((w1, g1), (b1, h1), (w2, g2), (b2, h2)):
            np.subtract(parameter, change, out=parameter)

    def epoch():
        order = rng.permutation(data.n_samples)
        with threads.one_blas_thread():
            for k in range(0, order.size, batch):
                step(order[k : k + batch])

    def loss(net, data):
        theta = np.concatenate([w1.T.ravel(), b1, w2.T.ravel(), b2])
        return sg.networks.loss(net, theta, data)

    epoch.loss = loss
    return epoch


def torch_module_epoch(net, data, batch):
    """What most people write: nn.Sequential, cross_entropy, optim.SGD."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    n_in, hidden, out = net.sizes
    model = torch.nn.Sequential(
        torch.nn.Linear(n_in, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, out)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    inputs, labels = torch.tensor(data.inputs), torch.tensor(data.labels)

    def epoch():
        for rows in torch.randperm(data.n_samples).split(batch):
            loss = torch.nn.functional.cross_entropy(model(inputs[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def torch_by_hand_epoch(net, data, batch):
    """The gradient written out, without autograd, into preallocated tensors."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    w1, b1, w2, b2 = (torch.tensor(a) for a in start(net))
    n_in, hidden, out = net.sizes
    inputs, labels = torch.tensor(data.inputs), torch.tensor(data.labels)
    x, a = torch.empty(batch, n_in), torch.empty(batch, hidden)
    z, e = torch.empty(batch, out), torch.empty(batch, hidden)

    def step(rows):
        n = len(rows)
        xs, as_, zs, es = x[:n], a[:n], z[:n], e[:n]
        torch.index_select(inputs, 0, rows, out=xs)
        torch.addmm(b1, xs, w1, out=as_).relu_()
        torch.addmm(b2, as_, w2, out=zs)
        torch.softmax(zs, 1, out=zs)
        zs.scatter_add_(1, labels[rows][:, None], torch.full((n, 1), -1.0))
        torch.mm(zs, w2.T, out=es).mul_(as_ > 0)
        scale = -RATE / n
        w2.addmm_(as_.T, zs, alpha=scale)
        b2.add_(zs.sum(0), alpha=scale)
        w1.addmm_(xs.T, es, alpha=scale)
        b1.add_(es.sum(0), alpha=scale)

    def epoch():
        with torch.no_grad():
            for rows in torch.randperm(data.n_samples).split(batch):
                step(rows)

    def loss(net, data):
        theta = np.concatenate([w1.T.numpy().ravel(), b1, w2.T.numpy().ravel(), b2])
        return sg.networks.loss(net, theta, data)

    epoch.loss = loss
    return epoch


def sklearn_epoch(net, data, batch):
    """MLPClassifier.partial_fit, which is one epoch."""
    network = pytest.importorskip("sklearn.neural_network")
    model = network.MLPClassifier(
        hidden_layer_sizes=net.hidden_sizes,
        solver="sgd",
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=RATE,
        momentum=0.0,
        nesterovs_momentum=False,
        random_state=0,
    )
    classes = np.arange(data.n_classes)

    def epoch():
        with threads.one_blas_thread():
            model.partial_fit(data.inputs, data.labels, classes=classes)

    return epoch


def jax_epoch(net, data, batch):
    """A whole epoch as one jitted scan; the last, smaller batch is dropped."""
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    n_steps = data.n_samples // batch
    inputs, labels = jnp.asarray(data.inputs), jnp.asarray(data.labels)
    parameters = [jnp.asarray(a) for a in start(net)]
    rng = np.random.default_rng(0)

    def mean_loss(parameters, rows):
        w1, b1, w2, b2 = parameters
        z = jax.nn.relu(inputs[rows] @ w1 + b1) @ w2 + b2
        right = jnp.take_along_axis(jax.nn.log_softmax(z), labels[rows][:, None], 1)
        return -right.mean()

    def step(parameters, rows):
        slopes = jax.grad(mean_loss)(parameters, rows)
        return [p - RATE * g for p, g in zip(parameters, slopes, strict=True)], None

    scan = jax.jit(lambda parameters, order: jax.lax.scan(step, parameters, order)[0])

    def epoch():
        nonlocal parameters
        order = rng.permutation(data.n_samples)[: n_steps * batch].reshape(n_steps, batch)
        parameters = scan(parameters, order)
        jax.block_until_ready(parameters)

    return epoch


PEERS = {
    "NumPy, preallocated": numpy_epoch,
    "PyTorch, nn.Module and SGD": torch_module_epoch,
    "PyTorch, by hand": torch_by_hand_epoch,
    "scikit-learn": sklearn_epoch,
    "JAX, jitted scan": jax_epoch,
}


def present(net, data, batch):
    """The peers that are installed, by name."""
    found = {}
    for name, make in PEERS.items():
        try:
            found[name] = make(net, data, batch)
        except pytest.skip.Exception:
            continue
    return found


def seconds(epoch):
    began = time.perf_counter()
    epoch()
    return time.perf_counter() - began


@pytest.mark.parametrize(("hidden", "batch"), [(32, 64), (128, 64), (512, 64), (512, 512)])
def test_epoch(benchmark, images, rounds, summary, hidden, batch):
    net = sg.networks.MLP(sizes=(784, hidden, 10))
    ours, pair = Ours(net, images, 1, batch), Ours(net, images, 2, batch)
    peers = {"ours, 2 replicas on 2 threads": pair}
    if crew_size(net, batch, 2) == 2:
        peers["ours, 1 replica on 2 threads"] = Ours(net, images, 1, batch, crew=2)
    peers |= present(net, images, batch)
    ours()  # compiles
    for epoch in peers.values():
        epoch()
    losses = {
        name: epoch.loss(net, images)
        for name, epoch in {"ours": ours, **peers}.items()
        if hasattr(epoch, "loss")
    }
    assert max(losses.values()) < 1.15 * min(losses.values())  # they do the same work
    times = {name: [] for name in peers}

    def others():
        for name, epoch in peers.items():
            times[name].append(seconds(epoch))

    benchmark.group = f"one epoch, 784-{hidden}-10, batch {batch}"
    benchmark.pedantic(ours, setup=others, rounds=rounds)
    report(benchmark, images, times, summary)
    report_threads(benchmark, times, ours, pair, summary)


def report(benchmark, images, times, summary):
    n = images.n_samples
    all_times = {"ours, 1 thread": list(benchmark.stats.stats.data), **times}
    reference = np.array(all_times["NumPy, preallocated"])
    benchmark.extra_info["data"] = images.name
    summary.append(f"{benchmark.group}; {images.name}; {reference.size} rounds")
    summary.append(
        f"{'':32}{'best':>9}{'median':>9}{'samples/s':>12}{'time / NumPy: best':>20}"
        f"{'median of rounds':>18}"
    )
    for name, values in all_times.items():
        spent = np.array(values)
        trained = 2 * n if "2 replicas" in name else n
        info = {
            "best_s": spent.min(),
            "median_s": np.median(spent),
            "samples_per_s": trained / spent.min(),
            "over_numpy_best": spent.min() / reference.min(),
            "over_numpy_median": np.median(spent / reference),
        }
        benchmark.extra_info[name] = {key: float(value) for key, value in info.items()}
        summary.append(
            f"{name:32}{spent.min():8.3f}s{np.median(spent):8.3f}s"
            f"{info['samples_per_s']:12,.0f}{info['over_numpy_best']:20.2f}{info['over_numpy_median']:18.2f}"
        )


def report_threads(benchmark, times, ours, pair, summary):
    """How much more two threads do, by the clock and, for busy machines, by processor time."""
    one = np.array(benchmark.stats.stats.data)
    two = np.array(times["ours, 2 replicas on 2 threads"])
    busy_one, busy_two = (np.array(o.processor_seconds[1:]) for o in (ours, pair))
    gain = {
        "best": 2 * one.min() / two.min(),
        "median": float(np.median(2 * one / two)),
        "if_cores_are_free": float(2 * np.median(2 * busy_one / busy_two)),
    }
    benchmark.extra_info["two_threads_gain"] = gain
    summary.append(
        f"2 threads do {gain['best']:.2f} times the work of 1 (best; median of rounds "
        f"{gain['median']:.2f}; by processor time {gain['if_cores_are_free']:.2f})"
    )
    summary.append("")
