"""Extreme eigenpairs where the basis has to be begun anew, against dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spinglass_nn._core.lanczos import extreme_pairs, quadratures


@pytest.fixture(scope="module")
def matrix():
    """Semicircle with one outlier; the edges have no gaps."""
    rng = np.random.default_rng(0)
    n = 500
    half = rng.standard_normal((n, n)) / np.sqrt(2 * n)
    return half + half.T + 2.0 / n


@pytest.mark.parametrize("counts", [(8, 8), (0, 8), (8, 0), (3, 5), (1, 0), (0, 1)])
def test_both_ends_after_restarts(matrix, counts):
    found = extreme_pairs(
        lambda v: matrix @ v, len(matrix), counts, 1e-10, 60, np.random.default_rng(1)
    )
    exact = np.linalg.eigvalsh(matrix)
    expected = np.concatenate([exact[: counts[0]], exact[len(exact) - counts[1] :]])
    assert_allclose(found.values, expected, atol=1e-9)
    assert found.converged.all()
    assert found.n_products < 300
    residuals = found.vectors @ matrix - found.values[:, None] * found.vectors
    assert np.abs(residuals).max() < 1e-8


@pytest.mark.parametrize("counts", [(4, 4), (4, 0)])
def test_what_has_not_converged_is_not_called_so(matrix, counts):
    found = extreme_pairs(
        lambda v: matrix @ v, len(matrix), counts, 1e-12, 1, np.random.default_rng(1)
    )
    assert not found.converged.all()


def test_quadratures_have_the_moments_of_their_vectors(matrix):
    starts = np.random.default_rng(2).standard_normal((3, len(matrix)))
    starts /= np.linalg.norm(starts, axis=1, keepdims=True)
    nodes, weights = quadratures(lambda v: v @ matrix, starts, 6)
    vectors = starts
    for power in range(1, 12):
        vectors = vectors @ matrix
        expected = np.einsum("ij,ij->i", starts, vectors)
        assert_allclose((weights * nodes**power).sum(axis=1), expected, atol=1e-9)
