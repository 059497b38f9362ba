"""Replica 17 is replica 17: whoever trains beside it, on however many threads."""

from __future__ import annotations

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.training import SGD, Adam, train_replicas

SETTINGS = {"n_epochs": 3, "batch_size": 16, "optimizer": Adam(0.01), "rng": 3}


@pytest.fixture(scope="module")
def twenty(net, clouds):
    return train_replicas(
        net, clouds, n_replicas=20, subset_size=40, snapshots=(0, 2, 5), **SETTINGS
    )


def test_replica_17_alone_equals_replica_17_of_20(net, clouds, twenty, same_run):
    alone = train_replicas(
        net,
        clouds,
        n_replicas=1,
        first_replica=17,
        subset_size=40,
        snapshots=(0, 2, 5),
        **SETTINGS,
    )
    same_run(alone, twenty, slice(17, 18))


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_any_number_of_threads_gives_the_same_bits(net, clouds, twenty, same_run, n_threads):
    again = train_replicas(
        net,
        clouds,
        n_replicas=20,
        subset_size=40,
        snapshots=(0, 2, 5),
        n_threads=n_threads,
        **SETTINGS,
    )
    same_run(again, twenty)


def test_all_replicas_differ(twenty):
    weights = twenty.replicas.weights
    assert len(np.unique(weights.round(6), axis=0)) == 20


@pytest.mark.parametrize(
    ("share", "same_start", "same_order"),
    [
        ((), False, False),
        (("start",), True, False),
        (("order",), False, True),
        (("start", "order"), True, True),
        ("start", True, False),
    ],
)
def test_what_replicas_share(net, clouds, share, same_start, same_order):
    run = train_replicas(
        net, clouds, n_replicas=3, share=share, snapshots=[0, 1], **SETTINGS | {"n_epochs": 1}
    )
    start = run.snapshots.weights[:, 0]
    assert (start == start[0]).all() == same_start
    assert (start[0] != start[1]).any() != same_start
    # the first step alone, from one and the same point, tells the order
    point = sg.networks.initialize(net, rng=0)[0]
    run = train_replicas(
        net,
        clouds,
        n_replicas=3,
        share=share,
        start=point,
        snapshots=[1],
        **SETTINGS | {"n_epochs": 1},
    )
    first = run.snapshots.weights[:, 0]
    assert (first == first[0]).all() == same_order


def test_shared_start_is_that_of_replica_0(net, clouds):
    shared = train_replicas(
        net,
        clouds,
        n_replicas=2,
        first_replica=5,
        share=("start",),
        snapshots=[0],
        **SETTINGS | {"n_epochs": 1},
    )
    initial = sg.networks.initialize(net, rng=3).weights[0]
    np.testing.assert_array_equal(shared.snapshots.weights[:, 0], [initial, initial])


def test_shared_subset_means_the_same_samples(net, clouds):
    """With full batches the order does not matter, so equal samples give equal steps."""
    settings = SETTINGS | {"batch_size": 50, "n_epochs": 1}
    point = sg.networks.initialize(net, rng=0)[0]
    steps = {}
    for share in ((), ("subset",)):
        run = train_replicas(
            net, clouds, n_replicas=2, start=point, subset_size=25, share=share, **settings
        )
        steps[share] = run.replicas.weights
    np.testing.assert_allclose(*steps["subset",], rtol=1e-12, atol=1e-12)
    assert np.abs(steps[()][0] - steps[()][1]).max() > 1e-4


def test_everything_shared_gives_copies(net, clouds):
    run = train_replicas(
        net,
        clouds,
        n_replicas=3,
        subset_size=30,
        share=("start", "order", "subset"),
        **SETTINGS,
    )
    weights = run.replicas.weights
    np.testing.assert_array_equal(weights, np.broadcast_to(weights[0], weights.shape))


def test_a_subset_is_what_is_trained_on_and_recorded(net, clouds):
    size = 20
    run = train_replicas(
        net, clouds, subset_size=size, **SETTINGS | {"batch_size": 20, "n_epochs": 1}
    )
    rows = Seed(3).generator(Stream.SUBSETS, 0).permutation(50)[:size]
    subset = clouds.take(np.sort(rows))
    theta = sg.networks.initialize(net, rng=3).weights[0]
    assert run.history.train_loss[0, 0] == sg.networks.loss(net, theta, subset)
    assert run.history.train_loss[0, 1] == sg.networks.loss(net, run.replicas[0], subset)
    # Adam's first step is the sign of the gradient, here of the subset's
    sign = np.sign(theta - run.replicas.weights[0])
    g = sg.networks.gradient(net, theta, subset)
    clear = np.abs(g) > 1e-6
    assert clear.sum() > 20
    np.testing.assert_array_equal(sign[clear], np.sign(g[clear]))


def test_starting_points_may_be_given(net, clouds):
    points = sg.networks.initialize(net, n_replicas=3, initializer="he_normal", rng=9)
    settings = SETTINGS | {"n_epochs": 1}
    many = train_replicas(net, clouds, n_replicas=3, start=points, snapshots=[0], **settings)
    np.testing.assert_array_equal(many.snapshots.weights[:, 0], points.weights)
    one = train_replicas(
        net, clouds, start=points[2], first_replica=2, snapshots=[0], **settings
    )
    np.testing.assert_array_equal(one.replicas.weights[0], many.replicas.weights[2])
    np.testing.assert_array_equal(  # the caller's points are left alone
        points.weights,
        sg.networks.initialize(net, n_replicas=3, initializer="he_normal", rng=9).weights,
    )


@pytest.mark.parametrize("initializer", ["he_normal", "glorot_uniform", "orthogonal"])
def test_named_starts_are_the_initializers(net, clouds, initializer):
    run = train_replicas(
        net, clouds, n_replicas=2, start=initializer, snapshots=[0], **SETTINGS
    )
    wanted = sg.networks.initialize(net, n_replicas=2, initializer=initializer, rng=3)
    np.testing.assert_array_equal(run.snapshots.weights[:, 0], wanted.weights)


@pytest.mark.parametrize("rng", [3, np.random.SeedSequence(1, spawn_key=(2, 5))])
def test_the_start_is_that_of_initialize_for_every_kind_of_seed(net, clouds, rng):
    run = train_replicas(net, clouds, n_replicas=2, n_epochs=0, rng=rng)
    wanted = sg.networks.initialize(net, n_replicas=2, rng=rng)
    np.testing.assert_array_equal(run.replicas.weights, wanted.weights)


def test_seeds_decide(net, clouds):
    def final(rng):
        return train_replicas(net, clouds, **SETTINGS | {"rng": rng}).replicas.weights

    assert (final(1) != final(2)).any()
    np.testing.assert_array_equal(final(1), final(np.int64(1)))
    assert (final(None) != final(None)).any()
    generator = np.random.default_rng(4)
    first, second = final(generator), final(generator)
    assert (first != second).any()  # a generator is drawn from
    np.testing.assert_array_equal(first, final(np.random.default_rng(4)))
    sequence = np.random.SeedSequence(1, spawn_key=(2,))
    np.testing.assert_array_equal(final(sequence), final(sequence))
    assert (final(sequence) != final(1)).any()


def test_every_sample_is_seen_once_an_epoch(net):
    """Targets far apart make each sample's own gradient visible in the sum of all steps."""
    linear = sg.networks.MLP(sizes=(23, 1), bias=False, loss="squared_error")
    data = sg.datasets.Dataset(np.eye(23), None, targets=np.arange(1.0, 24)[:, None])
    run = train_replicas(
        linear,
        data,
        n_epochs=1,
        batch_size=5,
        optimizer=SGD(1.0),
        start=sg.networks.Replica(linear, np.zeros(23)),
        rng=0,
    )
    sizes = np.round(np.arange(1.0, 24) / run.replicas.weights[0]).astype(int)
    assert sorted(sizes.tolist()) == [3] * 3 + [5] * 20  # each batch divides by its own size
