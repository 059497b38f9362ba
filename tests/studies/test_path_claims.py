"""Claims about paths come out as planted, both ways; their numbers as computed by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn.landscape import LossCurve
from spinglass_nn.studies.recipes import pieces
from spinglass_nn.studies.recipes.liao2024 import connection_claims, path_claims
from spinglass_nn.studies.recipes.liao2024 import regions as regions_task
from spinglass_nn.studies.recipes.liao2024 import widths as widths_task
from spinglass_nn.studies.recipes.liao2024.connections import Connections
from spinglass_nn.studies.recipes.liao2024.interpolation import Interpolation
from spinglass_nn.studies.recipes.liao2024.regions import Regions
from spinglass_nn.studies.recipes.liao2024.widths import Widths

N = 8
SCATTER = np.linspace(0.95, 1.05, N)


def hump(height):
    """A curve with one hump of this height between equal ends."""
    t = np.linspace(0, 1, 9)
    loss = 0.1 + height * np.sin(np.pi * t) ** 2
    return LossCurve(t, t, loss, 1 - loss)


def humps(height):
    return tuple(hump(height * factor) for factor in SCATTER)


def connections(band=0.0, copy_band=0.0, narrow=0.5):
    return Connections(
        straight=humps(1.0), matched=humps(0.1), bands=humps(band), curves=humps(0.1),
        copies=humps(1.0), copy_bands=humps(copy_band), narrow=humps(1.0),
        narrow_bands=humps(narrow), forces=np.zeros((3, N)), spare=hump(0.0),
        spare_direct=hump(0.2), lines=None, aligned=None, relaxed=None,
    )  # fmt: skip


def regions(within=0.0, across=0.5):
    two = np.array([[1.0], [0.9]]) * SCATTER
    return Regions(
        excursions=np.array([0.3, 1.0]), loss=two, within=within * two, across=across * two,
        lowest=across * two, apart=two, centre=SCATTER, centre_apart=SCATTER,
    )  # fmt: skip


def widths(power=-1.0, n=6, scatter=0.05):
    """Barriers of all kinds at M to a power, with some scatter between runs."""
    sizes = np.array([16, 32, 64, 128])
    rng = np.random.default_rng(3)
    each = 1 + scatter * rng.standard_normal((sizes.size, 2, n))
    units = sizes[:, None, None] ** power * each
    pairs = (units[..., :, None] + units[..., None, :]) / 2
    pairs[..., np.arange(n), np.arange(n)] = 0
    return Widths(
        widths=sizes, epochs=np.array([1, -1]), losses=0 * units + 0.3, pairs=pairs,
        matched=pairs, copies=units, swaps=units,
    )  # fmt: skip


def interpolation(own=1.0, matched=0.1):
    """Barriers relative to those between independent solutions."""
    flat = np.ones((2, N))
    return Interpolation(
        fractions=np.array([0.1, 1.0]), barriers=flat * [[0.1], [1.0]], peaks=0.5 * flat,
        accuracy_barriers=flat, swap_barriers=0.01 * SCATTER, copies=humps(1.0),
        chain=hump(0.1), chain_direct=hump(1.0), pairs=humps(1.0), matched=humps(matched),
        shuffled=humps(1.0), own=own * np.stack([SCATTER, SCATTER[::-1]], axis=1),
        stages=("trained",), stage_losses=flat[:1], stage_barriers=np.ones((1, N, 2)),
        similarity=np.stack([0.01 * SCATTER, 0.5 * SCATTER], axis=1),
        untrained_similarity=0.1 * SCATTER, copy_error=0.0,
    )  # fmt: skip


def decided(**planted):
    results = {
        "connections": connections(), "regions": regions(), "widths": widths(),
    } | planted  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        return {c.identifier: c for c in connection_claims.decide(results)}


@pytest.mark.parametrize(
    ("planted", "identifier", "verdict"),
    [
        ({}, "C9", "supported"),
        ({"regions": regions(within=0.5, across=0.0)}, "C9", "not supported"),
        ({"regions": regions(within=0.5)}, "C9", "cannot tell here"),
        ({}, "B3", "not supported"),
        ({"connections": connections(copy_band=0.1)}, "B3", "not supported"),
        # an upper bound that stays high shows nothing
        ({"connections": connections(copy_band=0.9)}, "B3", "cannot tell here"),
        ({}, "B4", "not supported"),
        ({"connections": connections(band=0.5)}, "B4", "cannot tell here"),
        ({}, "B5", "supported"),
        ({"widths": widths(power=0.5)}, "B5", "not supported"),
        ({"widths": widths(power=0.0)}, "B5", "cannot tell here"),
    ],
)
def test_verdicts_follow_what_was_planted(planted, identifier, verdict):
    assert decided(**planted)[identifier].verdict == verdict


def test_a_barrier_of_zero_leaves_the_power_open_but_not_the_trend():
    found = widths()
    matched = found.matched.copy()
    matched[-1] = 0
    claim = decided(widths=replace(found, matched=matched))["B5"]
    assert claim.verdict == "supported"
    assert "no power law" in claim.control


@pytest.mark.parametrize(
    ("planted", "identifier", "verdict"),
    [
        ({}, "B1", "supported"),
        ({"own": 1.6}, "B1", "not supported"),
        ({"own": 1.25}, "B1", "cannot tell here"),
        ({}, "B2", "supported"),
        ({"matched": 0.9}, "B2", "not supported"),
    ],
)
def test_verdicts_on_pairs_follow_what_was_planted(tiny_run, planted, identifier, verdict):
    p = sg.studies.resolve_parameters(tiny_run.recipe, {"n_solutions": 2 * N})
    found = {c.identifier: c for c in path_claims.decide(p, interpolation(**planted))}
    assert found[identifier].verdict == verdict


@pytest.mark.parametrize("kind", ["independent", "matched", "own copy", "single swap"])
def test_power_of_width_is_the_planted_one(kind):
    slope = widths(power=-0.7).exponent(kind)
    assert abs(slope.mean + 0.7) < 4 * slope.error
    exact = widths(power=-0.7, scatter=0.0).exponent(kind)
    np.testing.assert_allclose(exact.mean, -0.7, rtol=1e-12)


def test_left_is_the_share_of_the_line_and_never_negative():
    np.testing.assert_allclose(connections(band=0.25).left("bands", "straight"), 0.25)
    assert (connections(band=-0.3).left("bands", "straight") == 0).all()
    assert np.isnan(connections().left("straight", "bands")).all()


def test_mean_over_pairs_is_that_of_pair_barriers(small_data):
    net = sg.networks.MLP(sizes=(4, 5, 3))
    points = sg.networks.initialize(net, n_replicas=5, rng=1)
    found = sg.landscape.pair_barriers(net, small_data, points, n_points=5)
    one = found.barrier[None, None]
    some = widths()
    mean = replace(some, pairs=one, matched=one).barrier("independent", 0)
    np.testing.assert_allclose(
        [mean.mean, mean.error], [found.mean().mean, found.mean().error], rtol=1e-12
    )


@pytest.mark.physics
def test_spare_unit_path_is_flat_and_ends_at_the_copy(tiny_run):
    """T5: seven legs of equal loss where the straight line has a barrier."""
    found = tiny_run.results["connections"]
    assert np.ptp(found.spare.loss) < 1e-12
    assert found.spare_direct.barrier > 1e-6
    for end in (0, -1):
        assert abs(found.spare.loss[end] - found.spare_direct.loss[end]) < 1e-12


@pytest.fixture
def context(small_data):
    p = sg.studies.resolve_parameters(
        sg.studies.find_recipe("liao2024"),
        {"n_points": 7, "n_region_points": 2, "region_excursions": (0.5, 2.0)},
    )
    return sg.studies.Context(p, replace(small_data, test=None), {}, 1, 21, lambda name: None)


def barrier(data, a, b):
    """From losses of points mixed by hand."""
    t = np.linspace(0, 1, 7)
    points = (1 - t[:, None]) * a.weights + t[:, None] * b.weights
    losses = sg.networks.loss(a.network, sg.networks.Replicas(a.network, points), data)
    return (losses - (1 - t) * losses[0] - t * losses[-1]).max()


def test_barriers_of_a_width_are_those_of_lines_to_the_most_similar_copies(context):
    """Against all 24 permutations of four units, and lines mixed by hand."""
    net, data = sg.networks.MLP(sizes=(4, 4, 3)), context.shared
    points = sg.networks.initialize(net, n_replicas=3, rng=2)
    losses, pairs, matched, copies, swaps = widths_task._stage(context, data, points, 0)
    np.testing.assert_allclose(losses, sg.networks.loss(net, points, data), rtol=1e-12)
    orders = [np.array(order) for order in itertools.permutations(range(4))]
    for i, j in itertools.combinations(range(3), 2):
        images = [sg.symmetries.Permutation((order,)).apply(points[j]) for order in orders]
        nearest = max(images, key=lambda image: image.weights @ points[i].weights)
        np.testing.assert_allclose(matched[i, j], barrier(data, points[i], nearest), atol=1e-12)
        np.testing.assert_allclose(pairs[i, j], barrier(data, points[i], points[j]), atol=1e-12)
    # a copy is one of the images of its own point, a swap one with two units moved
    for k, point in enumerate(points):
        images = [sg.symmetries.Permutation((order,)) for order in orders]
        heights = {p: barrier(data, point, p.apply(point)) for p in images}
        assert min(abs(height - copies[k]) for height in heights.values()) < 1e-12
        two = [height for p, height in heights.items() if p.n_moved == 2]
        assert min(abs(height - swaps[k]) for height in two) < 1e-12


def test_barriers_of_a_region_are_those_of_lines_between_its_walks(context):
    net, data = sg.networks.MLP(sizes=(4, 5, 3)), context.shared
    points = sg.networks.initialize(net, n_replicas=4, rng=2)
    found = regions_task._region(context, data, SimpleNamespace(independent=points), 1, 2)
    ends = regions_task._ends(context, data, points[1], 4, (2, 1))
    distance = np.linalg.norm(ends.weights - points[1].weights, axis=1) / points[1].norm
    np.testing.assert_allclose(distance, 2.0, rtol=0.5)  # N = 43 only
    turn = sg.symmetries.random_permutation(net, rng=context.rng(1, 1))
    other = regions_task._ends(context, data, points[3], 2, (3, 1))
    for i, share in enumerate((0.25, 1.0)):
        around = regions_task._nearer(ends, points[1], share)
        beside = regions_task._nearer(other, points[3], share)
        for name, second in (
            ("within", around[2:]), ("across", turn.apply(around[2:])), ("apart", beside),
        ):  # fmt: skip
            heights = [barrier(data, a, b) for a in around[:2] for b in second]
            np.testing.assert_allclose(getattr(found, name)[i], [np.mean(heights)], atol=1e-12)
    np.testing.assert_allclose(
        [*found.centre, *found.centre_apart],
        [barrier(data, points[1], turn.apply(points[1])), barrier(data, points[1], points[3])],
        atol=1e-12,
    )


def test_a_piece_is_computed_once(tmp_path, context):
    here = replace(context, checkpoint=lambda name: tmp_path / f"{name}.npz")
    first = pieces.kept(here, "one", lambda: hump(0.3))
    again = pieces.kept(here, "one", lambda: pytest.fail("computed twice"))
    np.testing.assert_array_equal(first.loss, again.loss)
