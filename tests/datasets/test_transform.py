from __future__ import annotations

import math

import numpy as np
import pytest
from naive.datasets import moments

from spinglass_nn.datasets import digits, from_arrays, random_labels, standardize, subset
from spinglass_nn.errors import DataError, ParameterError


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    x = rng.normal(2, 3, (40, 5))
    y = rng.choice(3, 40, p=[0.6, 0.3, 0.1])
    return from_arrays(x, y, 3, name="toy", test=(x[:10] + 1, y[:10]))


def rows_of(part, whole):
    """Where the rows of a part stand in the whole."""
    return [int(np.flatnonzero((whole.inputs == row).all(axis=1))[0]) for row in part.inputs]


def test_subset_is_balanced_ordered_and_keeps_the_test_set(data):
    part = subset(data, 12, rng=1)
    counts, available = np.bincount(part.labels, minlength=3), np.bincount(data.labels)
    assert counts.sum() == 12
    assert all(n == m or n >= counts.max() - 1 for n, m in zip(counts, available, strict=True))
    places = rows_of(part, data)
    assert places == sorted(set(places))
    assert part.labels.tolist() == data.labels[places].tolist()
    assert part.test is data.test
    assert (part.name, part.n_classes) == ("toy", 3)


def test_subset_depends_on_the_seed_alone(data):
    first, again, other = (subset(data, 12, rng=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert rows_of(first, data) != rows_of(other, data)


def test_unbalanced_subset_has_each_sample_equally_often():
    whole = from_arrays(np.arange(20.0), np.arange(20) % 2)
    counts = np.zeros(20)
    generator = np.random.default_rng(4)
    for _ in range(400):
        counts[rows_of(subset(whole, 5, rng=generator, balanced=False), whole)] += 1
    z = (counts - 100) / math.sqrt(400 * 0.25 * 0.75)
    assert np.abs(z).max() < 4


def test_subset_by_indices_and_mask(data):
    assert rows_of(subset(data, [5, 3, -1]), data) == [5, 3, 39]
    mask = np.arange(40) % 20 == 7
    assert rows_of(subset(data, mask), data) == [7, 27]
    assert subset(data, np.array([2, 2], dtype=np.uint8)).n_samples == 2


def test_subset_of_regression_data():
    whole = from_arrays(np.arange(8.0), np.arange(8) + 0.5)
    part = subset(whole, 3, rng=0)
    np.testing.assert_array_equal(part.targets, part.inputs + 0.5)


@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        (41, ParameterError, "n must be at most 40, got 41"),
        (0, ParameterError, "n must be at least 1, got 0"),
        (2.5, ParameterError, "n must be an integer, got 2.5"),
        ([], DataError, "indices must leave at least one sample, got none"),
        ([False] * 40, DataError, "indices must leave at least one sample"),
        ([40], ParameterError, "indices must lie below 40, got 40"),
        ([-41], ParameterError, "indices must lie below 40, got -41"),
        ([0.5], ParameterError, "indices must be a one-dimensional array of integers"),
        ([[0, 1]], ParameterError, "indices must be a one-dimensional array"),
        ([True], ParameterError, "indices must hold 40 entries to be a mask, got 1"),
    ],
)
def test_subset_errors(data, n, error, message):
    with pytest.raises(error, match=message):
        subset(data, n)


def test_standardize_by_training_statistics(data):
    done = standardize(data)
    mean, deviation = moments(data.inputs)
    np.testing.assert_allclose(done.inputs, (data.inputs - mean) / deviation, atol=1e-13)
    np.testing.assert_allclose(
        done.test.inputs, (data.test.inputs - mean) / deviation, atol=1e-13
    )
    words = f"{mean:.6g} subtracted and divided by {deviation:.6g}"
    assert done.preprocessing.startswith(words)
    assert done.test.preprocessing == done.preprocessing


def test_standardize_per_feature(data):
    done = standardize(data, per_feature=True)
    for k in range(5):
        mean, deviation = moments(data.inputs[:, k])
        np.testing.assert_allclose(
            done.inputs[:, k], (data.inputs[:, k] - mean) / deviation, atol=1e-13
        )
        np.testing.assert_allclose(
            done.test.inputs[:, k], (data.test.inputs[:, k] - mean) / deviation, atol=1e-13
        )


def test_features_that_never_vary_become_zero():
    x = np.column_stack([np.full(999, 0.1, dtype=np.float32), np.arange(999)])
    done = standardize(from_arrays(x.astype(np.float32), np.arange(999) % 2), per_feature=True)
    assert np.abs(done.inputs[:, 0]).max() < 1e-12
    assert abs(done.inputs[:, 1].std() - 1) < 1e-5


def test_standardize_constant_inputs():
    with pytest.raises(DataError, match="inputs must vary to be standardised"):
        standardize(from_arrays(np.full((99, 3), 0.1), np.arange(99) % 2))


def test_standardize_adds_to_what_was_done():
    done = standardize(digits(standardize=False, n_train=50))
    assert done.preprocessing.startswith("pixels divided by 16; ")


def test_random_labels(data):
    done = random_labels(data, rng=1)
    assert done.name == "toy, 100 % random labels"
    assert done.test is data.test
    assert done.inputs is data.inputs
    assert set(done.labels) == {0, 1, 2}
    assert (done.labels != data.labels).any()
    np.testing.assert_array_equal(done.labels, random_labels(data, rng=1).labels)


def test_share_of_random_labels():
    n, n_classes, fraction = 20000, 5, 0.4
    whole = from_arrays(np.zeros((n, 1)), np.zeros(n), n_classes)
    done = random_labels(whole, fraction, rng=2)
    chosen = round(fraction * n)
    wrong = np.count_nonzero(done.labels)
    p = 1 - 1 / n_classes
    assert abs(wrong - chosen * p) / math.sqrt(chosen * p * (1 - p)) < 4
    assert random_labels(whole, 0, rng=2).labels.tolist() == whole.labels.tolist()


def test_random_labels_errors(data):
    with pytest.raises(ParameterError, match=r"fraction must lie in \[0, 1\], got 1.5"):
        random_labels(data, 1.5)
    with pytest.raises(DataError, match="data must have labels to be made random"):
        random_labels(from_arrays([0.0, 1.0], [0.5, 1.5]))
