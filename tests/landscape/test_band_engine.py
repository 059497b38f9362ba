"""The engine of elastic bands, on landscapes of two parameters whose saddles are known."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from naive import bands as naive

from spinglass_nn.landscape import _bands
from spinglass_nn.landscape._bands import Band, Rules
from spinglass_nn.training import SGD

HJ, REVERSED = _bands.TANGENTS


def straight(ends, n_pivots, momentum=True):
    t = np.linspace(0, 1, n_pivots + 2)[:, None]
    nodes = (1 - t) * ends[0] + t * ends[1]
    slots = np.zeros((int(momentum), n_pivots * nodes.shape[1]))
    return Band(nodes, slots, np.full(n_pivots + 1, 1 / (n_pivots + 1)))


def relax(
    band, landscape, rate, n_steps, *, spring=math.inf, tangent=HJ, climbing=False, momentum=0.9
):
    rules = Rules(SGD(rate, momentum=momentum), spring, tangent, climbing)
    ends = landscape(band.nodes[[0, -1]])[0]
    for _ in range(n_steps):
        band.advance(landscape, ends, rules, rate)
    losses, gradients = landscape(band.nodes[1:-1])
    along = np.concatenate([ends[:1], losses, ends[1:]])
    climber = 1 + int(losses.argmax()) if climbing else None
    return _bands.largest_force(band.nodes, along, gradients, tangent, climber)


def scan(band, landscape, n=40):
    s = np.arange((len(band.nodes) - 1) * n) / n
    leg, t = s.astype(int), (s % 1)[:, None]
    return landscape((1 - t) * band.nodes[leg] + t * band.nodes[leg + 1])[0]


A, POWERS = (
    np.array([-200.0, -100, -170, 15]),
    np.array([[-1, 0, -10], [-1, 0, -10], [-6.5, 11, -6.5], [0.7, 0.6, 0.7]]),
)
CENTRES = np.array([[1.0, 0], [0, 0.5], [-0.5, 1.5], [-1, 1]])


def mueller_brown(points, hessian=False):
    """K. Mueller and L. D. Brown, Theor. Chim. Acta 53 (1979) 75."""
    u, v = np.moveaxis(points[:, None] - CENTRES, -1, 0)
    a, b, c = POWERS.T
    terms = A * np.exp(a * u**2 + b * u * v + c * v**2)
    p, q = 2 * a * u + b * v, b * u + 2 * c * v
    slopes = np.stack([(terms * p).sum(1), (terms * q).sum(1)], axis=1)
    if not hessian:
        return terms.sum(axis=1), slopes
    pp, qq = (terms * (p * p + 2 * a)).sum(1), (terms * (q * q + 2 * c)).sum(1)
    pq = (terms * (p * q + b)).sum(1)
    return slopes, np.stack([np.stack([pp, pq], 1), np.stack([pq, qq], 1)], axis=1)


def newton(point):
    """The stationary point near one, its loss and the number of directions that go down."""
    x = np.array([point], dtype=float)
    for _ in range(30):
        slope, h = mueller_brown(x, hessian=True)
        x = x - np.linalg.solve(h[0], slope[0])
    slope, h = mueller_brown(x, hessian=True)
    assert np.abs(slope).max() < 1e-9
    return x[0], float(mueller_brown(x)[0][0]), int((np.linalg.eigvalsh(h[0]) < 0).sum())


MINIMA = [newton(p)[0] for p in ((-0.558, 1.442), (-0.050, 0.467), (0.623, 0.028))]
SADDLES = [newton(p) for p in ((-0.822, 0.624), (0.212, 0.293))]


def test_newton_finds_the_published_saddles():
    for (place, loss, n_down), where, value in zip(
        SADDLES, ((-0.822, 0.624), (0.212, 0.293)), (-40.6648, -72.2489), strict=True
    ):
        np.testing.assert_allclose(place, where, atol=5e-4)
        assert loss == pytest.approx(value, abs=5e-5)
        assert n_down == 1
    assert [newton(p)[2] for p in MINIMA] == [0, 0, 0]


@pytest.mark.physics
@pytest.mark.parametrize("tangent", _bands.TANGENTS)
@pytest.mark.parametrize("spring", [math.inf, 1000.0])
def test_mueller_brown_by_a_band(spring, tangent):
    """Without a climbing image, the saddle to the accuracy of the chords at it."""
    band = straight((MINIMA[0], MINIMA[2]), 31)
    force = relax(band, mueller_brown, 1e-4, 5000, spring=spring, tangent=tangent)
    assert force < 1e-3
    lengths = np.linalg.norm(np.diff(band.nodes, axis=0), axis=1)
    np.testing.assert_allclose(lengths, lengths.mean(), rtol=1e-2)
    along = scan(band, mueller_brown)
    inner = (along[1:-1] > along[:-2]) & (along[1:-1] >= along[2:])
    tops = np.sort(along[1:-1][inner])[-2:]
    np.testing.assert_allclose(tops, [SADDLES[1][1], SADDLES[0][1]], atol=0.05)


@pytest.mark.physics
@pytest.mark.parametrize("spring", [math.inf, 500.0])
@pytest.mark.parametrize(("ends", "saddle"), [((0, 2), 0), ((1, 2), 1), ((0, 1), 0)])
def test_climbing_images_end_at_saddles(spring, ends, saddle):
    band = straight((MINIMA[ends[0]], MINIMA[ends[1]]), 9)
    relax(band, mueller_brown, 1e-4, 1500, spring=spring)
    # at momentum 0.9 the finite springs of the steep side swing for ever
    force = relax(
        band, mueller_brown, 1e-4, 4000, spring=spring, climbing=True, momentum=0.5
    )  # fmt: skip
    assert force < 1e-5
    losses = mueller_brown(band.nodes[1:-1])[0]
    place, value, _ = SADDLES[saddle]
    assert losses.max() == pytest.approx(value, abs=1e-8)
    np.testing.assert_allclose(band.nodes[1 + losses.argmax()], place, atol=1e-6)


def ring(points):
    """A valley on the unit circle, (r^2 - 1)^2."""
    excess = np.square(points).sum(axis=1) - 1
    return excess**2, 4 * excess[:, None] * points


@pytest.mark.parametrize("n_pivots", [3, 8])
def test_a_ring_has_no_barrier_and_its_chords_a_known_one(n_pivots):
    angle = 2 * math.pi / 3
    ends = np.array([[1.0, 0.0], [math.cos(angle), math.sin(angle)]])
    band = straight(ends, n_pivots)
    assert scan(band, ring).max() == pytest.approx(
        (1 - math.cos(angle / 2) ** 2) ** 2, abs=1e-3
    )
    assert relax(band, ring, 0.02, 2000) < 1e-8
    np.testing.assert_allclose(np.linalg.norm(band.nodes, axis=1), 1, atol=1e-9)
    sag = math.sin(angle / (2 * (n_pivots + 1))) ** 4  # half-way between pivots on the circle
    assert scan(band, ring).max() == pytest.approx(sag, rel=1e-6)


def wells(points, bend=0.8, stiff=5.0):
    """Equal minima at (-1, 0) and (1, 0), saddle of loss 1 at (0, bend)."""
    x, y = points.T
    off = y - bend * (1 - x**2)
    slope = np.stack([4 * x * (x**2 - 1) + 4 * stiff * off * bend * x, 2 * stiff * off], 1)
    return (x**2 - 1) ** 2 + stiff * off**2, slope


def test_two_equal_minima():
    ends = np.array([[-1.0, 0.0], [1.0, 0.0]])
    band = straight(ends, 9)
    assert scan(band, wells).max() == pytest.approx(1 + 5 * 0.8**2)
    assert relax(band, wells, 0.01, 3000) < 1e-8
    losses = wells(band.nodes)[0]
    np.testing.assert_allclose(band.nodes[5], [0, 0.8], atol=1e-8)
    np.testing.assert_allclose(losses, losses[::-1], atol=1e-8)
    assert scan(band, wells).max() == pytest.approx(1, abs=1e-9)


def test_a_straight_path_through_a_round_bowl_stays():
    ends = np.array([[-1.0, -2.0, 0.5], [2.0, 4.0, -1.0]])
    band = straight(ends, 7)
    before = band.nodes.copy()
    assert relax(band, lambda p: (0.5 * np.square(p).sum(1), p.copy()), 0.1, 200) < 1e-12
    np.testing.assert_allclose(band.nodes, before, atol=1e-12)


def random_band(seed, n_pivots=6, n=4):
    rng = np.random.default_rng(seed)
    nodes = rng.standard_normal((n_pivots + 2, n))
    losses = rng.integers(0, 4, n_pivots + 2).astype(float)  # ties, plateaus, extrema
    return nodes, losses, rng.standard_normal((n_pivots, n))


@pytest.mark.parametrize("seed", range(12))
def test_tangents_are_those_of_henkelman_and_jonsson(seed):
    nodes, losses, _ = random_band(seed)
    back, ahead = _bands.tangent_weights(losses, HJ)
    legs = np.diff(nodes, axis=0)
    found = back[:, None] * legs[:-1] + ahead[:, None] * legs[1:]
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    for k in range(len(found)):
        expected = naive.tangent(*nodes[k : k + 3], losses[k : k + 3])
        np.testing.assert_allclose(found[k], expected, atol=1e-13)


def test_the_other_rule_differs_at_extrema_alone():
    losses = np.array([0.0, 1, 3, 2.5, 1, 2, 4])
    one, other = (np.array(_bands.tangent_weights(losses, rule)) for rule in _bands.TANGENTS)
    differ = (one != other).any(axis=0)
    np.testing.assert_array_equal(differ, [False, True, False, True, False])
    np.testing.assert_array_equal(one[:, differ], other[::-1, differ])
    np.testing.assert_array_equal(one[:, 1], [0.5, 2.0])  # 2.5 after is higher than 1 before


@pytest.mark.parametrize(("spring", "climbing"), [(math.inf, False), (3.0, False), (3.0, True)])
def test_steps_are_those_of_the_slow_twin(spring, climbing):
    band = straight(np.array([[-1.1, 0.2], [1.3, -0.4]]), 5)
    nodes, speeds = band.nodes.tolist(), [[0.0, 0.0]] * 5
    rules = Rules(SGD(0.01, momentum=0.5), spring, HJ, climbing)
    for _ in range(7):
        losses, gradients = wells(np.array(nodes))
        nodes, speeds = naive.band_step(
            nodes, speeds, losses.tolist(), gradients[1:-1], rate=0.01, momentum=0.5,
            spring=spring, climbing=climbing,
        )  # fmt: skip
        band.advance(wells, wells(band.nodes[[0, -1]])[0], rules, 0.01)
        np.testing.assert_allclose(band.nodes, nodes, atol=1e-12)


def test_weight_decay_pulls_before_the_path_is_taken_out():
    ends = np.array([[1.0, 1.0], [3.0, 1.0]])
    band = straight(ends, 3, momentum=False)
    rules = Rules(SGD(0.1, weight_decay=0.5), math.inf, HJ, False)
    flat = lambda p: (np.zeros(len(p)), np.zeros_like(p))  # noqa: E731
    band.advance(flat, np.zeros(2), rules, 0.1)
    np.testing.assert_allclose(band.nodes[2], [2.0, 0.95], atol=1e-12)  # down, not along


def redistribute(nodes, spacing, climber):
    lengths = np.linalg.norm(np.diff(nodes, axis=0), axis=1)
    _bands.redistribute(nodes, lengths, spacing, climber)


def test_spacing_around_a_climbing_pivot():
    rng = np.random.default_rng(1)
    nodes = np.cumsum(rng.uniform(0.1, 1, (9, 3)), axis=0)
    before = nodes.copy()
    redistribute(nodes, np.full(8, 1 / 8), 3)
    np.testing.assert_array_equal(nodes[[0, 3, 8]], before[[0, 3, 8]])
    twin = [*naive.spaced(before[:4]), *naive.spaced(before[3:])[1:]]
    np.testing.assert_allclose(nodes, twin, atol=1e-12)


def test_shares_of_the_length_are_kept():
    nodes = np.array([[0.0], [1.0], [2.0], [8.0]])
    redistribute(nodes, np.array([0.5, 0.25, 0.25]), None)
    np.testing.assert_allclose(nodes[:, 0], [0, 4, 6, 8])
    same = np.zeros((4, 2))
    redistribute(same, np.full(3, 1 / 3), None)  # no length at all
    np.testing.assert_array_equal(same, 0)


def test_pivots_are_inserted_where_the_scan_is_rough():
    on_leg = [np.array([0, 0, 0, 0, 1.0]), np.array([1, 1.9, 2.2, 1.2, 0]),
              np.array([0, 0.1, 0.5, 0.2, 0.0])]  # fmt: skip
    losses = np.concatenate([on_leg[0], on_leg[1][1:], on_leg[2][1:]])
    found = partial(_bands.insertions, losses, 3)
    assert found(0.1, 2) == [(1, 0.5), (2, 0.5)]
    assert found(0.1, 1) == [(1, 0.5)]
    assert found(0.5, 2) == [(1, 0.5)]
    assert found(0.9, 2) == []
    band = straight(np.array([[0.0, 0.0], [4.0, 0.0]]), 2)
    band.slots += 1
    band.insert([(1, 0.25), (2, 0.5)])
    np.testing.assert_allclose(band.nodes[:, 0], np.array([0, 4, 5, 8, 10, 12]) / 3)
    np.testing.assert_allclose(band.spacing, np.array([4, 1, 3, 2, 2]) / 12)
    assert band.slots.shape == (1, 8)
    assert not band.slots.any()
