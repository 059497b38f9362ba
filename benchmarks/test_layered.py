"""784-512-512-10 read as spins: its lowest eigenvalue, T_c and TAP, beside dense ways and PyTorch.

One thread each, processor time, rounds interleaved. "dense" is what one writes in an afternoon: the
matrix of all 1818 spins in NumPy; PyTorch the same, and its own LOBPCG on the layers.
"""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from spinglass_nn._core import threads
from spinglass_nn.spins import (
    BondMatrix,
    LayeredIsing,
    _tap_search,
    bond_spectrum,
    instability,
    layered_theory,
)
from spinglass_nn.spins._tap_equations import Equations

SIZES = (784, 512, 512, 10)
TEMPERATURE = 1.3


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    pairs = itertools.pairwise(SIZES)
    return LayeredIsing.from_weights(
        [rng.standard_normal((b, a)) / np.sqrt(a) for a, b in pairs]
    )


def compare(functions, rounds, summary, title):
    """Best and median processor time of each, interleaved, after one call to warm up."""
    times = {name: [] for name in functions}
    with threads.one_blas_thread():
        for turn in range(rounds + 1):
            for name, function in functions.items():
                start = time.process_time()
                function()
                if turn:
                    times[name].append(time.process_time() - start)
    summary.append(title)
    for name, each in times.items():
        summary.append(
            f"  {name:36s} {1e3 * min(each):9.1f} ms best, {1e3 * np.median(each):9.1f} median"
        )
    return {name: min(each) for name, each in times.items()}


def dense_lowest(model):
    matrix = model.matrix()
    beta = 1 / TEMPERATURE
    diagonal = 1 + beta**2 * (matrix**2).sum(axis=1)
    return np.linalg.eigvalsh(np.diag(diagonal) - beta * matrix)[0]


def torch_lowest(model, way):
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        matrix = torch.from_numpy(model.matrix())
        beta = 1 / TEMPERATURE
        stability = torch.diag(1 + beta**2 * (matrix**2).sum(dim=1)) - beta * matrix
        if way == "eigvalsh":
            return float(torch.linalg.eigvalsh(stability)[0])
        torch.manual_seed(0)
        return float(torch.lobpcg(stability, k=1, largest=False, niter=300)[0][0])
    finally:
        torch.set_num_threads(before)


def test_lowest_eigenvalue(model, rounds, summary):
    values = {
        "ours": instability.curve(model, [TEMPERATURE]).values[0],
        "NumPy": dense_lowest(model),
        "torch lobpcg": torch_lowest(model, "lobpcg"),
    }
    found = instability.curve(model, [TEMPERATURE])
    assert abs(values["ours"] - values["NumPy"]) < 1e-4
    best = compare(
        {
            "ours": lambda: instability.curve(model, [TEMPERATURE]),
            "NumPy eigvalsh, dense": lambda: dense_lowest(model),
            "torch eigvalsh, dense": lambda: torch_lowest(model, "eigvalsh"),
            "torch lobpcg, dense": lambda: torch_lowest(model, "lobpcg"),
        },
        min(rounds, 3), summary,
        f"lowest eigenvalue at one temperature, {found.n_products} products; off by "
        f"{values['ours'] - values['NumPy']:.1e} here, "
        f"{values['torch lobpcg'] - values['NumPy']:.1e} torch lobpcg",
    )  # fmt: skip
    assert best["ours"] < best["NumPy eigvalsh, dense"] / 10


def test_critical_temperature(model, rounds, summary):
    found = instability.find(model)
    best = compare(
        {"T_c, T_g, status, minimum": lambda: instability.find(model)}, rounds, summary,
        f"critical temperature of one network, {found.n_products} products",
    )  # fmt: skip
    assert min(best.values()) < 1.0


def test_spectrum(model, rounds, summary):
    dense = model.matrix()
    compare(
        {
            "ours, singular values of one colour": lambda: bond_spectrum.find(model),
            "ours, sampled": lambda: bond_spectrum.find(model, exact=False),
            "NumPy eigvalsh of all spins": lambda: np.linalg.eigvalsh(dense),
        },
        min(rounds, 3), summary, "spectrum of the couplings",
    )  # fmt: skip


def test_tap_iterations(model, rounds, summary):
    """100 steps from 64 starts, every step a product with J and one with its squares."""
    bonds = BondMatrix(model)
    q = layered_theory.solve(SIZES, 0.6).q
    clamp = bonds.squares_product(np.repeat(1 - q, SIZES)) / 0.36
    rows = np.random.default_rng(1).uniform(-1, 1, (64, bonds.n_spins))
    dense = model.matrix()
    squares = dense**2

    def peer():
        torch = pytest.importorskip("torch")
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        m, j, j2 = (torch.from_numpy(x) for x in (rows, dense, squares))
        for _ in range(100):
            reaction = (1 - m * m) @ j2 / 0.36
            m = 0.8 * m + 0.2 * torch.tanh(m @ j / 0.6 - reaction * m)
        torch.set_num_threads(before)

    def run(frozen):
        _tap_search.iterate(Equations(bonds, 1 / 0.6, frozen), rows, 0.2, 1e-30, 100)

    compare(
        {
            "plain": lambda: run(None),
            "clamped": lambda: run(clamp),
            "torch, dense, plain": peer,
        },
        min(rounds, 3), summary, "TAP, 100 steps from 64 starts",
    )  # fmt: skip
