"""Results made up from plausible physics: figures need only their attributes."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.cluster.hierarchy import average, leaves_list, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from spinglass_nn.statistics import Estimate


def history(n_replicas=6, n_records=40, seed=0):
    rng = np.random.default_rng(seed)
    epochs = np.linspace(0, 20, n_records)
    rate = rng.uniform(0.25, 0.32, (n_replicas, 1))
    train = 0.08 + 2.2 * np.exp(-rate * epochs) * np.exp(rng.normal(0, 0.02, (n_replicas, 1)))
    train[np.cumsum(train <= 0.105, axis=1) > 1] = np.nan
    test = train + 0.02 * epochs * 0.6 + 0.02
    return SimpleNamespace(
        epochs=epochs,
        train_loss=train,
        test_loss=test,
        norm=train,
        train_accuracy=1 - 0.35 * train,
        test_accuracy=1 - 0.35 * test,
    )


def walk(rho=1.0, curvature=0.1, n_walkers=20, n_records=101, start=0.2, seed=1):
    rng = np.random.default_rng(seed)
    steps = np.linspace(0, 1000, n_records)
    norm, n = 11.0, 51_010
    noise = 1 + rng.normal(0, 0.004, (n_walkers, n_records)).cumsum(axis=1) * 0.1
    distance = norm * rho * np.sqrt(steps / 1000) * noise
    relative = distance / norm
    slope = curvature * (1 + 0.25 * rng.normal(size=(n_walkers, 1)))
    loss = start + slope * relative**2 * (1 + 0.25 * relative**2)
    return SimpleNamespace(
        steps=steps,
        distance=distance,
        overlap=1 / np.sqrt(1 + relative**2),
        loss=loss,
        accuracy=0.1 + 0.83 * np.exp(-0.3 * (loss - start)),
        test_loss=None,
        test_accuracy=None,
        start_norm=norm,
        n_parameters=n,
    )


def trace_of(made, curvature=0.1):
    scale = 2 * made.n_parameters / made.start_norm**2
    return Estimate(curvature * scale, 0.06 * curvature * scale)


def curve(barrier=0.8, n_points=21, end=0.2, seed=2):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, n_points)
    loss = end + barrier * (np.sin(np.pi * t) ** 2) * (1 + 0.15 * rng.normal())
    accuracy = 0.93 - 0.4 * (loss - end)
    return SimpleNamespace(
        coordinate=t,
        distance=14 * t,
        loss=loss,
        accuracy=accuracy,
        test_loss=None,
        test_accuracy=None,
        name="swap",
    )


def chain(n_legs=12, per_leg=10):
    t = np.linspace(0, n_legs, n_legs * per_leg + 1)
    bump = np.random.default_rng(3).exponential(0.02, n_legs + 1)[np.floor(t).astype(int)]
    loss = 0.2 + bump * np.sin(np.pi * t) ** 2
    return SimpleNamespace(
        coordinate=t,
        distance=t,
        loss=loss,
        accuracy=0.93 - loss / 5,
        test_loss=None,
        test_accuracy=None,
        name="chain",
    )


def distances(kind="forked", n=24, seed=4):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), n // 3)
    d = rng.normal(12.4, 0.12, (n, n))
    if kind == "forked":
        same = labels[:, None] == labels
        d[same] = rng.normal(1.9, 0.03, same.sum())
        half = np.arange(n) // (n // 6)
        same = half[:, None] == half
        d[same] = rng.normal(1.2, 0.03, same.sum())
    d = np.triu(d, 1)
    shuffled = rng.permutation(n)
    d = (d + d.T)[np.ix_(shuffled, shuffled)]
    return SimpleNamespace(values=d, kind="euclidean", groups=labels[shuffled])


def tree(made):
    condensed = squareform(made.values, checks=False)
    linkage = optimal_leaf_ordering(average(condensed), condensed)
    return SimpleNamespace(linkage=linkage, order=leaves_list(linkage))


def distribution(mean=0.458, width=0.012, seed=5):
    rng = np.random.default_rng(seed)
    edges = np.linspace(-0.2, 1, 61)
    q = rng.normal(mean, width, (8, 62))
    counts = np.stack([np.histogram(row, edges, density=True)[0] for row in q])
    return SimpleNamespace(
        centers=(edges[1:] + edges[:-1]) / 2,
        edges=edges,
        density=counts.mean(axis=0),
        error=counts.std(axis=0, ddof=1) / np.sqrt(8),
        n_units=8,
    )


def claim(identifier, protocol, verdict):
    return SimpleNamespace(identifier=identifier, protocol=protocol, verdict=verdict)


@pytest.fixture(scope="session")
def like():
    """Builders of made-up results."""
    return SimpleNamespace(
        history=history,
        walk=walk,
        trace_of=trace_of,
        curve=curve,
        chain=chain,
        distances=distances,
        tree=tree,
        distribution=distribution,
        claim=claim,
    )
