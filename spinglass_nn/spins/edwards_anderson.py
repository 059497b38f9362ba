"""The Edwards-Anderson model: nearest neighbours on a hypercubic lattice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, InitVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.random import Seed
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.spins import models
from spinglass_nn.spins.graphs import IsingGraph
from spinglass_nn.typing import RNG, Float64Array, IntArray

BOUNDARIES = ("periodic", "free")


@result()
class EdwardsAnderson(models.PairInteraction):
    r"""Nearest neighbours on a hypercubic lattice of any dimension and shape.

    .. math:: H = -\sum_x \sum_a J_a(x)\, s_x s_{x + a} - \sum_x h_x s_x

    with one term for each bond, ``a`` running over the axes [1]_. Couplings have mean 0 and
    variance 1, which is the unit of energy; energies are of the whole system. Sites are
    numbered in C order: the last axis runs fastest.

    A periodic axis of length 2 has two different bonds between the same two sites, forwards
    and around, as is usual in the literature; `graph` adds them into one. An axis of length 1
    has no bonds.

    Parameters
    ----------
    shape : tuple of int
        Sites along each axis, such as ``(8, 8, 8)``.
    distribution : {"gaussian", "pm1"}
        Of the couplings: normal, or ±1 with equal probability.
    boundary : {"periodic", "free"} or tuple of these
        For all axes, or one each.
    dilution : float
        Probability that a bond is present. The couplings of those present are the same for
        all dilutions.
    field : float or array (n_spins,)
        External field h, the same on all spins or one each.
    sample : int
        Number of the disorder sample; the couplings depend on (``rng``, ``sample``) alone.
    rng : Generator, SeedSequence, int or None
        Seed of the disorder.
    couplings : array (dimension, n_spins), optional
        Take these instead of drawing: ``couplings[a, x]`` is the bond from x forwards along
        axis a, 0 where there is none. Read-only afterwards.

    Raises
    ------
    ParameterError
        If a parameter makes no sense, or the couplings exceed the memory.
    DataError
        If given couplings are not finite, or sit where no bond is.

    References
    ----------
    .. [1] S. F. Edwards and P. W. Anderson, J. Phys. F 5 (1975) 965.

    Examples
    --------
    >>> model = EdwardsAnderson((4, 4, 4), "pm1", boundary=("periodic", "periodic", "free"))
    >>> model
    <EA model: 4x4x4, pm1, periodic/periodic/free, sample 0>
    >>> model.n_spins, model.n_bonds
    (64, 176)
    """

    shape: tuple[int, ...]
    distribution: str = "gaussian"
    _: KW_ONLY
    boundary: str | tuple[str, ...] = "periodic"
    dilution: float = 1.0
    field: float | Float64Array = 0.0
    sample: int = 0
    rng: InitVar[RNG | Seed] = None
    couplings: Float64Array = None  # type: ignore[assignment]  # drawn below

    def __post_init__(self, rng: RNG | Seed) -> None:
        shape = _checked_shape(self.shape)
        boundary = _checked_boundary(self.boundary, len(shape))
        n_spins = math.prod(shape)
        models.refuse_if_larger(
            8.0 * len(shape) * n_spins, f"couplings of {'x'.join(map(str, shape))} sites"
        )
        check.choice(self.distribution, "distribution", models.DISTRIBUTIONS)
        dilution = check.within(self.dilution, "dilution", 0, 1)
        check.count(self.sample, "sample", minimum=0)
        field = models.checked_field(self.field, n_spins)
        there = _bond_sites(shape, boundary)
        if models.missing(self.couplings):
            couplings = _draw(
                models.disorder(rng, self.sample), self.distribution, there, dilution
            )
        else:
            couplings = _checked_couplings(self.couplings, there, self.distribution)
        for name, value in (("shape", shape), ("boundary", boundary), ("dilution", dilution),
                            ("field", field), ("couplings", models.frozen(couplings))):  # fmt: skip
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        bounds = "/".join(self.boundary)
        bounds = self.boundary[0] if len(set(self.boundary)) == 1 else bounds
        diluted = f", bonds with p={self.dilution:g}" if self.dilution < 1 else ""
        return (
            f"<EA model: {'x'.join(map(str, self.shape))}, {self.distribution}, {bounds}"
            f"{diluted}, sample {self.sample}>"
        )

    @property
    def dimension(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def n_spins(self) -> int:
        """Number of spins, one a site."""
        return math.prod(self.shape)

    @property
    def n_bonds(self) -> int:
        """Number of bonds present; both of those along a periodic axis of length 2."""
        return int(np.count_nonzero(self.couplings))

    @property
    def fields(self) -> Float64Array:
        """External field on each spin, (n_spins,)."""
        return models.field_array(self.field, self.n_spins)

    @property
    def neighbors(self) -> IntArray:
        """Sites next to each site, (n_spins, 2 dimension); -1 where the lattice ends.

        Column 2a holds the site forwards along axis a, column 2a + 1 the one backwards. The
        bond of the first is ``couplings[a, x]``, that of the second
        ``couplings[a, neighbors[x, 2a + 1]]``; diluted bonds are here and have coupling 0.
        """
        sites = np.arange(self.n_spins).reshape(self.shape)
        there = _bond_sites(self.shape, self.boundary)
        table = np.full((self.n_spins, 2 * self.dimension), -1, dtype=np.int64)
        for axis, present in enumerate(there):
            forward = np.roll(sites, -1, axis).ravel()
            table[present, 2 * axis] = forward[present]
            table[forward[present], 2 * axis + 1] = np.flatnonzero(present)
        return table

    def graph(self) -> IsingGraph:
        """The same model as a graph; double bonds of a periodic axis of length 2 are added."""
        sites = np.arange(self.n_spins).reshape(self.shape)
        i, axis_of = [], []
        for axis, row in enumerate(self.couplings):
            present = np.flatnonzero(row)
            i.append(present)
            axis_of.append(np.roll(sites, -1, axis).ravel()[present])
        tails, heads = np.concatenate(i), np.concatenate(axis_of)
        values = self.couplings[self.couplings != 0]  # axis by axis, like the sites above
        pairs = np.minimum(tails, heads) * self.n_spins + np.maximum(tails, heads)
        pairs, place = np.unique(pairs, return_inverse=True)
        merged = np.bincount(place.ravel(), weights=values, minlength=pairs.size)
        low, high = np.divmod(pairs, self.n_spins)
        return IsingGraph.from_arrays(low, high, merged, self.n_spins, self.fields)

    def matrix(self) -> Float64Array:
        """The couplings as a dense symmetric matrix (n_spins, n_spins), zero diagonal."""
        n = self.n_spins
        models.refuse_if_larger(8.0 * n * n, f"the dense matrix of {n} spins")
        return self.graph().matrix()

    def _interaction(self, block: Float64Array) -> Float64Array:
        lattice = block.reshape(-1, *self.shape)
        total = np.zeros_like(lattice)
        for axis in range(self.dimension):
            bond = self.couplings[axis].reshape(self.shape)
            total += bond * np.roll(lattice, -1, axis + 1)
            total += np.roll(bond * lattice, 1, axis + 1)
        return total.reshape(block.shape)


def _checked_shape(shape: Sequence[int]) -> tuple[int, ...]:
    try:
        sizes = tuple(shape)
    except TypeError:
        raise ParameterError(f"shape must be a tuple of integers, got {shape!r}") from None
    if not sizes:
        raise ParameterError("shape must have at least one axis, got ()")
    return tuple(check.count(size, f"shape[{axis}]") for axis, size in enumerate(sizes))


def _checked_boundary(boundary: str | Sequence[str], dimension: int) -> tuple[str, ...]:
    if isinstance(boundary, str):
        return (check.choice(boundary, "boundary", BOUNDARIES),) * dimension
    given = tuple(boundary)
    if len(given) != dimension:
        raise ParameterError(
            f"boundary must name one condition or {dimension}, one an axis, got {len(given)}"
        )
    return tuple(check.choice(b, f"boundary[{a}]", BOUNDARIES) for a, b in enumerate(given))


def _bond_sites(shape: tuple[int, ...], boundary: Sequence[str]) -> NDArray[np.bool_]:
    """Whether the lattice has a bond forwards from each site, (dimension, n_spins)."""
    there = np.ones((len(shape), *shape), dtype=bool)
    for axis, size in enumerate(shape):
        if size == 1 or boundary[axis] == "free":
            np.moveaxis(there[axis], axis, 0)[-1] = False
    return there.reshape(len(shape), -1)


def _draw(
    generator: np.random.Generator,
    distribution: str,
    there: NDArray[np.bool_],
    dilution: float,
) -> Float64Array:
    couplings = models.draw(generator, distribution, there.size).reshape(there.shape)
    couplings[~there] = 0.0
    if dilution < 1:
        couplings[generator.random(there.shape) >= dilution] = 0.0
    return couplings


def _checked_couplings(
    given: ArrayLike, there: NDArray[np.bool_], distribution: str
) -> Float64Array:
    couplings: Float64Array = check.array(given, "couplings")
    if couplings.shape != there.shape:
        raise ShapeError(
            f"couplings must have shape (dimension, n_spins) = {there.shape}, "
            f"got {couplings.shape}"
        )
    stray = (couplings != 0) & ~there
    if stray.any():
        axis, site = (int(k) for k in np.argwhere(stray)[0])
        raise DataError(
            f"couplings must be 0 where the lattice ends, got {couplings[axis, site]:g} "
            f"forwards of site {site} along axis {axis}"
        )
    if distribution == "pm1":
        models.check_pm1(couplings, absent=True)
    return couplings
