"""Eigenvalues of the couplings of one given model: density, outliers, zero modes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.linalg

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.lanczos import BoolArray, extreme_pairs, grid_over, quadratures, smeared
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.results import result
from spinglass_nn.spins.bond_matrix import BondMatrix, bonds_of
from spinglass_nn.spins.layered_spectrum import edge_of, zero_modes
from spinglass_nn.spins.models import PairModel
from spinglass_nn.typing import RNG, Float64Array, IntArray

MAX_EXACT = 2048  # spins, or those of the smaller colour of layers
_WIDTHS = 50  # of the smearing in the edge
_ZERO = 1e-7  # of the largest, below which an eigenvalue is zero
_TOLERANCE = 1e-10
_MOST_CYCLES = 60
_FIRST = 8  # outliers looked for at once


@result()
class BondSpectrum:
    r"""Spectrum of the matrix of couplings of one model.

    Parameters
    ----------
    n_spins : int
        Number of eigenvalues N.
    n_zero : int
        Zero modes: counted if ``exact``, else those that the sizes of layers force.
    exact : bool
        Whether all eigenvalues were computed.
    symmetric : bool
        Whether the spectrum is symmetric about zero, as that of layers.
    eigenvalues : array (n_spins,) or (0,)
        All of them, ascending, if so.
    edge : float
        End of the bulk, as given or as that of random couplings with the same mean squares.
    outliers : array (n_outliers,)
        Eigenvalues beyond it by more than N^(-2/3) of it, descending. Of a
        symmetric spectrum only the positive ones are listed.
    vectors : array (n_outliers, n_spins)
        Their eigenvectors, of length 1.
    residuals : array (n_outliers,)
        :math:`|J v - \lambda v|`.
    complete : bool
        Whether all outliers are listed.
    values, density, error : array (n_points,)
        Density of the eigenvalues without the zero modes, smeared by Gaussians, as the share of
        all eigenvalues per unit, and its standard error over probes (zeros if exact).
    width : float
        Standard deviation of the Gaussians.
    """

    n_spins: int
    n_zero: int
    exact: bool
    symmetric: bool
    eigenvalues: Float64Array
    edge: float
    outliers: Float64Array
    vectors: Float64Array
    residuals: Float64Array
    complete: bool
    values: Float64Array
    density: Float64Array
    error: Float64Array
    width: float

    def __repr__(self) -> str:
        return f"<{self.sentence}>"

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        n, more = self.outliers.size, "" if self.complete else "at least "
        far = (
            f", the farthest at {self.outliers[np.abs(self.outliers).argmax()]:.4g}"
            if n
            else ""
        )
        return (
            f"{self.n_spins} eigenvalues, {self.n_zero} of them zero; {more}{n} "
            f"outlier{'s' * (n != 1)} beyond the bulk edge {self.edge:.4g}{far}"
        )


def find(
    model: PairModel | BondMatrix,
    *,
    edge: float | None = None,
    exact: bool | None = None,
    n_probes: int = 8,
    n_steps: int = 80,
    width: float | None = None,
    max_outliers: int = 64,
    rng: RNG = 0,
) -> BondSpectrum:
    """Spectrum of the couplings of one model.

    Layers are two-coloured: eigenvalues come in pairs, plus and minus the singular values of the
    block between even and odd layers, and only the smaller side is worked on. Exact, the
    singular values (eigenvalues of other models) are computed densely; else the density comes
    from stochastic Lanczos quadrature and the outliers from Lanczos iterations.

    Parameters
    ----------
    model : PairModel or BondMatrix
        The model.
    edge : float, optional
        End of the bulk. By default that of random couplings with this model's own mean squares;
        for a trained network give that of the untrained one
        (`layered_spectrum.bulk_edge`), as outliers raise mean squares.
    exact : bool, optional
        Default: up to 2048 spins, or 2048 in the smaller colour of layers.
    n_probes, n_steps : int
        Random vectors (at least 2) and steps of the quadrature.
    width : float, optional
        Of the smearing; by default 1/50 of the edge.
    max_outliers : int
        How many are looked for at each end.
    rng : Generator, SeedSequence, int or None
        Seed of probes and first vectors.

    Returns
    -------
    BondSpectrum
        Density, outliers with eigenvectors and residuals, and zero modes.

    Raises
    ------
    ParameterError
        If a setting makes no sense.

    References
    ----------
    .. [1] G. H. Golub and G. Meurant, Matrices, Moments and Quadrature, Princeton 2010.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.LayeredIsing.from_weights([np.ones((20, 30)) / 30])
    >>> found = find(model)
    >>> found.n_zero, found.outliers.round(4).tolist()
    (48, [0.8165])
    """
    bonds, seed = bonds_of(model), random.seed_of(rng)
    n_probes = check.count(n_probes, "n_probes", minimum=2)
    n_steps = check.count(n_steps, "n_steps", minimum=2)
    max_outliers = check.count(max_outliers, "max_outliers")
    own = edge_of(bonds.mean_squares())
    edge = own if edge is None else check.positive(edge, "edge")
    width = edge / _WIDTHS if width is None else check.positive(width, "width")
    side = _side(bonds)
    if exact is None:
        exact = side.spins.size <= MAX_EXACT
    with threads.one_blas_thread():
        nodes, weights, eigenvalues = (
            _all(bonds, side) if exact else _sampled(bonds, side, n_probes, n_steps, seed)
        )
        limit = edge * (1 + bonds.n_spins ** (-2 / 3))
        outliers, vectors, complete = _outliers(side, limit, max_outliers, seed)
        residuals = np.linalg.norm(bonds.product(vectors) - outliers[:, None] * vectors, axis=1)
    values, width = grid_over(nodes, weights, width)
    each = np.stack([smeared(values, *one, width) for one in zip(nodes, weights, strict=True)])
    spread = each.std(axis=0, ddof=1) / math.sqrt(len(each)) if len(each) > 1 else 0 * each[0]
    zero = _small(eigenvalues).sum() if exact else _forced(bonds)
    return BondSpectrum(
        n_spins=bonds.n_spins,
        n_zero=int(zero),
        exact=bool(exact),
        symmetric=side.layered,
        eigenvalues=eigenvalues,
        edge=edge,
        outliers=outliers,
        vectors=vectors,
        residuals=residuals,
        complete=complete,
        values=values,
        density=each.mean(axis=0),
        error=spread,
        width=width,
    )


class _Side(NamedTuple):
    """What is worked on: J itself, or J² on the smaller colour of layers."""

    layered: bool
    spins: IntArray
    others: IntArray
    product: Callable[[Float64Array], Float64Array]
    complete: Callable[[Float64Array, Float64Array], Float64Array]


def _side(bonds: BondMatrix) -> _Side:
    every = np.arange(bonds.n_spins)
    if not bonds.is_layered:
        return _Side(False, every, every[:0], bonds.product, lambda _, vectors: vectors)
    odd = np.zeros(bonds.n_spins, dtype=bool)
    for part in bonds.layer_slices[1::2]:
        odd[part] = True
    small, large = sorted((every[odd], every[~odd]), key=len)

    def spread(vectors: Float64Array) -> Float64Array:
        full = np.zeros((*vectors.shape[:-1], bonds.n_spins))
        full[..., small] = vectors
        return full

    def twice(vectors: Float64Array) -> Float64Array:
        return bonds.product(bonds.product(spread(vectors)))[..., small]

    def complete(values: Float64Array, vectors: Float64Array) -> Float64Array:
        full = spread(vectors)
        return (full + bonds.product(full) / values[:, None]) / math.sqrt(2)

    return _Side(True, small, large, twice, complete)


def _small(values: Float64Array) -> BoolArray:
    size = np.abs(values)
    small: BoolArray = size <= _ZERO * size.max()
    return small


def _all(bonds: BondMatrix, side: _Side) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Nodes, weights, and all eigenvalues."""
    unit = np.zeros((side.spins.size, bonds.n_spins))
    unit[np.arange(side.spins.size), side.spins] = 1.0
    block = bonds.product(unit)
    if side.layered:
        singular = scipy.linalg.svdvals(block[:, side.others])
        zeros = np.zeros(bonds.n_spins - 2 * singular.size)
        eigenvalues = np.sort(np.concatenate([-singular, zeros, singular]))
    else:
        eigenvalues = np.linalg.eigvalsh(block)
    nodes = eigenvalues[~_small(eigenvalues)]
    return nodes[None], np.full((1, nodes.size), 1 / bonds.n_spins), eigenvalues


def _sampled(
    bonds: BondMatrix, side: _Side, n_probes: int, n_steps: int, seed: Seed
) -> tuple[Float64Array, Float64Array, Float64Array]:
    size = side.spins.size
    starts = np.stack([
        seed.generator(Stream.SPECTRUM, 1, probe).integers(0, 2, size) * 2.0 - 1.0
        for probe in range(n_probes)
    ])  # fmt: skip
    nodes, weights = quadratures(side.product, starts / math.sqrt(size), min(n_steps, size))
    if side.layered:
        roots = np.sqrt(np.maximum(nodes, 0))
        nodes = np.concatenate([-roots[:, ::-1], roots], axis=1)
        weights = np.concatenate([weights[:, ::-1], weights], axis=1) * (size / bonds.n_spins)
    weights = np.where(_small(nodes), 0.0, weights)
    return nodes, weights, np.empty(0)


def _outliers(
    side: _Side, limit: float, most: int, seed: Seed
) -> tuple[Float64Array, Float64Array, bool]:
    """Eigenvalues beyond the limit, their vectors, and whether these are all."""
    size, wanted = side.spins.size, min(_FIRST, most)
    room = size if side.layered else size // 2
    while True:
        high = min(wanted, room)
        low = 0 if side.layered else high
        found = extreme_pairs(
            side.product, size, (low, high), _TOLERANCE, _MOST_CYCLES,
            seed.generator(Stream.SPECTRUM, 2),
        )  # fmt: skip
        values = np.sqrt(np.maximum(found.values, 0)) if side.layered else found.values
        seen = values[-high] <= limit and (low == 0 or values[low - 1] >= -limit)
        if seen or high == room or wanted >= most:
            break
        wanted = min(2 * wanted, most)
    beyond = np.flatnonzero(np.abs(values) > limit)[::-1]
    vectors = side.complete(values[beyond], found.vectors[beyond])
    return values[beyond], vectors, bool(seen or high == room)


def _forced(bonds: BondMatrix) -> int:
    return zero_modes(bonds.sizes) if bonds.is_layered else 0
