"""What every model of this room shares: its interface, checks at the door, draws of disorder.

All models follow one convention: k_B = 1, H = -Σ_{i<j} J_ij s_i s_j - Σ_i h_i s_i with each
bond counted once, energies of the whole system (not per spin), spins ±1.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check, random
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.typing import RNG, Float64Array

if TYPE_CHECKING:
    from spinglass_nn.spins.graphs import IsingGraph

DISTRIBUTIONS = ("gaussian", "pm1")
_BLOCK = 1 << 21  # entries converted to float64 at a time
_ASSUMED_MEMORY = 64 * 2**30  # where the system does not tell


@runtime_checkable
class SpinModel(Protocol):
    """What the exact methods and the dynamics need of a model.

    Attributes
    ----------
    n_spins : int
        Number of spins N.
    """

    @property
    def n_spins(self) -> int: ...  # noqa: D102

    def energy(self, spins: ArrayLike) -> Any: ...  # noqa: D102

    def local_fields(self, spins: ArrayLike) -> Float64Array: ...  # noqa: D102


@runtime_checkable
class PairModel(SpinModel, Protocol):
    """A model whose spins interact in pairs.

    Attributes
    ----------
    n_spins : int
        Number of spins N.
    fields : array (n_spins,)
        External field on each spin.
    """

    @property
    def fields(self) -> Float64Array: ...  # noqa: D102

    def graph(self) -> IsingGraph: ...  # noqa: D102

    def matrix(self) -> Float64Array: ...  # noqa: D102


class PairInteraction:
    """Energy and local fields of a model that knows what its pairs do to each spin."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def n_spins(self) -> int: ...  # noqa: D102

        @property
        def fields(self) -> Float64Array: ...  # noqa: D102

        def _interaction(self, block: Float64Array) -> Float64Array: ...

    def energy(self, spins: ArrayLike) -> Any:
        """Energy of the whole system.

        Parameters
        ----------
        spins : array (..., n_spins)
            Configurations of ±1.

        Returns
        -------
        float or array (...)
            H, one for each configuration.
        """
        rows, lead = spin_rows(spins, self.n_spins)
        return energies(rows, lead, self._interaction, self.fields)

    def local_fields(self, spins: ArrayLike) -> Float64Array:
        """Field on each spin, Σ_j J_ij s_j + h_i; flipping spin i costs 2 s_i times it.

        Parameters
        ----------
        spins : array (..., n_spins)
            Configurations of ±1.

        Returns
        -------
        array (..., n_spins)
            One field for each spin.
        """
        rows, lead = spin_rows(spins, self.n_spins)
        return fields_on(rows, lead, self._interaction, self.fields)


def disorder(rng: RNG | Seed, sample: int) -> np.random.Generator:
    """The generator of one disorder sample, a pure function of (seed, sample)."""
    return random.seed_of(rng).generator(
        Stream.DISORDER, check.count(sample, "sample", minimum=0)
    )


def draw(generator: np.random.Generator, distribution: str, size: int) -> Float64Array:
    """Independent couplings of mean 0 and variance 1."""
    if distribution == "gaussian":
        return generator.standard_normal(size)
    signs: Float64Array = generator.integers(0, 2, size=size).astype(np.float64)
    signs *= 2
    signs -= 1
    return signs


def check_pm1(couplings: Float64Array, scale: float = 1.0, *, absent: bool = False) -> None:
    """Refuse given couplings that are not all ±scale (or 0, where bonds may be absent)."""
    wrong = np.abs(np.abs(couplings) - scale) > 1e-12 * scale
    if absent:
        wrong &= couplings != 0
    if wrong.any():
        raise DataError(
            f"couplings must be ±{scale:.6g} for distribution='pm1', got {couplings[wrong][0]:g}"
        )


def missing(value: object) -> bool:
    """Whether an array with a default of None was not given."""
    return value is None


def frozen(values: NDArray[Any]) -> NDArray[Any]:
    """A read-only view; the caller's own array stays as it was."""
    view = values.view()
    view.flags.writeable = False
    return view


def checked_field(field: object, n_spins: int) -> float | Float64Array:
    """A uniform field as a float, or one field a spin as a read-only array."""
    if np.ndim(field) == 0:  # type: ignore[arg-type]
        return check.number(field, "field")
    return frozen(check.array(field, "field", shape=(n_spins,)))  # type: ignore[arg-type]


def field_array(field: float | Float64Array, n_spins: int) -> Float64Array:
    """One field a spin, read-only."""
    return frozen(np.broadcast_to(np.asarray(field, dtype=np.float64), (n_spins,)))


def refuse_if_larger(n_bytes: float, what: str, limit: float | None = None) -> None:
    """Refuse what does not fit into memory before anything is allocated."""
    limit = _memory() if limit is None else limit
    if n_bytes > limit:
        raise ParameterError(
            f"{what} would take {n_bytes / 2**30:.3g} GiB, "
            f"but this machine has {limit / 2**30:.3g} GiB"
        )


def _memory() -> float:
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every system
        return float(_ASSUMED_MEMORY)


def spin_rows(
    spins: ArrayLike, n_spins: int, name: str = "spins"
) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Configurations as rows (n, n_spins), and the axes they came in."""
    given: NDArray[Any] = np.asarray(spins)
    if given.dtype.kind not in "iuf":
        raise DataError(f"{name} must be an array of +1 and -1, got dtype {given.dtype}")
    if given.ndim == 0 or given.shape[-1] != n_spins:
        raise ShapeError(
            f"{name} must have shape (..., {n_spins}), one column a spin, got {given.shape}"
        )
    rows = given.reshape(-1, n_spins)
    for part in _parts(rows):
        wrong = (rows[part] != 1) & (rows[part] != -1)
        if wrong.any():
            raise DataError(f"{name} must be +1 or -1, got {rows[part][wrong][0]}")
    return rows, given.shape[:-1]


def real_rows(spins: ArrayLike, n_spins: int) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Points of a spherical model as rows (n, n_spins), and the axes they came in."""
    given = check.array(spins, "spins")
    if given.ndim == 0 or given.shape[-1] != n_spins:
        raise ShapeError(
            f"spins must have shape (..., {n_spins}), one column a spin, got {given.shape}"
        )
    return given.reshape(-1, n_spins), given.shape[:-1]


def _parts(rows: NDArray[Any]) -> Iterator[slice]:
    step = max(1, _BLOCK // max(1, rows.shape[1]))
    return (slice(start, start + step) for start in range(0, len(rows), step))


Interaction = Callable[[Float64Array], Float64Array]  # rows of spins to rows of -dH_J/ds


def energies(
    rows: NDArray[Any],
    lead: tuple[int, ...],
    interaction: Interaction,
    fields: Float64Array | None = None,
    order: int = 2,
) -> Any:
    """H = -(1/p) s·f - h·s for an interaction homogeneous of degree p with f = -dH_J/ds."""
    found = np.empty(len(rows))
    for part in _parts(rows):
        block = rows[part].astype(np.float64)
        found[part] = np.einsum("ij,ij->i", block, interaction(block)) / -order
        if fields is not None:
            found[part] -= block @ fields
    return float(found[0]) if lead == () else found.reshape(lead)


def fields_on(
    rows: NDArray[Any],
    lead: tuple[int, ...],
    interaction: Interaction,
    fields: Float64Array | None = None,
) -> Float64Array:
    """The field -dH/ds_i on every spin of every configuration."""
    found = np.empty(rows.shape)
    for part in _parts(rows):
        found[part] = interaction(rows[part].astype(np.float64))
        if fields is not None:
            found[part] += fields
    return found.reshape(*lead, rows.shape[1])
