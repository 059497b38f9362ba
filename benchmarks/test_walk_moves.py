"""Free steps, and Metropolis with moves of one weight, one unit and all, beside peers.

10,000 samples, 784-32-10 and 784-128-10, float32, one thread; PyTorch and JAX do the same
proposals with their fastest full evaluation. Each round runs all of them, and times are
processor times. Steps are timed by the difference of a long and a short walk, so that what is
done once (laying out the data, compiling) is told apart.
"""

from __future__ import annotations

import time

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.walks import Isotropic, Metropolis, OneUnit, OneWeight, random_walk

N_SAMPLES = 10_000
STEP = 0.05
LENGTHS = {Isotropic: (10, 110), OneUnit: (100, 1100), OneWeight: (1000, 11_000)}
RULE = Metropolis(1e-6)
# what one proposal is to be faster than a loss from scratch, at least
FLOORS = {Isotropic: 1.2, OneUnit: 10, OneWeight: 100}

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def data(images):
    inputs = images.inputs[:N_SAMPLES].astype(np.float32)
    return sg.datasets.Dataset(
        inputs, images.labels[:N_SAMPLES], n_classes=10, name=images.name
    )


def processor(function):
    """Processor time of one call, in seconds."""
    began = time.process_time()
    function()
    return time.process_time() - began


class Torch:
    """One proposal is a change of the weights in place and the loss of the whole set."""

    def __init__(self, net, start, data):
        self.torch = torch = pytest.importorskip("torch")
        self.threads = torch.get_num_threads()
        torch.set_num_threads(1)
        self.point = torch.from_numpy(start.weights.copy())
        self.layers, place = [], 0
        for n_in, n_out in zip(net.sizes[:-1], net.sizes[1:], strict=True):
            weight = self.point[place : place + n_in * n_out].view(n_out, n_in)
            place += n_in * n_out
            self.layers.append((weight, self.point[place : place + n_out]))
            place += n_out
        self.x, self.y = (
            torch.from_numpy(data.inputs.copy()),
            torch.from_numpy(data.labels.copy()),
        )

    def loss(self):
        (w1, b1), (w2, b2) = self.layers
        hidden = self.torch.relu_(self.torch.addmm(b1, self.x, w1.T))
        outputs = self.torch.addmm(b2, hidden, w2.T)
        return float(self.torch.nn.functional.cross_entropy(outputs, self.y))

    def propose(self, move, n):
        with self.torch.no_grad():
            for k in range(n):
                if move is OneWeight:
                    self.layers[0][0][k % 7, k] += 1e-4
                elif move is OneUnit:
                    self.layers[0][0][k % 7] += 1e-4 * self.torch.randn(784)
                else:
                    self.step()
                self.loss()

    def step(self):
        g = self.torch.randn_like(self.point)
        self.point += 1e-4 / self.torch.linalg.vector_norm(g) * g


class Jax:
    """One weight changed, and the loss of the whole set, as one compiled function.

    It stands for all kinds of moves: drawing them would come on top.
    """

    def __init__(self, net, start, data):
        jax = pytest.importorskip("jax")
        jnp = jax.numpy
        layers = net.layers(start.weights)
        self.weights = [
            jnp.asarray(v) for layer in layers for v in (layer.weight.T.copy(), layer.bias)
        ]
        x, y = jnp.asarray(data.inputs), jnp.asarray(data.labels)

        @jax.jit
        def loss(weights, row, unit, change):
            w1, b1, w2, b2 = weights
            hidden = jax.nn.relu(x @ w1.at[row, unit].add(change) + b1)
            outputs = hidden @ w2 + b2
            answers = jnp.take_along_axis(outputs, y[:, None], axis=1)[:, 0]
            return (jax.scipy.special.logsumexp(outputs, axis=1) - answers).mean()

        self.loss = loss

    def propose(self, n):
        for k in range(n):
            float(self.loss(self.weights, k, k % 7, 1e-4))


def walk_time(net, data, start, move, n_steps):
    found = []

    def walk():
        found.append(
            random_walk(
                net, data, start, n_steps=n_steps, step=STEP, move=move(), rule=RULE,
                record_every=n_steps, test=False, n_threads=1, rng=1,
            )
        )  # fmt: skip

    return processor(walk), found[0]


@pytest.mark.parametrize("hidden", [32, 128])
@pytest.mark.parametrize("move", [OneWeight, OneUnit, Isotropic])
def test_proposals(summary, rounds, data, hidden, move):
    net = sg.networks.MLP(sizes=(784, hidden, 10))
    start = sg.networks.initialize(net, rng=0, dtype=np.float32)[0]
    torch, jax = Torch(net, start, data), Jax(net, start, data)
    short, long = LENGTHS[move]
    walk_time(net, data, start, move, 2)  # compile
    torch.propose(move, 2)
    jax.propose(2)
    ours, alone, others, walk = [], [], {"PyTorch": [], "JAX": []}, None
    for _ in range(rounds):
        first, _ = walk_time(net, data, start, move, short)
        second, walk = walk_time(net, data, start, move, long)
        ours.append((second - first) / (long - short))
        alone.append(second / long)
        others["PyTorch"].append(processor(lambda: torch.propose(move, 20)) / 20)
        others["JAX"].append(processor(lambda: jax.propose(20)) / 20)
    torch.torch.set_num_threads(torch.threads)
    mine = np.array(ours)
    ratios = ", ".join(
        f"{np.median(np.array(times) / mine):.1f} times {name} "
        f"({1e6 * np.median(times):.0f} us; best of rounds {min(times) / mine.min():.1f})"
        for name, times in others.items()
    )
    summary.append(
        f"{move.__name__}, 784-{hidden}-10: {1e6 * np.median(mine):.1f} us per step "
        f"({1e6 * np.median(alone):.1f} with all that is done once, in {long} steps), {ratios}; "
        f"acceptance {walk.acceptance[0]:.2f}, drift {walk.drift[0]:.0e}"
    )
    fastest = np.min([np.median(np.array(times) / mine) for times in others.values()])
    assert fastest > FLOORS[move]


@pytest.mark.parametrize("hidden", [3, 128])
def test_free_steps(summary, rounds, data, hidden):
    """Steps of all parameters under no rule, whose losses nobody asks for."""
    net = sg.networks.MLP(sizes=(784, hidden, 10))
    start = sg.networks.initialize(net, rng=0, dtype=np.float32)[0]
    some = sg.datasets.Dataset(data.inputs[:10], data.labels[:10], n_classes=10)
    torch, numpy, g = (
        Torch(net, start, some),
        start.weights.copy(),
        np.empty_like(start.weights),
    )
    rng = np.random.default_rng(0)

    def torch_steps(n):
        with torch.torch.no_grad():
            for _ in range(n):
                torch.step()

    def numpy_steps(n):
        for _ in range(n):
            rng.standard_normal(out=g, dtype=np.float32)
            numpy[:] += np.float32(1e-4) / np.linalg.norm(g) * g

    n = 2_000_000_000 // net.n_parameters  # steps, a second or three of ours

    def walk(n_steps):
        random_walk(
            net, some, start, n_steps=n_steps, step=STEP, record_every=n_steps, test=False,
            n_threads=1, rng=1,
        )  # fmt: skip

    peers = {"PyTorch": torch_steps, "NumPy": numpy_steps}
    ours, others = [], {name: [] for name in peers}
    walk(2)
    for _ in range(rounds):
        short, long = processor(lambda: walk(n // 10)), processor(lambda: walk(n + n // 10))
        ours.append((long - short) / n)
        for name, steps in peers.items():
            others[name].append(processor(lambda steps=steps: steps(n // 5)) / (n // 5))
    torch.torch.set_num_threads(torch.threads)
    mine = np.array(ours)
    ratios = ", ".join(
        f"{np.median(np.array(times) / mine):.1f} times {name} ({1e6 * np.median(times):.0f} us)"
        for name, times in others.items()
    )
    summary.append(
        f"free steps, 784-{hidden}-10: {1e6 * np.median(mine):.1f} us per step, {ratios}"
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("hidden", [32, 128])
@pytest.mark.parametrize("move", [OneWeight, OneUnit])
def test_drift(summary, data, move, hidden, dtype):
    """What is missing of the loss after 10,000 accepted moves."""
    net = sg.networks.MLP(sizes=(784, hidden, 10))
    start = sg.networks.initialize(net, rng=0, dtype=dtype)[0]
    _, trial = walk_time(net, data, start, move, 2000)
    n_steps = round(1.3 * 10_000 / trial.acceptance[0])
    _, walk = walk_time(net, data, start, move, n_steps)
    made = round(walk.acceptance[0] * n_steps)
    summary.append(
        f"{move.__name__}, 784-{hidden}-10, {np.dtype(dtype)}: largest drift {walk.drift[0]:.1e} "
        f"in {made} accepted moves of {n_steps}, with a loss from scratch every "
        f"{walk.state.plan.refresh_every} steps"
    )
    assert made >= 10_000
    assert walk.drift[0] < 1e-7


def test_walkers_on_threads(summary, rounds, data):
    """Wall time needs an idle machine; processor time tells what idle cores would take."""
    net = sg.networks.MLP(sizes=(784, 32, 10))
    start = sg.networks.initialize(net, rng=0, dtype=np.float32)[0]
    walls, used = {1: [], 2: []}, {1: [], 2: []}
    for _ in range(rounds):
        for n_threads in (1, 2):
            began = time.perf_counter()
            used[n_threads].append(
                processor(
                    lambda n_threads=n_threads: random_walk(
                        net,
                        data,
                        start,
                        n_steps=4000,
                        step=STEP,
                        move=OneWeight(),
                        rule=RULE,
                        n_walkers=16,
                        record_every=4000,
                        test=False,
                        n_threads=n_threads,
                        rng=1,
                    )
                )
            )
            walls[n_threads].append(time.perf_counter() - began)
    summary.append(
        f"16 walkers on 2 threads: {2 * np.median(used[1]) / np.median(used[2]):.2f} times one "
        f"by processor time, {np.median(walls[1]) / np.median(walls[2]):.2f} by wall time"
    )
