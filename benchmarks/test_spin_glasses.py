"""Monte Carlo of spin glasses, by us and by others, in turn.

The unit is spin updates (proposed flips) per nanosecond of processor time on one thread. Each
round runs every contender once, one after the other, so that what else the machine does hits
all of them alike; what it costs to hand a model over (others convert it) is taken out by
running two lengths and dividing the difference. Only ours is timed by pytest-benchmark; rates
and ratios stand in ``extra_info`` and in the summary.
"""

from __future__ import annotations

import importlib
import itertools
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn._core import threads

pytestmark = pytest.mark.filterwarnings("default")

LADDER = np.geomspace(0.5, 2.0, 32)


def seconds(function):
    """Processor time of a call."""
    began = time.process_time()
    function()
    return time.process_time() - began


def rate(run, n_sweeps, n_spins):
    """Updates per ns from two lengths of a run of ``n_spins`` spins in all systems."""
    short, long = n_sweeps, 4 * n_sweeps
    difference = seconds(lambda: run(long)) - seconds(lambda: run(short))
    return (long - short) * n_spins / max(difference, 1e-9) / 1e9


def compare(benchmark, contenders, n_updates, rounds, summary):
    """Best rate of each contender over interleaved rounds; the first is ours.

    A contender is a function of the number of sweeps and the spins it moves in a sweep.
    """
    names = [name for name in contenders if contenders[name] is not None]
    for name in names:
        contenders[name][0](1)  # compile, convert
    rates = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            run, n_spins = contenders[name]
            rates[name].append(rate(run, max(1, int(n_updates[name] / n_spins)), n_spins))
    run, n_spins = contenders["ours"]
    sweeps = max(1, int(n_updates["ours"] / n_spins))
    benchmark.pedantic(run, args=(sweeps,), rounds=1, iterations=1)
    best = {name: max(found) for name, found in rates.items()}
    benchmark.extra_info["updates_per_ns"] = best
    words = ", ".join(f"{name} {value:.3g}" for name, value in best.items())
    ratios = ", ".join(f"{best['ours'] / best[n]:.0f} x {n}" for n in names[1:])
    summary.append(f"{benchmark.name}: {words} updates/ns; {ratios}")


def peer(package):
    """A peer, or None where it is not installed."""
    try:
        return importlib.import_module(package)
    except ImportError:
        return None


def temper(models, ladder=LADDER, n_replicas=2, observables=("overlap",), **given):
    def run(n_sweeps):
        sg.dynamics.parallel_tempering(
            models, ladder, n_sweeps=n_sweeps, n_replicas=n_replicas, n_threads=1, rng=1,
            observables=observables, record_every=0, **given,
        )  # fmt: skip

    return run, len(models) * len(ladder) * n_replicas * models[0].n_spins


def hold(model, temperature, n_replicas):
    """Sweeps alone: no exchange, no overlap."""

    def run(n_sweeps):
        sg.dynamics.simulate(
            model, temperature, n_sweeps=n_sweeps, n_replicas=n_replicas, observables=(),
            record_every=0, n_threads=1, rng=1,
        )  # fmt: skip

    return run, np.size(temperature) * n_replicas * model.n_spins


def peapods_run(shape, n_samples):
    module = peer("peapods")
    if module is None:
        return None
    model = module.Ising(
        shape, "bimodal", temperatures=LADDER, n_replicas=2, n_disorder=n_samples
    )

    def run(n_sweeps):
        model.sample(n_sweeps, pt_interval=1, sequential=True)

    return run, n_samples * len(LADDER) * 2 * int(np.prod(shape))


def pair_dict(model):
    i, j, couplings = model.graph().bonds
    return {
        (int(a), int(b)): -float(c) for a, b, c in zip(i, j, couplings, strict=True)
    }  # they take + s s


def openjij_run(model, temperature, n_reads, sparse):
    module = peer("openjij")
    if module is None:
        return None
    pairs = pair_dict(model)

    def run(n_sweeps):
        schedule = [[1 / temperature, n_sweeps]]
        module.SASampler().sample_ising(
            {}, pairs, num_reads=n_reads, schedule=schedule, sparse=sparse
        )

    return run, n_reads * model.n_spins


def dwave_run(model, temperature, n_reads):
    if peer("dwave.samplers") is None:
        return None
    sampler = peer("dwave.samplers").SimulatedAnnealingSampler()
    pairs, none = pair_dict(model), dict.fromkeys(range(model.n_spins), 0.0)

    def run(n_sweeps):
        sampler.sample_ising(
            none, pairs, num_reads=n_reads, num_sweeps=n_sweeps, seed=1,
            beta_schedule_type="custom", beta_schedule=np.full(n_sweeps, 1 / temperature),
        )  # fmt: skip

    return run, n_reads * model.n_spins


def numpy_layers_run(weights, n_systems):
    """Heat bath of every other layer at once, as one writes it in NumPy; no exchange."""
    rng = np.random.default_rng(1)
    sizes = [weights[0].shape[1], *(len(w) for w in weights)]
    layers = [rng.choice([-1.0, 1.0], (n_systems, n)) for n in sizes]
    beta = 1 / np.resize(LADDER, n_systems)[:, None]

    def run(n_sweeps):
        for _ in range(n_sweeps):
            for k in (*range(0, len(sizes), 2), *range(1, len(sizes), 2)):
                field = layers[k - 1] @ weights[k - 1].T if k else 0.0
                if k + 1 < len(sizes):
                    field = field + layers[k + 1] @ weights[k]
                up = rng.random(layers[k].shape) < 1 / (1 + np.exp(-2 * beta * field))
                layers[k] = np.where(up, 1.0, -1.0)

    return run, n_systems * sum(sizes)


def torch_layers_run(weights, n_systems):
    """The same in PyTorch, in single precision."""
    torch = peer("torch")
    if torch is None:
        return None
    matrices = [torch.from_numpy(w.astype(np.float32)) for w in weights]
    sizes = [weights[0].shape[1], *(len(w) for w in weights)]
    layers = [torch.sign(torch.randn(n_systems, n)) for n in sizes]
    beta = torch.from_numpy(1 / np.resize(LADDER, n_systems).astype(np.float32))[:, None]

    def run(n_sweeps):
        torch.set_num_threads(1)
        for _ in range(n_sweeps):
            for k in (*range(0, len(sizes), 2), *range(1, len(sizes), 2)):
                field = layers[k - 1] @ matrices[k - 1].T if k else 0.0
                if k + 1 < len(sizes):
                    field = field + layers[k + 1] @ matrices[k]
                up = torch.rand(layers[k].shape) < torch.sigmoid(2 * beta * field)
                layers[k] = 2.0 * up - 1.0

    return run, n_systems * sum(sizes)


@pytest.mark.parametrize("size", [8, 16, 32])
def test_pm1_lattice_with_tempering_energy_and_overlap_every_sweep(
    benchmark, size, rounds, summary
):
    shape = (size,) * 3
    models = [sg.spins.EdwardsAnderson(shape, "pm1", sample=k, rng=1) for k in range(8)]
    work = {"ours": 1.5e9, "peapods": 1.5e7, "one sample": 5e8}
    contenders = {
        "ours": temper(models),
        "peapods": peapods_run(shape, 1),
        "one sample": temper(models[:1]),
    }
    compare(benchmark, contenders, work, rounds, summary)


@pytest.mark.parametrize("size", [8, 16])
def test_gaussian_lattice_sweeps(benchmark, size, rounds, summary):
    model = sg.spins.EdwardsAnderson((size,) * 3, rng=1)
    work = {"ours": 5e8, "openjij": 3e7, "dwave": 3e7}
    contenders = {
        "ours": hold(model, LADDER, 2),
        "openjij": openjij_run(model, 1.1, 8, True),
        "dwave": dwave_run(model, 1.1, 8),
    }
    compare(benchmark, contenders, work, rounds, summary)


@pytest.mark.parametrize("size", [8, 16, 32])
def test_gaussian_lattice_with_tempering_and_overlap_every_sweep(
    benchmark, size, rounds, summary
):
    model = sg.spins.EdwardsAnderson((size,) * 3, rng=1)
    compare(benchmark, {"ours": temper([model])}, {"ours": 4e8}, rounds, summary)


@pytest.mark.parametrize("n_spins", [256, 1024, 4096])
def test_fully_connected_sweeps(benchmark, n_spins, rounds, summary):
    model = sg.spins.SherringtonKirkpatrick(n_spins, rng=1)
    work = {"ours": 1e8, "openjij": 1e7, "dwave": 1e7}
    if n_spins > 2000:
        work = {"ours": 3e7, "dwave": 1e6}
    contenders = {
        "ours": hold(model, np.linspace(0.499, 0.501, 32), 2),  # 64 systems at T = 0.5
        "openjij": openjij_run(model, 0.5, 8, False) if n_spins < 2000 else None,
        "dwave": dwave_run(model, 0.5, 8),
    }
    compare(benchmark, contenders, work, rounds, summary)


@pytest.mark.parametrize("sizes", [(784, 32, 10), (784, 128, 10), (784, 512, 512, 10)])
def test_layered_heat_bath_with_tempering(benchmark, sizes, rounds, summary):
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=(b, a)) / np.sqrt(a) for a, b in itertools.pairwise(sizes)]
    model = sg.spins.LayeredIsing.from_weights(weights)
    contenders = {  # ours exchanges and measures overlaps as well
        "ours": temper([model]),
        "NumPy": numpy_layers_run(weights, 2 * LADDER.size),
        "torch": torch_layers_run(weights, 2 * LADDER.size),
    }
    work = {"ours": 1e8, "NumPy": 1e7, "torch": 1e7}
    with threads.one_blas_thread():
        compare(benchmark, contenders, work, rounds, summary)


@pytest.mark.parametrize(("p", "n_spins"), [(3, 32), (3, 64), (4, 32)])
def test_many_body_with_tempering(benchmark, p, n_spins, rounds, summary):
    model = sg.spins.PSpin(n_spins, p, rng=1)
    ours = temper([model], np.geomspace(0.3, 1.2, 32))
    compare(benchmark, {"ours": ours}, {"ours": 1e7}, rounds, summary)


@pytest.mark.parametrize("kind", ["pm1", "gaussian", "sk"])
def test_two_threads(benchmark, kind, rounds, summary):
    """Wall time of one thread over that of two, in runs of a few seconds."""
    if kind == "sk":
        models = [sg.spins.SherringtonKirkpatrick(256, sample=k, rng=1) for k in range(8)]
    else:
        models = [sg.spins.EdwardsAnderson((8,) * 3, kind, sample=k, rng=1) for k in range(32)]
    n_sweeps = {"pm1": 20_000, "gaussian": 3000, "sk": 2000}[kind]

    def run(n_threads):
        began = time.perf_counter()
        sg.dynamics.parallel_tempering(
            models, LADDER, n_sweeps=n_sweeps, record_every=0, n_threads=n_threads, rng=1
        )
        return time.perf_counter() - began

    run(1)
    times = [(run(1), run(2)) for _ in range(rounds)]
    gains = sorted(one / two for one, two in times)
    benchmark.pedantic(run, args=(2,), rounds=1, iterations=1)
    benchmark.extra_info["gain"] = gains
    summary.append(f"{kind}: two threads {gains[0]:.2f} ... {gains[-1]:.2f} times faster")


COMPILE = """
import time, sys
import numpy as np
import spinglass_nn as sg
rng = np.random.default_rng(1)
models = {
    "multispin": lambda: sg.spins.EdwardsAnderson((4, 4, 4), "pm1", rng=1),
    "sparse": lambda: sg.spins.EdwardsAnderson((4, 4, 4), rng=1),
    "dense": lambda: sg.spins.SherringtonKirkpatrick(32, rng=1),
    "layered": lambda: sg.spins.LayeredIsing.from_weights([rng.normal(size=(8, 16))]),
    "many-body": lambda: sg.spins.PSpin(16, 3, rng=1),
}
model = models[sys.argv[1]]()
began = time.perf_counter()
sg.dynamics.parallel_tempering(model, np.geomspace(0.5, 2, 8), n_sweeps=8, rng=1)
print(time.perf_counter() - began)
"""


@pytest.mark.parametrize("kernel", ["multispin", "sparse", "dense", "layered", "many-body"])
def test_first_call(benchmark, summary, kernel, tmp_path):
    """Seconds of the first call: nothing compiled, and compiled by an earlier process."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def call():
        done = subprocess.run(
            [sys.executable, "-c", COMPILE, kernel],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return float(done.stdout)

    compiled = call()
    cached = benchmark.pedantic(call, rounds=1, iterations=1)
    benchmark.extra_info |= {"compiling": compiled, "from_cache": cached}
    summary.append(f"{kernel}: first call {compiled:.1f} s, from the cache {cached:.2f} s")
