"""Dynamics whose outcome is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.training import SGD, Adam, train_replicas

pytestmark = pytest.mark.physics


@pytest.fixture(scope="module")
def regression():
    """Linear regression without noise: 60 samples of 6 inputs, one target."""
    rng = np.random.default_rng(2)
    inputs = rng.standard_normal((60, 6)) * np.linspace(0.5, 2.0, 6)
    truth = rng.standard_normal((6, 1))
    return sg.datasets.Dataset(inputs, None, targets=inputs @ truth), truth[:, 0]


@pytest.mark.parametrize("momentum", [0.0, 0.6])
def test_each_mode_of_a_quadratic_bowl_decays_by_itself(regression, momentum):
    """x_(t+1) = (1 + m - eta k) x_t - m x_(t-1) for the mode of curvature k."""
    data, truth = regression
    net = sg.networks.MLP(sizes=(6, 1), bias=False, loss="squared_error")
    curvatures, modes = np.linalg.eigh(data.inputs.T @ data.inputs / 60)
    rate, n_steps = 0.2, 40
    run = train_replicas(
        net,
        data,
        n_epochs=n_steps,
        batch_size=60,
        optimizer=SGD(rate, momentum=momentum),
        start=sg.networks.Replica(net, np.zeros(6)),
        snapshots=range(n_steps + 1),
        rng=0,
    )
    found = (run.snapshots.weights[0] - truth) @ modes
    for k, curvature in enumerate(curvatures):
        roots = np.roots([1, -(1 + momentum - rate * curvature), momentum])
        before, now = found[0, k], found[0, k] * (1 - rate * curvature)
        if momentum:  # two roots; the first step has no velocity yet
            system = np.array([[1, 1], roots])
            coefficients = np.linalg.solve(system, np.array([before, now], dtype=complex))
            powers = roots[:, None] ** np.arange(n_steps + 1)
            expected = (coefficients @ powers).real
        else:
            expected = before * (1 - rate * curvature) ** np.arange(n_steps + 1)
        np.testing.assert_allclose(found[:, k], expected, rtol=0, atol=1e-12)
    losses = 0.5 * (found**2) @ curvatures
    np.testing.assert_allclose(run.history.train_loss[0], losses, rtol=1e-9, atol=1e-15)


def test_rescaling_has_a_conserved_charge():
    """|w_j|^2 + b_j^2 - |a_j|^2 is kept by gradient flow, and by small steps to order eta."""
    net = sg.networks.MLP(sizes=(8, 10, 3))
    data = sg.datasets.gaussian_mixture(8, 120, 3, separation=2.0, n_test=0, rng=4)
    start = sg.networks.initialize(net, initializer="he_normal", rng=1)

    def charges(replica):
        (w, b), (a, _) = replica.layers
        return (w**2).sum(1) + b**2 - (a**2).sum(0)

    drifts, moved = [], []
    for rate in (0.02, 0.01, 0.005):  # the same time, in more and smaller steps
        run = train_replicas(
            net,
            data,
            n_epochs=round(4 / rate),
            batch_size=120,
            optimizer=SGD(rate),
            start=start,
            record_every=1000,
            rng=0,
        )
        drifts.append(np.linalg.norm(charges(run.replicas[0]) - charges(start[0])))
        moved.append(np.linalg.norm(run.replicas.weights[0] - start.weights[0]))
    assert min(moved) > 1
    assert drifts[0] < 0.02
    np.testing.assert_allclose(drifts[0] / drifts[1], 2, atol=0.1)
    np.testing.assert_allclose(drifts[1] / drifts[2], 2, atol=0.05)


@pytest.mark.parametrize("optimizer", [SGD(0.1, momentum=0.9), Adam(0.01)])
def test_training_commutes_with_permutations(optimizer):
    """The dynamics does not know how units are numbered."""
    net = sg.networks.MLP(sizes=(6, 12, 7, 3), activation="tanh")
    data = sg.datasets.gaussian_mixture(6, 90, 3, rng=1)
    start = sg.networks.initialize(net, rng=2)[0]
    turn = sg.symmetries.random_permutation(net, rng=3)
    settings = {"n_epochs": 5, "optimizer": optimizer, "rng": 5}
    plain = train_replicas(net, data, start=start, **settings)
    turned = train_replicas(net, data, start=turn.apply(start), **settings)
    np.testing.assert_allclose(
        turn.apply(plain.replicas[0]).weights, turned.replicas[0].weights, rtol=0, atol=1e-10
    )
    assert np.abs(turned.replicas[0].weights - plain.replicas[0].weights).max() > 0.1


@pytest.mark.parametrize("n_classes", [2, 4])
def test_gaussian_clouds_are_told_apart_as_well_as_can_be(n_classes):
    """A linear softmax network is the best classifier of equal Gaussian clouds."""
    data = sg.datasets.gaussian_mixture(
        6, 20_000, n_classes, separation=2.0, n_test=40_000, rng=7
    )
    net = sg.networks.MLP(sizes=(6, n_classes))
    run = train_replicas(
        net, data, n_epochs=6, batch_size=200, optimizer=SGD(0.3), record_every=6, rng=1
    )
    best = sg.datasets.bayes_error(2.0, n_classes)
    error = 1 - run.history.test_accuracy[0, -1]
    z = (error - best) / np.sqrt(best * (1 - best) / 40_000)
    assert abs(z) < 4


def test_one_step_of_sgd_is_unbiased():
    """Its mean over replicas is the full gradient, its scatter that of the samples."""
    net = sg.networks.MLP(sizes=(5, 3))
    data = sg.datasets.gaussian_mixture(5, 64, 3, rng=2)
    point = sg.networks.initialize(net, rng=0)[0]
    n, batch = 4000, 8
    run = train_replicas(
        net,
        data,
        n_replicas=n,
        n_epochs=1,
        batch_size=batch,
        optimizer=SGD(1.0),
        start=point,
        snapshots=[1],
        record_every=10,
        rng=3,
    )
    steps = point.weights - run.snapshots.weights[:, 0]
    full = sg.networks.gradient(net, point, data)
    z = (steps.mean(axis=0) - full) / (steps.std(axis=0, ddof=1) / np.sqrt(n))
    assert np.abs(z).max() < 4.5  # the largest of 18
    each = np.stack([sg.networks.gradient(net, point, data.take([i])) for i in range(64)])
    # a batch drawn without replacement: s^2 / B (1 - B / n_samples)
    expected = each.var(axis=0, ddof=1) / batch * (1 - batch / 64)
    found = steps.var(axis=0, ddof=1)
    np.testing.assert_allclose(found, expected, rtol=5 * np.sqrt(2 / n) * 1.5)
