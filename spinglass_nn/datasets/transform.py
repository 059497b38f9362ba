"""New data sets of old: subsets, standardised inputs, random labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.random import Stream, seed_of
from spinglass_nn.datasets._balance import at_most, first_balanced
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import DataError
from spinglass_nn.typing import RNG, Float64Array, FloatArray, IntArray

_ROWS = 4096  # converted to float64 at a time
_ROUNDING = 1e-12  # relative spread of equal numbers about their computed mean, with room


def subset(
    data: Dataset, n: int | ArrayLike, *, rng: RNG = None, balanced: bool = True
) -> Dataset:
    """A part of the samples, drawn at random or named; the test set stays.

    Parameters
    ----------
    data : Dataset
        Where to take them from.
    n : int, or integer or bool array
        How many to draw without repetition, or which ones: indices or a mask.
    rng : Generator, SeedSequence, int or None
        Seed of the draw; not used with indices.
    balanced : bool
        Draw classes as evenly as they allow. Without labels it has no effect.

    Returns
    -------
    Dataset
        Drawn samples stand in the order they had, named ones in the order named.

    Raises
    ------
    ParameterError
        If there are fewer samples than asked for, or an index is out of range.

    Examples
    --------
    >>> from spinglass_nn.datasets import digits
    >>> subset(digits(), 100, rng=1)
    <digits (8x8): 100 x 64, 10 classes, 360 held out>
    """
    if np.ndim(n) > 0:
        return data.take(n)
    count = at_most(n, data.n_samples, "n")  # type: ignore[arg-type]
    order = seed_of(rng).generator(Stream.SUBSETS).permutation(data.n_samples)
    if balanced and data.labels is not None:
        order = order[first_balanced(data.labels[order], count)]
    return data.take(np.sort(order[:count]))


def standardize(data: Dataset, *, per_feature: bool = False) -> Dataset:
    r"""Inputs with mean 0 and standard deviation 1, by the statistics of the training set.

    .. math:: x' = (x - \mu) / \sigma

    Parameters
    ----------
    data : Dataset
        Its own inputs give :math:`\mu` and :math:`\sigma`; the test inputs get the same.
    per_feature : bool
        One mean and deviation per input instead of one for all; inputs that never vary
        become zero.

    Returns
    -------
    Dataset
        With the numbers used in ``preprocessing``.

    Raises
    ------
    DataError
        If all inputs are equal.

    Examples
    --------
    >>> from spinglass_nn.datasets import from_arrays
    >>> standardize(from_arrays([[1.0], [3.0]], [0, 1])).inputs.tolist()
    [[-1.0], [1.0]]
    """
    mean, deviation = _moments(data.inputs, None if not per_feature else 0)
    varies = deviation > _ROUNDING * np.abs(mean)
    if not np.any(varies):
        raise DataError("inputs must vary to be standardised, got the same everywhere")
    if per_feature:
        done = "each input minus its mean, over its standard deviation, of the training set"
    else:
        done = (
            f"{mean:.6g} subtracted and divided by {deviation:.6g}, mean and standard "
            "deviation of all training inputs"
        )
    deviation = np.where(varies, deviation, 1.0)

    def scaled(part: Dataset) -> Dataset:
        before = f"{part.preprocessing}; " if part.preprocessing else ""
        inputs = _scaled(part.inputs, mean, deviation)
        return replace(part, inputs=inputs, preprocessing=before + done)

    made = scaled(data)
    return made if data.test is None else replace(made, test=scaled(data.test))


def random_labels(data: Dataset, fraction: float = 1.0, *, rng: RNG = None) -> Dataset:
    """Labels replaced by random ones; the test set keeps the true labels.

    Parameters
    ----------
    data : Dataset
        Data with labels.
    fraction : float
        Share of the samples, chosen at random, whose label is drawn anew, uniformly from all
        classes; one in ``n_classes`` of them keeps its label by chance.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    Dataset
        Same inputs; the name says what was done.

    Raises
    ------
    DataError
        If the data have no labels.
    ParameterError
        If the fraction is not in [0, 1].

    References
    ----------
    C. Zhang et al., Understanding deep learning requires rethinking generalization (2017),
    arXiv:1611.03530.

    Examples
    --------
    >>> from spinglass_nn.datasets import digits
    >>> random_labels(digits(), 0.5, rng=1).name
    'digits (8x8), 50 % random labels'
    """
    fraction = check.within(fraction, "fraction", 0, 1)
    if data.labels is None or data.n_classes is None:
        raise DataError("data must have labels to be made random, got real targets")
    generator = seed_of(rng).generator(Stream.LABELS)
    chosen = generator.permutation(data.n_samples)[: round(fraction * data.n_samples)]
    labels: IntArray = data.labels.copy()
    labels[chosen] = generator.integers(0, data.n_classes, chosen.size)
    name = f"{data.name}, {100 * fraction:g} % random labels"
    return replace(data, labels=labels, name=name)


def _moments(inputs: FloatArray, axis: int | None) -> tuple[Any, Any]:
    """Mean and deviation in float64, in two passes over blocks of rows."""
    n = inputs.size if axis is None else len(inputs)

    def summed(shift: Any, power: int) -> Any:
        parts = [((block - shift) ** power).sum(axis=axis) for block in _blocks(inputs)]
        return np.add.reduce(parts) / n

    mean = summed(0.0, 1)
    return mean, np.sqrt(summed(mean, 2))


def _blocks(inputs: FloatArray) -> Iterator[Float64Array]:
    for start in range(0, len(inputs), _ROWS):
        yield inputs[start : start + _ROWS].astype(np.float64)


def _scaled(inputs: FloatArray, mean: Any, deviation: NDArray[Any]) -> FloatArray:
    out = np.empty_like(inputs)
    for start in range(0, len(inputs), _ROWS):
        rows = slice(start, start + _ROWS)
        out[rows] = (inputs[rows].astype(np.float64) - mean) / deviation
    return out
