"""Measuring packed configurations, adding up, following systems along the ladder, blocks."""

from __future__ import annotations

import numpy as np
import pytest
from naive import monte_carlo as naive

from spinglass_nn.dynamics._blocks import Blocks, window_start
from spinglass_nn.dynamics._exchange_kernels import exchange, follow
from spinglass_nn.dynamics._geometry import geometry_of
from spinglass_nn.dynamics._measure_kernels import measure_packed, unpack
from spinglass_nn.dynamics._record import OBSERVABLES, Record
from spinglass_nn.dynamics._record_kernels import accumulate
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins import EdwardsAnderson, LayeredIsing, PSpin, SherringtonKirkpatrick

RNG = np.random.default_rng(3)


def packed(spins):
    n_words = -(-spins.shape[-1] // 64)
    octets = np.zeros((*spins.shape[:-1], 8 * n_words), dtype=np.uint8)
    found = np.packbits(spins < 0, axis=-1, bitorder="little")
    octets[..., : found.shape[-1]] = found
    return octets.view("<u8")


@pytest.mark.parametrize("n_spins", [1, 63, 64, 65, 200])
def test_packing_is_undone_by_unpacking(n_spins):
    spins = RNG.choice([-1, 1], n_spins).astype(np.int8)
    bits = packed(spins)
    back = np.zeros(n_spins, dtype=np.int8)
    unpack(bits, back)
    assert np.array_equal(back, spins)
    assert sum(int(word).bit_count() for word in bits) == np.count_nonzero(spins < 0)


@pytest.mark.parametrize("shape", [(4, 5), (3, 3, 4), (2, 6), (70,)])
def test_lattice_observables_from_their_definition(shape):
    model = EdwardsAnderson(shape, rng=1)
    names = ("magnetization", "overlap", "link_overlap", "structure")
    geometry = geometry_of(model, names)
    spins = RNG.choice([-1, 1], (3, 2, model.n_spins)).astype(np.int8)
    record = Record(2, 3, 2, model.n_spins, names, n_axes=len(shape))
    raw = record.raw(2)
    bits = packed(spins)
    measure_packed(bits, geometry, raw, 1, np.zeros(bits.shape[-1], dtype=np.uint64))
    assert np.allclose(raw.magnetization[1], spins.mean(axis=-1))
    for pair, (a, b) in enumerate([(0, 1), (0, 2), (1, 2)]):
        for t in range(2):
            one, two = spins[a, t], spins[b, t]
            assert raw.overlap[1, pair, t] == pytest.approx(naive.overlap(one, two))
            links = geometry.links
            assert raw.link_overlap[1, pair, t] == pytest.approx(
                naive.link_overlap(one, two, links)
            )
            assert raw.structure[1, pair, t] == pytest.approx(naive.structure(one, two, shape))
    assert not raw.overlap[0].any()


def test_layer_overlaps_from_their_definition():
    model = LayeredIsing.from_weights([RNG.normal(size=(70, 3)), RNG.normal(size=(2, 70))])
    geometry = geometry_of(model, ("layers",))
    spins = RNG.choice([-1, 1], (2, 1, 75)).astype(np.int8)
    raw = Record(1, 2, 1, 75, ("layers",), n_layers=3).raw(1)
    bits = packed(spins)
    measure_packed(bits, geometry, raw, 0, np.zeros(bits.shape[-1], dtype=np.uint64))
    product = spins[0, 0] * spins[1, 0]
    expected = [product[:3].mean(), product[3:73].mean(), product[73:].mean()]
    assert raw.layers[0, 0, 0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("model", "name", "message"),
    [
        (SherringtonKirkpatrick(8, rng=0), "structure", "needs a periodic lattice"),
        (EdwardsAnderson((4, 4), boundary="free", rng=0), "structure", "needs a periodic"),
        (SherringtonKirkpatrick(8, rng=0), "layers", "needs a LayeredIsing"),
        (PSpin(8, 3, rng=0), "link_overlap", "needs a model of pairs"),
        (EdwardsAnderson((4,), dilution=0, rng=0), "link_overlap", "needs links"),
    ],
)
def test_observables_a_model_does_not_have(model, name, message):
    with pytest.raises(ParameterError, match=message):
        geometry_of(model, (name,))


def test_sums_and_histograms_of_many_measurements():
    n_spins, n_links, n = 10, 7, 40
    record = Record(2, 3, 4, n_spins, OBSERVABLES, n_links=n_links, n_axes=2, n_layers=3)
    raw, totals = record.raw(2), record.totals
    q = RNG.integers(0, n_spins + 1, (n, *raw.overlap.shape)) / n_spins * 2 - 1
    links = RNG.integers(0, n_links + 1, (n, *raw.link_overlap.shape)) / n_links * 2 - 1
    energy, m = RNG.normal(size=(2, n, *raw.energy.shape))
    waves = RNG.random((n, *raw.structure.shape))
    layers = RNG.normal(size=(n, *raw.layers.shape))
    for k in range(n):
        drawn = (energy, m, q, links, waves, layers)
        for array, values in zip(raw, drawn, strict=True):
            array[:] = values[k]
        accumulate(raw, totals, n_spins, n_links)
    found = dict(zip(record.columns, np.moveaxis(totals.sums / n, -1, 0), strict=True))
    expected = {
        "m^4": (m**4).mean(axis=(0, 2)),
        "|m|": np.abs(m).mean(axis=(0, 2)),
        "q_l": links.mean(axis=(0, 2)),
        "q_l^2": (links**2).mean(axis=(0, 2)),
        "|q(k1)|^2": waves[..., 1].mean(axis=(0, 2)),
        "q2^2": (layers[..., 2] ** 2).mean(axis=(0, 2)),
        "q1 q2": (layers[..., 1] * layers[..., 2]).mean(axis=(0, 2)),
    }
    for k in range(2):
        plain = naive.moments(energy[:, k], q[:, k])
        for name, value in plain.items():
            assert found[name][k] == pytest.approx(value), name
    for name, value in expected.items():
        assert found[name] == pytest.approx(value), name
    for counts, values, size in (
        (totals.overlap_counts, q, n_spins),
        (totals.link_counts, links, n_links),
    ):
        steps = np.rint((values + 1) / 2 * size).astype(int)
        for k, t in np.ndindex(2, 4):
            plain_counts = np.bincount(steps[:, k, :, t].ravel(), minlength=size + 1)
            assert np.array_equal(counts[k, t], plain_counts)


def test_exchange_keeps_the_joint_distribution():
    """Two systems of two levels at two temperatures, with exchange alone between draws."""
    betas = np.array([2.0, 0.5])
    rng = np.random.default_rng(8)
    levels = np.array([0.0, 1.0])
    weights = np.exp(-np.outer(betas, levels))
    weights /= weights.sum(axis=1, keepdims=True)
    attempts, accepts = np.zeros((2, 1), dtype=np.int64)
    state = rng.integers(0, 2**64, 4, dtype=np.uint64)
    n = 40_000
    after = np.zeros((2, n))
    for k in range(n):
        energy = levels[(rng.random(2) > weights[:, 0]).astype(int)]
        order = np.array([0, 1])
        exchange(energy, order, betas, 0, state, attempts, accepts)
        after[:, k] = energy[order]
    error = np.sqrt(weights[:, 1] * weights[:, 0] / n)
    assert np.abs((after.mean(axis=1) - weights[:, 1]) / error).max() < 4
    # exchanged unless the cold system is low and the hot one high, then with exp(-1.5)
    low_high = weights[0, 0] * weights[1, 1]
    rate = 1 - low_high * (1 - np.exp(-1.5))
    assert attempts[0] == n
    assert abs(accepts[0] / n - rate) < 4 * np.sqrt(rate * (1 - rate) / n)


def test_pairs_of_the_ladder_take_turns():
    energy = np.array([3.0, 2.0, 1.0, 0.0])  # every exchange lowers the colder one's energy
    betas = np.array([4.0, 3.0, 2.0, 1.0])
    state = np.ones(4, dtype=np.uint64)
    attempts, accepts = np.zeros((2, 3), dtype=np.int64)
    order = np.arange(4)
    exchange(energy, order, betas, 0, state, attempts, accepts)
    assert order.tolist() == [1, 0, 3, 2]
    exchange(energy, order, betas, 1, state, attempts, accepts)
    assert order.tolist() == [1, 3, 0, 2]
    assert attempts.tolist() == accepts.tolist() == [1, 1, 1]


def test_following_a_system_there_and_back():
    label = np.zeros(3, dtype=np.int64)
    labelled, from_hot = np.zeros((2, 3), dtype=np.int64)
    trips = 0
    # the systems at each temperature, cold to hot
    for order in ([0, 1, 2], [0, 2, 1], [2, 0, 1], [2, 1, 0], [1, 2, 0]):
        trips += follow(np.array(order), label, labelled, from_hot)
    assert trips == 2  # system 2, then system 1
    assert labelled.tolist() == [5, 4, 5]
    assert from_hot.tolist() == [0, 2, 5]
    assert label.tolist() == [1, 2, 2]


class TestBlocks:
    def run(self, values, cuts=()):
        record = Record(1, 1, 1, 3, ())
        blocks = Blocks(record)
        for k, value in enumerate(values):
            record.totals.sums[:] += value
            due = k + 1 - blocks.n_measures == blocks.until_boundary()
            if due or k + 1 in cuts or k + 1 == len(values):
                blocks.advance(k + 1 - blocks.n_measures)
        return blocks

    @pytest.mark.parametrize("n", [1, 2, 3, 31, 32, 33, 64, 100, 1000, 1024, 1500])
    def test_blocks_are_means_of_consecutive_measurements(self, n):
        values = RNG.normal(size=n)
        averages, lengths = self.run(values).averages()
        assert lengths.sum() == n
        assert len(lengths) <= 32
        assert n < 16 or len(lengths) >= 16
        ends = np.cumsum(lengths)
        expected = [values[e - k : e].mean() for e, k in zip(ends, lengths, strict=True)]
        assert averages[:, 0, 0, 0] == pytest.approx(expected)
        start = window_start(n)
        assert start in (0, *ends)  # the window begins with a block
        assert n == 1 or n / 2 >= start >= n / 4 - 1

    def test_a_cut_run_has_the_same_blocks(self):
        values = RNG.normal(size=500)
        whole, cut = self.run(values), self.run(values, cuts={1, 17, 90, 255})
        for name, array in whole.arrays().items():
            assert np.array_equal(array, cut.arrays()[name]), name
