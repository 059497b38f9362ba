"""Options, data and the summary of the benchmarks.

Run them with ``pytest benchmarks``; ``--rounds 15`` for steadier numbers. Peers that are not
installed are left out (``pip install ".[bench]"`` installs them all).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import spinglass_nn as sg

# read when JAX is imported: one thread, as for everyone else
os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

DEBIAN_FOLDER = "/usr/share/datasets/fashion-mnist"
SUMMARY = pytest.StashKey[list]()


def pytest_addoption(parser):
    group = parser.getgroup("spinglass_nn benchmarks")
    group.addoption("--rounds", type=int, default=7, help="interleaved rounds (default 7)")
    group.addoption(
        "--fashion-mnist",
        default=os.environ.get("FASHION_MNIST", DEBIAN_FOLDER),
        help="folder of the Fashion-MNIST files (or the variable FASHION_MNIST)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    config.option.benchmark_skip = False  # who names this folder wants them run
    config.stash[SUMMARY] = []


@pytest.fixture
def rounds(request):
    return request.config.getoption("--rounds")


@pytest.fixture(scope="session")
def images(request):
    """60,000 images of 28 x 28 pixels: Fashion-MNIST, or noise of that size."""
    folder = Path(request.config.getoption("--fashion-mnist"))
    if folder.is_dir():
        return sg.datasets.fashion_mnist(data_dir=folder)
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((60_000, 784), dtype=np.float32)
    labels = rng.integers(0, 10, 60_000)
    return sg.datasets.Dataset(inputs, labels, n_classes=10, name="random pixels")


@pytest.fixture
def summary(request):
    """Lines to print when all is done."""
    return request.config.stash[SUMMARY]


def pytest_terminal_summary(terminalreporter, config):
    lines = config.stash[SUMMARY]
    if lines:
        terminalreporter.section("ours and others, interleaved")
        for line in lines:
            terminalreporter.write_line(line)
