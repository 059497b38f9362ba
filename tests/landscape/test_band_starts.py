"""Elastic bands that begin on a given path."""

from __future__ import annotations

import numpy as np
import pytest
from naive import bands as naive

import spinglass_nn as sg
from spinglass_nn.datasets import Dataset
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.landscape import AutoNEB, Path, auto_neb, interpolate, nudged_elastic_band
from spinglass_nn.networks import MLP, Replica
from spinglass_nn.training import SGD

NET = MLP((4, 5, 3))
CYCLES = AutoNEB(n_steps=(6, 6, 4), factors=(1, 1, 0.5), threshold=0.01)


@pytest.fixture(scope="module")
def ends(small_data):
    run = sg.training.train_replicas(NET, small_data, n_replicas=2, n_epochs=15, rng=3)
    return run.replicas


def plain(data, a, b, **changes):
    given = {"n_pivots": 4, "n_steps": 14, "batch_size": 25, "record_every": 5, "rng": 2}
    return nudged_elastic_band(NET, data, a, b, **(given | changes))


def automatic(data, a, b, **changes):
    given = {"schedule": CYCLES, "batch_size": 25, "record_every": 5, "rng": 2}
    return auto_neb(NET, data, a, b, **(given | changes))


BOTH = pytest.mark.parametrize("make", [plain, automatic])


def assert_same(one, other):
    for part in ("nodes", "slots", "spacing", "records", "n_steps"):
        np.testing.assert_array_equal(getattr(one.state, part), getattr(other.state, part))
    np.testing.assert_array_equal(one.curve.loss, other.curve.loss)


def detour(a, b):
    """Legs of unequal lengths, one of them of none."""
    rng = np.random.default_rng(6)
    middle = 0.5 * (a.weights + b.weights)
    x, y = middle + rng.standard_normal((2, middle.size))
    nodes = np.stack([a.weights, x, x, (2 * x + y) / 3, y, b.weights])
    return Path(NET, nodes.astype(a.weights.dtype), [0.5], "detour")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_pivots", [1, 2, 9, 40])
def test_pivots_begin_at_equal_distances_along_a_path(small_data, ends, n_pivots, dtype):
    a, b = (Replica(NET, end.weights.astype(dtype)) for end in ends)
    path = detour(a, b)
    band = plain(small_data, a, b, start=path, n_pivots=n_pivots, n_steps=0)
    found, expected = band.path.nodes, np.array(naive.resampled(path.nodes, n_pivots))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected.astype(dtype), atol=8 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(found[[0, -1]], [a.weights, b.weights])
    assert band.history.steps.tolist() == [0]
    assert band.history.length[0] <= path.lengths.sum() * (1 + 1e-6)


@BOTH
def test_the_straight_line_is_the_path_that_is_not_given(small_data, ends, make):
    line = interpolate(*ends, n_points=3)
    assert_same(make(small_data, *ends, start=line), make(small_data, *ends))


def test_paths_of_all_kinds_can_be_begun_on(small_data, ends):
    a, b = ends
    hidden = sg.symmetries.random_permutation(NET, rng=4)
    curve = sg.landscape.bezier_curve(NET, small_data, a, b, n_epochs=3, rng=1)
    for path in (
        curve.path(31),
        automatic(small_data, a, b).path,
        sg.landscape.swap_chain(a, hidden),
    ):
        far = Replica(NET, path.nodes[-1])
        band = plain(small_data, a, far, start=path, n_pivots=60, n_steps=0)
        assert band.history.length[0] == pytest.approx(path.lengths.sum(), rel=0.02)
        dense = Path(NET, path.nodes, np.linspace(0, path.n_legs, 600))
        barrier = sg.landscape.loss_curve(NET, small_data, dense).barrier
        assert band.barrier == pytest.approx(barrier, rel=0.05)


def spare_unit():
    """A network that leaves a unit free, its copy with two others swapped, and the way around."""
    net = MLP((4, 6, 2), loss="squared_error")
    a = sg.networks.initialize(net, gain=3, rng=7)[0]
    a.layers[1].weight[:, 5] = 0
    inputs = np.random.default_rng(0).standard_normal((256, 4))
    data = Dataset(inputs, None, targets=sg.networks.logits(net, a, inputs))
    b = sg.symmetries.swap(net, 0, 1, 3).apply(a)
    return net, data, a, b, sg.landscape.spare_unit_path(a, 1, 3, 5)


def test_a_band_that_begins_on_the_flat_way_stays_there():  # T5
    net, data, a, b, around = spare_unit()
    given = {"n_pivots": 41, "n_steps": 100, "record_every": 50, "optimizer": SGD(0.03)}
    straight = nudged_elastic_band(net, data, a, b, **given)
    flat = nudged_elastic_band(net, data, a, b, start=around, **given)
    begun = nudged_elastic_band(net, data, a, b, start=around, **(given | {"n_steps": 0}))
    at_pivots = sg.networks.loss(net, begun.path.nodes, data)
    assert at_pivots.max() < 1e-12  # corners are cut between them
    assert straight.history.barrier[0] > 0.15
    assert flat.history.barrier.max() < 0.01 * straight.history.barrier[0]
    assert flat.barrier < 0.01 * straight.barrier


@BOTH
def test_bands_on_a_path_go_on_to_the_same_bits(small_data, ends, make, tmp_path):
    start = detour(*ends)
    whole = make(small_data, *ends, start=start)

    def stop(done, total, what):
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="interrupted after 7 of") as caught:
        make(small_data, *ends, start=start, progress=stop)
    state = sg.load(sg.save(caught.value.state, tmp_path / "state.npz"))
    same = Path(NET, start.nodes, [0.0, 1.5])  # where it is looked at does not matter
    for again in (start, same):
        assert_same(make(small_data, *ends, start=again, state=state), whole)
    assert_same(make(small_data, *ends, start=start, n_threads=3), whole)
    other = interpolate(*ends)
    for wrong in (None, other):
        with pytest.raises(ParameterError, match="start must be as in the state it goes on"):
            make(small_data, *ends, start=wrong, state=state)


@BOTH
def test_errors_of_starts(small_data, ends, make):
    a, b = ends
    path = detour(a, b)
    curve = sg.landscape.bezier_curve(NET, small_data, a, b, n_epochs=0)
    with pytest.raises(ParameterError, match=r"start must be a Path, .* got ConnectingCurve"):
        make(small_data, a, b, start=curve)
    wide = sg.networks.initialize(MLP((4, 6, 3)), n_replicas=2, rng=0)
    with pytest.raises(ParameterError, match=r"start must belong to MLP\(4-5-3"):
        make(small_data, a, b, start=interpolate(*wide))
    with pytest.raises(
        ParameterError, match="start must begin at a, got a path that is off by"
    ):
        make(small_data, b, a, start=path)
    nodes = path.nodes.copy()
    nodes[-1, 3] += 0.5
    with pytest.raises(ParameterError, match=r"start must end at b, .* off by up to 0\.5"):
        make(small_data, a, b, start=Path(NET, nodes, [0.0]))
    with pytest.raises(ParameterError, match="a and b must be different points"):
        make(small_data, a, a, start=path)


def test_the_schedule_of_a_learning_rate_is_none_of_cycles(small_data, ends):
    with pytest.raises(ParameterError, match="schedule must be an AutoNEB, got Constant"):
        automatic(small_data, *ends, schedule=sg.training.Constant())
