"""Layers of random weights, under any names."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

SIZES = (5, 4, 3, 2)


def random_layers(sizes=SIZES, bias=True, dtype=np.float32, seed=0):
    rng = np.random.default_rng(seed)
    return [
        (
            rng.normal(size=(n_out, n_in)).astype(dtype),
            rng.normal(size=n_out).astype(dtype) if bias else None,
        )
        for n_in, n_out in pairwise(sizes)
    ]


LAYERS = random_layers()


def named(weight, bias, layers=LAYERS, first=0, transposed=False):
    """Arrays under names made from two patterns; ``{i}`` is the layer's number."""
    arrays = {}
    for i, (w, b) in enumerate(layers, start=first):
        arrays[weight.format(i=i)] = w.T if transposed else w
        if b is not None:
            arrays[bias.format(i=i)] = b
    return arrays


def assert_same(found, layers=LAYERS):
    assert len(found) == len(layers)
    for (weight, bias), (w, b) in zip(found, layers, strict=True):
        np.testing.assert_array_equal(weight, w)
        assert weight.flags.c_contiguous
        if b is None:
            assert bias is None
        else:
            np.testing.assert_array_equal(bias, b)
