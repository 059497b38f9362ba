"""The couplings of a model as an operator on many vectors at a time."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.linalg import LinearOperator

from spinglass_nn._core import check
from spinglass_nn._core.lanczos import extreme_pairs
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.errors import NotConverged, ParameterError, ShapeError
from spinglass_nn.spins.hopfield import Hopfield
from spinglass_nn.spins.layered import LayeredIsing
from spinglass_nn.spins.models import PairModel
from spinglass_nn.spins.p_spin import PSpin
from spinglass_nn.spins.sk import SherringtonKirkpatrick
from spinglass_nn.typing import Float64Array

_DENSE_SHARE = 0.1  # of all pairs coupled, from which on a whole matrix is faster
_TOLERANCE = 1e-6
_MOST_CYCLES = 60
_CHUNK = 256  # columns of the identity at a time


class BondMatrix:
    r"""The symmetric matrix J of a model's couplings, and that of their squares.

    Layered models are kept as their weight matrices, sparse ones as compressed rows, others as
    they are; products with many vectors are matrix products.

    Parameters
    ----------
    model : PairModel
        A model of spins that interact in pairs.

    Raises
    ------
    ParameterError
        If it is none.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.LayeredIsing.from_weights([np.ones((3, 4)), np.ones((2, 3))])
    >>> bonds = BondMatrix(model)
    >>> bonds.product(np.ones(9)).tolist()
    [3.0, 3.0, 3.0, 3.0, 6.0, 6.0, 6.0, 3.0, 3.0]
    """

    def __init__(self, model: PairModel) -> None:
        if not isinstance(model, PairModel) or (isinstance(model, PSpin) and model.p != 2):
            raise ParameterError(f"model must be a model of pairs of spins, got {model!r}")
        self.n_spins = model.n_spins
        self.fields: Float64Array = model.fields
        self.layer_slices: tuple[slice, ...] = (slice(0, model.n_spins),)
        self._bonds: _Couplings
        if isinstance(model, LayeredIsing):
            self.layer_slices = model.layer_slices
            self._bonds = _Layers(model.weights, model.layer_slices)
        else:
            self._bonds = _whole(model)

    def __repr__(self) -> str:
        sizes = "-".join(str(n) for n in self.sizes)
        return f"<bond matrix of {sizes} spins>"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Spins of each layer; one layer if the model has none."""
        return tuple(part.stop - part.start for part in self.layer_slices)

    @property
    def is_layered(self) -> bool:
        """Whether spins are coupled from layer to layer, and the spectrum is symmetric."""
        return len(self.layer_slices) > 1

    @cached_property
    def _squares(self) -> _Couplings:
        return self._bonds.squared()

    @cached_property
    def row_squares(self) -> Float64Array:
        """Sum of the squares of each spin's couplings, a_i, (n_spins,)."""
        return self.squares_product(np.ones(self.n_spins))

    def product(self, vectors: ArrayLike) -> Float64Array:
        """J times vectors.

        Parameters
        ----------
        vectors : array (..., n_spins)
            One vector a row.

        Returns
        -------
        array (..., n_spins)
            Products.
        """
        return self._times(self._bonds, vectors)

    def squares_product(self, vectors: ArrayLike) -> Float64Array:
        """The matrix of squared couplings times vectors.

        Parameters
        ----------
        vectors : array (..., n_spins)
            One vector a row.

        Returns
        -------
        array (..., n_spins)
            Products.
        """
        return self._times(self._squares, vectors)

    def _times(self, couplings: _Couplings, vectors: ArrayLike) -> Float64Array:
        given = np.asarray(vectors, dtype=np.float64)
        if given.ndim == 0 or given.shape[-1] != self.n_spins:
            raise ShapeError(
                f"vectors must have shape (..., {self.n_spins}), got {given.shape}"
            )
        return couplings.times(given.reshape(-1, self.n_spins)).reshape(given.shape)

    def operator(self) -> LinearOperator:
        """J as SciPy's solvers take it.

        Returns
        -------
        LinearOperator (n_spins, n_spins)
            Products with a vector and with matrices of columns.
        """
        return LinearOperator(
            (self.n_spins, self.n_spins), dtype=np.float64,
            matvec=lambda x: self.product(np.ravel(x)), matmat=lambda x: self.product(x.T).T,
            rmatvec=lambda x: self.product(np.ravel(x)),
        )  # fmt: skip

    def moments(self) -> Float64Array:
        r"""Spectral moments of each layer, :math:`\frac{1}{N_k} \sum_{i \in k} (J^p)_{ii}`.

        Exact, by products with all unit vectors; averaged over the spins they are the moments
        of the eigenvalues.

        Returns
        -------
        array (n_layers, 4)
            For p = 1, 2, 3, 4.
        """
        each = np.zeros((self.n_spins, 4))
        for start in range(0, self.n_spins, _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, self.n_spins))
            unit = np.zeros((rows.size, self.n_spins))
            unit[np.arange(rows.size), rows] = 1.0
            first = self.product(unit)
            second = self.product(first)
            each[rows, 0] = first[np.arange(rows.size), rows]
            each[rows, 1] = np.einsum("ij,ij->i", first, first)
            each[rows, 2] = np.einsum("ij,ij->i", first, second)
            each[rows, 3] = np.einsum("ij,ij->i", second, second)
        return np.stack([each[part].mean(axis=0) for part in self.layer_slices])

    def mean_squares(self) -> Float64Array:
        """Measured variance profile: mean over a layer's spins of their a_i from each layer.

        Returns
        -------
        array (n_layers, n_layers)
            What `layered_theory.variance_profile` is for random weights.
        """
        profile = np.zeros((len(self.sizes), len(self.sizes)))
        for column, part in enumerate(self.layer_slices):
            inside = np.zeros(self.n_spins)
            inside[part] = 1.0
            sums = self.squares_product(inside)
            profile[:, column] = [sums[rows].mean() for rows in self.layer_slices]
        return profile

    def squares_radius(self, factors: ArrayLike | None = None) -> float:
        r"""Spectral radius of :math:`f_i J_{ij}^2 f_j`.

        By Lanczos iterations to a relative residual of 1e-6, which leaves an error of its square.

        Parameters
        ----------
        factors : array (n_spins,), optional
            Not negative; by default ones, which gives the square of the transition temperature
            of random couplings with these mean squares.

        Returns
        -------
        float
            The largest eigenvalue, as no entry is negative.

        Raises
        ------
        NotConverged
            If the iterations did not reach the tolerance.
        """
        given = np.ones(self.n_spins) if factors is None else factors
        f = check_rows(given, self.n_spins, "factors")
        found = extreme_pairs(
            lambda v: f * self.squares_product(f * v), self.n_spins, (0, 1), _TOLERANCE,
            _MOST_CYCLES, Seed(0).generator(Stream.SPECTRUM, 5),
        )  # fmt: skip
        if not found.converged.all():
            raise NotConverged(
                f"the spectral radius must be known to {_TOLERANCE:g}, and is not", found.values
            )
        return float(found.values[0])


class _Couplings(Protocol):
    """A symmetric matrix, in whatever form, that multiplies rows."""

    def times(self, rows: Float64Array) -> Float64Array: ...

    def squared(self) -> _Couplings: ...


class _Layers:
    """Weight matrices (outputs, inputs) between neighbouring layers."""

    def __init__(self, weights: tuple[Float64Array, ...], parts: tuple[slice, ...]) -> None:
        self.weights, self.parts = weights, parts

    def times(self, rows: Float64Array) -> Float64Array:
        product = np.zeros_like(rows)
        for (lower, upper), w in zip(itertools.pairwise(self.parts), self.weights, strict=True):
            product[:, upper] += rows[:, lower] @ w.T
            product[:, lower] += rows[:, upper] @ w
        return product

    def squared(self) -> _Layers:
        return _Layers(tuple(w * w for w in self.weights), self.parts)


class _Dense:
    def __init__(self, matrix: Float64Array) -> None:
        self.matrix = matrix

    def times(self, rows: Float64Array) -> Float64Array:
        product: Float64Array = rows @ self.matrix
        return product

    def squared(self) -> _Dense:
        return _Dense(self.matrix**2)


class _Sparse:
    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix

    def times(self, rows: Float64Array) -> Float64Array:
        product: NDArray[Any] = (self.matrix @ rows.T).T
        return np.ascontiguousarray(product)

    def squared(self) -> _Sparse:
        return _Sparse(self.matrix.power(2))


def _whole(model: PairModel) -> _Couplings:
    """One matrix, sparse where few pairs are coupled."""
    if isinstance(model, (SherringtonKirkpatrick, Hopfield, PSpin)):
        return _Dense(model.matrix())
    graph, n = model.graph(), model.n_spins
    if graph.n_bonds > _DENSE_SHARE * n * (n - 1) / 2:
        return _Dense(model.matrix())
    i, j, couplings = graph.bonds
    half = scipy.sparse.coo_array((couplings, (i, j)), (n, n))
    return _Sparse((half + half.T).tocsr())


def bonds_of(model: PairModel | BondMatrix) -> BondMatrix:
    """The bond matrix of a model, or the one given."""
    return model if isinstance(model, BondMatrix) else BondMatrix(model)


def check_rows(values: ArrayLike, n_spins: int, name: str) -> Float64Array:
    """Real vectors (..., n_spins), one a row."""
    given: Float64Array = check.array(values, name)
    if given.ndim == 0 or given.shape[-1] != n_spins:
        raise ShapeError(f"{name} must have shape (..., {n_spins}), got {given.shape}")
    return given
