"""Checks at the door: what passes unchanged, what is refused and in which words."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spinglass_nn._core import check
from spinglass_nn.errors import DataError, ParameterError, ShapeError


@pytest.mark.parametrize("value", [1, 7, np.int8(7), np.uint64(7)])
def test_counts_become_plain_integers(value):
    found = check.count(value, "n")
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize(
    ("value", "minimum", "message"),
    [(0, 1, "n must be at least 1, got 0"), (-3, 0, "n must be at least 0, got -3"),
     (2.0, 1, "n must be an integer, got 2.0"), (True, 1, "n must be an integer, got True"),
     (np.True_, 1, "n must be an integer"), ("3", 1, "n must be an integer, got '3'"),
     (None, 1, "n must be an integer, got None"), (np.array(3), 1, "n must be an integer")],
)  # fmt: skip
def test_count_messages(value, minimum, message):
    with pytest.raises(ParameterError, match=message):
        check.count(value, "n", minimum=minimum)


@pytest.mark.parametrize("value", [0, -1.5, np.float32(0.5), Fraction(1, 2), np.int64(3)])
def test_numbers_become_floats(value):
    found = check.number(value, "x")
    assert found == float(value)
    assert type(found) is float


@pytest.mark.parametrize(
    ("value", "message"),
    [(math.nan, "x must be finite, got nan"), (-math.inf, "x must be finite, got -inf"),
     (1j, "x must be a real number, got 1j"), (False, "x must be a real number, got False"),
     ("1", "x must be a real number, got '1'"), (None, "x must be a real number, got None")],
)  # fmt: skip
@pytest.mark.parametrize("verb", [check.number, check.positive, check.non_negative])
def test_number_messages(verb, value, message):
    with pytest.raises(ParameterError, match=message):
        verb(value, "x")


def test_signs_and_intervals():
    assert check.positive(1e-300, "x") == 1e-300
    assert check.non_negative(0, "x") == 0.0
    assert check.within(1, "x", 0, 1) == 1.0
    with pytest.raises(ParameterError, match=r"x must be positive, got 0"):
        check.positive(0, "x")
    with pytest.raises(ParameterError, match=r"x must not be negative, got -0.5"):
        check.non_negative(-0.5, "x")
    with pytest.raises(ParameterError, match=r"x must lie in \[0, 1\], got 1.5"):
        check.within(1.5, "x", 0, 1)
    with pytest.raises(ParameterError, match=r"x must be finite, got nan"):
        check.within(math.nan, "x", 0, 1)


def test_choice():
    assert check.choice("tanh", "activation", {"relu": 1, "tanh": 2}) == "tanh"
    message = r"activation must be one of 'relu', 'tanh', got 'tan'; did you mean 'tanh'\?"
    with pytest.raises(ParameterError, match=message):
        check.choice("tan", "activation", iter(["relu", "tanh"]))
    with pytest.raises(ParameterError, match=r"got \['tanh'\]"):
        check.choice(["tanh"], "activation", ["relu", "tanh"])
    with pytest.raises(ParameterError, match=r"must be one of 'relu', 'tanh', got 'xyz'$"):
        check.choice("xyz", "activation", ["relu", "tanh"])


@pytest.mark.parametrize("kind", [np.float32, "float64", float, None])
def test_precision(kind):
    assert check.precision(kind) == np.dtype(kind)


@pytest.mark.parametrize("kind", [int, "float16", complex, "nonsense", object(), ">f8"])
def test_precision_messages(kind):
    with pytest.raises(ParameterError, match="dtype must be float32 or float64, got"):
        check.precision(kind)


def test_array_converts_and_does_not_copy_what_fits():
    values = np.arange(6.0).reshape(2, 3)
    assert check.array(values, "a", shape=(2, None)) is values
    found = check.array(np.asfortranarray(values), "a")
    assert found.flags.c_contiguous
    assert_array_equal(found, values)
    assert check.array([1, 2], "a", shape=(2,)).dtype == np.float64
    assert check.array([1.0, 2.0], "a", dtype=np.int64).dtype == np.int64
    assert check.array(3, "a", shape=()).shape == ()
    assert check.array([1, np.nan], "a", finite=False).size == 2


@pytest.mark.parametrize(
    ("value", "options", "kind", "message"),
    [([1, 2], {"shape": (3,)}, ShapeError, r"a must have shape \(3,\), got \(2,\)"),
     ([1, 2], {"shape": (None, 2)}, ShapeError, r"a must have shape \(any, 2\), got \(2,\)"),
     (1, {"shape": (None,)}, ShapeError, r"a must have shape \(any,\), got \(\)"),
     ([1], {"shape": ()}, ShapeError, r"a must have shape \(\), got \(1,\)"),
     (["x"], {}, DataError, r"a must be an array of numbers, got list: could not convert"),
     ([[1], [1, 2]], {}, DataError, r"a must be an array of numbers, got list"),
     ({"a": 1}, {}, DataError, r"a must be an array of numbers, got dict"),
     ([1j], {}, DataError, r"a must be an array of numbers, got list: imaginary parts"),
     ([0.5, 1], {"dtype": np.int64}, DataError, r"a must hold whole numbers, got fractions"),
     ([np.nan, 1], {"dtype": np.int64}, DataError, r"a must hold whole numbers"),
     ([np.inf, -np.inf], {}, DataError, r"a must be finite, got 2 .*\(first at \(0,\)\)"),
     ([[0, 1], [np.nan, 0]], {}, DataError, r"got 1 NaN or infinite .*\(first at \(1, 0\)\)")],
)  # fmt: skip
def test_array_messages(value, options, kind, message):
    with pytest.raises(kind, match=message):
        check.array(value, "a", **options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_finite_numbers_are_finite(dtype):
    """Their sum overflows, they do not."""
    values = np.full(5, np.finfo(dtype).max)
    assert check.array(values, "a", dtype=dtype) is values
