from __future__ import annotations

import itertools

import numpy as np
import pytest
from naive import distributions as naive

import spinglass_nn as sg
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.overlaps import replica_identities, replica_overlaps

RNG = np.random.default_rng(3)


def symmetric(n_samples, n_records, n_replicas):
    q = RNG.uniform(-1, 1, size=(n_samples, n_records, n_replicas, n_replicas))
    return (q + np.swapaxes(q, 2, 3)) / 2


@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize("n_replicas", [4, 6])
def test_sums_against_loops_over_all_choices(power, n_replicas):
    q = symmetric(4, 2, n_replicas)
    found = replica_identities(q, power=power)
    expected = naive.identity_sides(q.tolist(), power)
    assert [m.mean for m in found.moments] == pytest.approx(expected[:4])
    assert found.squared.mean == pytest.approx(expected[4])
    _, q4, three, four, square = expected
    gg3, gg4, ac = found.identities
    assert gg3.left.mean == pytest.approx(three)
    assert gg3.right.mean == pytest.approx((q4 + square) / 2)
    assert gg4.left.mean == pytest.approx(four)
    assert gg4.right.mean == pytest.approx(q4 / 3 + 2 * square / 3)
    assert ac.difference.mean == pytest.approx(4 * three - q4 - 3 * four)
    assert found.guerra_a.mean == pytest.approx((four - square) / square)
    assert found.guerra_g.mean == pytest.approx((four - square) / (q4 - square))


def test_errors_are_the_jackknife_over_samples():
    q = symmetric(5, 2, 4)
    found = replica_identities(q)

    def side(samples):
        q4, square = (naive.identity_sides(samples, 2)[k] for k in (1, 4))
        return (q4 + square) / 2

    def g(samples):
        _, q4, _, four, square = naive.identity_sides(samples, 2)
        return (four - square) / (q4 - square)

    for measured, function in ((found.identities[0].right, side), (found.guerra_g, g)):
        value, error = naive.jackknife(function, q.tolist())
        assert measured.mean == pytest.approx(value)
        assert measured.error == pytest.approx(error)


def test_pairs_in_a_row_are_as_good_as_matrices():
    q = symmetric(4, 3, 5)
    pairs = np.stack([q[:, :, a, b] for a, b in itertools.combinations(range(5), 2)], axis=1)
    assert repr(replica_identities(pairs)) == repr(replica_identities(q))


def test_diagonals_do_not_count():
    q = symmetric(4, 3, 4)
    other = q.copy()
    other[..., np.arange(4), np.arange(4)] = 1
    assert repr(replica_identities(other)) == repr(replica_identities(q))


def test_overlaps_of_spins_against_loops():
    spins = RNG.choice([-1, 1], size=(2, 4, 3, 7)).astype(np.int8)
    found = replica_overlaps(spins)
    for sample, record, a, b in np.ndindex(found.shape):
        q = sum(spins[sample, a, record].astype(int) * spins[sample, b, record]) / 7
        assert found[sample, record, a, b] == pytest.approx(q, abs=1e-15)


def test_spins_and_series_of_a_run_agree():
    models = [sg.spins.SherringtonKirkpatrick(16, sample=k, rng=1) for k in range(3)]
    run = sg.dynamics.parallel_tempering(
        models, [0.6, 1.0], n_sweeps=32, n_replicas=4, record_every=4, record_spins=True, rng=1
    )
    one = replica_identities(replica_overlaps(run.spins(temperature=0.6)))
    other = replica_identities(run.overlap_series[:, :, 0])
    assert one.guerra_a.mean == pytest.approx(other.guerra_a.mean, rel=1e-5)
    assert (other.n_samples, other.n_replicas, other.n_records) == (3, 4, 8)


class TestUnbiased:
    """Estimates from draws of Boltzmann's law against sums over all its states."""

    n_spins, temperature, n_disorders, n_repeats = 8, 0.4, 5, 1500

    def setup_method(self):
        bits = np.arange(2**self.n_spins)[:, None] >> np.arange(self.n_spins)
        self.states = (1 - 2 * (bits & 1)).astype(np.int8)
        self.laws = []
        for k in range(self.n_disorders):
            model = sg.spins.SherringtonKirkpatrick(self.n_spins, sample=k, rng=4)
            energy = model.energy(self.states)
            weight = np.exp(-(energy - energy.min()) / self.temperature)
            self.laws.append(weight / weight.sum())
            exact = sg.spins.exact.enumerate(model, self.temperature)
            assert self.averages(self.laws[-1])[0] == pytest.approx(exact.q2[0])

    def averages(self, law):
        """<q12^2>, <q12^4>, <q12^2 q13^2> and <q12^2 q34^2>."""
        q2 = (self.states.astype(float) @ self.states.T / self.n_spins) ** 2
        to_one = q2 @ law
        return law @ to_one, law @ (q2**2 @ law), law @ to_one**2, (law @ to_one) ** 2

    def draws(self, n_replicas, n_records):
        """Independent configurations, (n_repeats, n_disorders, n_replicas, n_records, n_spins)."""
        rng = np.random.default_rng(8)
        shape = (self.n_repeats, n_replicas, n_records)
        found = [self.states[rng.choice(law.size, size=shape, p=law)] for law in self.laws]
        return np.stack(found, axis=1)

    def z(self, values, exact):
        error = np.std(values, axis=0, ddof=1) / np.sqrt(len(values))
        return (np.mean(values, axis=0) - exact) / error

    def test_four_replicas(self):
        exact = np.array([self.averages(law) for law in self.laws])
        sides = [*exact.mean(axis=0), naive.squared_mean(exact[:, 0])]
        found = []
        for spins in self.draws(4, 2):
            one = replica_identities(replica_overlaps(spins))
            found.append([*(m.mean for m in one.moments), one.squared.mean])
        z = self.z(found, sides)
        assert np.abs(z).max() < 4, z

    def test_the_square_of_an_average_of_two_replicas_is_biased(self):
        exact = np.mean([self.averages(law)[3] for law in self.laws])
        spins = self.draws(2, 2).astype(float)
        q2 = np.square((spins[:, :, 0] * spins[:, :, 1]).mean(axis=-1)).mean(axis=-1)
        assert self.z((q2**2).mean(axis=1), exact) > 10


class TestCascades:
    """Laws for which the identities hold exactly, drawn without cutting off any state."""

    def test_weights_have_their_known_moments(self):
        # with E[sum w^2] = 1 - m and the identities for products of two such sums
        m, n = 0.4, 20_000
        rng = np.random.default_rng(1)
        s = np.array([naive.partition(4, m, rng) for _ in range(n)])
        for events, expected in (
            (s[:, 0] == s[:, 1], 1 - m),
            ((s[:, 0] == s[:, 1]) & (s[:, 0] == s[:, 2]), (1 - m) * (2 - m) / 2),
            ((s == s[:, :1]).all(axis=1), (1 - m) * (2 - m) * (3 - m) / 6),
            ((s[:, 0] == s[:, 1]) & (s[:, 2] == s[:, 3]), (1 - m) * (3 - 2 * m) / 3),
        ):
            assert abs(events.mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / n)

    @pytest.mark.parametrize("m", [0.3, 0.7])
    @pytest.mark.parametrize("n_replicas", [4, 6])
    def test_one_step(self, m, n_replicas):
        q0, q1 = 0.2, 0.9
        rng = np.random.default_rng(2)
        q = naive.one_step_overlaps(2000, n_replicas, m, q0, q1, rng)
        found = replica_identities(q)
        assert max(abs(identity.z) for identity in found.identities) < 4
        assert abs(found.guerra_g.z(1 / 3)) < 4
        q2 = (1 - m) * q1**2 + m * q0**2
        assert abs(found.moments[0].z(q2)) < 4
        assert abs(found.squared.z(q2**2)) < 4
        a = m * (1 - m) * (q1**2 - q0**2) ** 2 / 3 / q2**2
        assert abs(found.guerra_a.z(a)) < 4

    def test_two_steps_with_any_power(self):
        q = naive.two_step_overlaps(
            2000, 5, 0.3, 0.7, (0.1, 0.5, 0.9), np.random.default_rng(3)
        )
        for power in (1, 2, 4):
            found = replica_identities(q, power=power)
            assert max(abs(identity.z) for identity in found.identities) < 4

    def test_states_of_fixed_weights_are_refused_by_the_identities(self):
        rng = np.random.default_rng(4)
        states = rng.integers(0, 2, size=(2000, 4))  # two of weight 1/2 in every sample
        q = np.where(states[:, :, None] == states[:, None, :], 0.9, 0.2)[:, None]
        found = replica_identities(q)
        assert found.identities[0].z < -10
        assert found.identities[1].z < -10
        assert abs(found.guerra_a.z()) < 4
        assert abs(found.guerra_g.z(1 / 3)) > 10


def test_nothing_fluctuates_where_all_overlaps_are_equal():
    found = replica_identities(np.full((4, 2, 5, 5), 0.5))
    assert all(identity.difference.mean == 0 for identity in found.identities)
    assert found.guerra_a.mean == pytest.approx(0)
    assert np.isnan(found.guerra_g.mean)
    assert np.isnan(replica_identities(np.zeros((4, 1, 4, 4))).guerra_a.mean)


def test_round_trip(tmp_path):
    found = replica_identities(symmetric(4, 2, 4))
    loaded = sg.load(sg.save(found, tmp_path / "identities.npz"))
    assert repr(loaded) == repr(found)
    assert [str(i) for i in loaded.identities] == [str(i) for i in found.identities]
    assert str(loaded.identities[0]).startswith("[<q12^p q13^p>] = 1/2")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: replica_identities(symmetric(4, 2, 3)), DataError, "at least 4 replicas .*got 3"),
        (lambda: replica_identities(symmetric(2, 2, 4)), DataError, "at least 3 samples"),
        (lambda: replica_identities(np.zeros((4, 4, 9))), ShapeError, "1, 3, 6, 10, .*got 4 pairs"),
        (lambda: replica_identities(np.zeros((4, 4))), ShapeError, r"got \(4, 4\)"),
        (lambda: replica_identities(np.zeros((4, 1, 4, 5))), ShapeError, "must have shape"),
        (lambda: replica_identities(2 * np.ones((4, 1, 4, 4))), DataError, r"in \[-1, 1\], got 2"),
        (lambda: replica_identities(np.full((4, 1, 4, 4), np.nan)), DataError, "must be finite"),
        (
            lambda: replica_identities(RNG.uniform(size=(4, 1, 4, 4))),
            DataError,
            "must be symmetric",
        ),
        (lambda: replica_identities(symmetric(4, 1, 4), power=0), ParameterError, "power must be"),
        (lambda: replica_overlaps(np.zeros((2, 4, 3, 7))), DataError, "spins must be -1 or 1"),
        (lambda: replica_overlaps(np.ones((4, 3, 7))), ShapeError, "spins must have shape"),
    ],
)  # fmt: skip
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
