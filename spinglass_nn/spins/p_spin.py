"""The p-spin model: all groups of p spins coupled, Ising or spherical."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, InitVar
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check, random
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins import _kernels, models
from spinglass_nn.spins.graphs import IsingGraph
from spinglass_nn.typing import RNG, Float64Array

KINDS = ("ising", "spherical")
ORDERS = (2, 3, 4)
_MANY = 16  # from so many configurations on, unpacking a matrix for BLAS pays (p = 2)


@result()
class PSpin:
    r"""All groups of p spins coupled, with Ising spins or spins on a sphere.

    .. math:: H = -\sum_{i_1 < \dots < i_p} J_{i_1 \dots i_p} s_{i_1} \cdots s_{i_p}, \qquad
              \overline{J^2} = \frac{p!}{2 N^{p-1}}

    Energies are of the whole system. Ising spins are ±1 [1]_, spherical ones are real with
    Σ s_i² = N [2]_. For p = 2 this is the (spherical) Sherrington-Kirkpatrick model.

    The N!/(p! (N-p)!) couplings take 8 bytes each, about 8 Nᵖ/p! bytes: for 1 GiB N = 16384,
    931 and 239 for p = 2, 3 and 4. Every call reads them once for eight configurations.

    Parameters
    ----------
    n_spins : int
        Number of spins N, at least p.
    p : {2, 3, 4}
        Spins in each term.
    spins : {"ising", "spherical"}
        Kind of spins.
    sample : int
        Number of the disorder sample; the couplings depend on (``rng``, ``sample``) alone.
    rng : Generator, SeedSequence, int or None
        Seed of the disorder, normal couplings.
    couplings : array (n_terms,), optional
        Take these instead of drawing, in the order of `itertools.combinations`. Read-only
        afterwards.

    Raises
    ------
    ParameterError
        If a parameter makes no sense, or the couplings exceed the memory.

    References
    ----------
    .. [1] B. Derrida, Phys. Rev. B 24 (1981) 2613.
    .. [2] A. Crisanti and H.-J. Sommers, Z. Phys. B 87 (1992) 341.

    Examples
    --------
    >>> model = PSpin(30, 3, "spherical", rng=1)
    >>> model, model.n_terms
    (<3-spin model: 30 spherical spins, sample 0>, 4060)
    >>> point = model.random_point(rng=2)
    >>> bool(np.isclose(point @ point, 30))
    True
    >>> bool(abs(model.tangent_gradient(point) @ point) < 1e-12)
    True
    """

    n_spins: int
    p: int
    spins: str = "ising"
    _: KW_ONLY
    sample: int = 0
    rng: InitVar[RNG | Seed] = None
    couplings: Float64Array = None  # type: ignore[assignment]  # drawn below

    def __post_init__(self, rng: RNG | Seed) -> None:
        p = check.count(self.p, "p")
        if p not in ORDERS:
            raise ParameterError(f"p must be 2, 3 or 4, got {p}")
        n = check.count(self.n_spins, "n_spins", minimum=p)
        check.choice(self.spins, "spins", KINDS)
        check.count(self.sample, "sample", minimum=0)
        models.refuse_if_larger(8.0 * math.comb(n, p), f"couplings of {n} spins with p={p}")
        if models.missing(self.couplings):
            couplings = models.disorder(rng, self.sample).standard_normal(math.comb(n, p))
            couplings *= math.sqrt(math.factorial(p) / (2 * float(n) ** (p - 1)))
        else:
            couplings = check.array(self.couplings, "couplings", shape=(math.comb(n, p),))
        object.__setattr__(self, "n_spins", n)
        object.__setattr__(self, "p", p)
        object.__setattr__(self, "couplings", models.frozen(couplings))

    def __repr__(self) -> str:
        return f"<{self.p}-spin model: {self.n_spins} {self.spins} spins, sample {self.sample}>"

    @property
    def n_terms(self) -> int:
        """Number of terms, each with its coupling."""
        return self.couplings.size

    @property
    def fields(self) -> Float64Array:
        """External field on each spin: none, (n_spins,) zeros."""
        return models.field_array(0.0, self.n_spins)

    def energy(self, spins: ArrayLike) -> Any:
        """Energy of the whole system.

        Parameters
        ----------
        spins : array (..., n_spins)
            Configurations of ±1, or real points for the spherical model; points off the
            sphere are taken as they are.

        Returns
        -------
        float or array (...)
            H, one for each configuration.
        """
        rows, lead = self._rows(spins)
        return models.energies(rows, lead, self._interaction, order=self.p)

    def local_fields(self, spins: ArrayLike) -> Float64Array:
        """Field on each spin, -dH/ds_i, which does not depend on s_i itself.

        For Ising spins, flipping spin i costs 2 s_i times its field, as with pairs.

        Parameters
        ----------
        spins : array (..., n_spins)
            As for `energy`.

        Returns
        -------
        array (..., n_spins)
            One field for each spin.
        """
        rows, lead = self._rows(spins)
        return models.fields_on(rows, lead, self._interaction)

    def tangent_gradient(self, spins: ArrayLike) -> Float64Array:
        """Gradient of the energy along the sphere: dH/ds without its radial part.

        Parameters
        ----------
        spins : array (..., n_spins)
            Points of the spherical model.

        Returns
        -------
        array (..., n_spins)
            Orthogonal to the points.

        Raises
        ------
        ParameterError
            For Ising spins, or the zero vector.
        """
        if self.spins != "spherical":
            raise ParameterError(
                f"spins must be 'spherical' for a gradient, got {self.spins!r}"
            )
        rows, lead = self._rows(spins)
        squared = np.einsum("ij,ij->i", rows, rows)
        if not squared.all():
            raise ParameterError("spins must not be zero: the origin has no tangent")
        gradient = -models.fields_on(rows, (len(rows),), self._interaction)
        radial = np.einsum("ij,ij->i", rows, gradient) / squared
        gradient -= radial[:, None] * rows
        return gradient.reshape(*lead, self.n_spins)

    def random_point(
        self, n_points: int | None = None, *, rng: RNG | Seed = None
    ) -> NDArray[Any]:
        """Configurations drawn uniformly: an infinite temperature's.

        Parameters
        ----------
        n_points : int, optional
            Number of them; default: one, without an axis of its own.
        rng : Generator, SeedSequence, int or None
            Seed; point k is point k for any number of them.

        Returns
        -------
        array (n_spins,) or (n_points, n_spins)
            int8 of ±1, or float64 with Σ s_i² = N.
        """
        seed = random.seed_of(rng)
        count = 1 if n_points is None else check.count(n_points, "n_points")
        drawn = np.stack([
            self._point(seed.generator(Stream.RANDOM_POINTS, index)) for index in range(count)
        ])  # fmt: skip
        return drawn[0] if n_points is None else drawn

    def matrix(self) -> Float64Array:
        """The couplings of p = 2 as a symmetric matrix (n_spins, n_spins), zero diagonal.

        Raises
        ------
        ParameterError
            If p is not 2, or the 8 N² bytes exceed the memory.
        """
        if self.p != 2:
            raise ParameterError(f"p must be 2 for a matrix of couplings, got {self.p}")
        n = self.n_spins
        models.refuse_if_larger(8.0 * n * n, f"the dense matrix of {n} spins")
        full = np.zeros((n, n))
        start = 0
        for i in range(n - 1):
            row = self.couplings[start : start + n - 1 - i]
            full[i, i + 1 :] = row
            full[i + 1 :, i] = row
            start += n - 1 - i
        return full

    def graph(self) -> IsingGraph:
        """The model with p = 2 and Ising spins as a graph.

        Raises
        ------
        ParameterError
            If p is not 2, or the spins are spherical.
        """
        if self.spins != "ising":
            raise ParameterError(f"spins must be 'ising' for a graph, got {self.spins!r}")
        return IsingGraph.from_matrix(self.matrix())

    def _rows(self, spins: ArrayLike) -> tuple[NDArray[Any], tuple[int, ...]]:
        rows_of = models.spin_rows if self.spins == "ising" else models.real_rows
        return rows_of(spins, self.n_spins)

    def _point(self, generator: np.random.Generator) -> NDArray[Any]:
        if self.spins == "ising":
            return 2 * generator.integers(0, 2, size=self.n_spins, dtype=np.int8) - 1
        normal = generator.standard_normal(self.n_spins)
        point: Float64Array = normal * (math.sqrt(self.n_spins) / np.linalg.norm(normal))
        return point

    def _interaction(self, block: Float64Array) -> Float64Array:
        if self.p == 2 and len(block) >= _MANY:
            product: Float64Array = block @ self.matrix()
            return product
        kernel = {2: _kernels.fields_two, 3: _kernels.fields_three, 4: _kernels.fields_four}
        found = np.empty_like(block)
        for start in range(0, len(block), _kernels.LANES):
            part = block[start : start + _kernels.LANES]
            lanes = np.zeros((self.n_spins, _kernels.LANES))
            lanes[:, : len(part)] = part.T
            total = np.zeros_like(lanes)
            kernel[self.p](self.couplings, lanes, total)
            found[start : start + len(part)] = total[:, : len(part)].T
        return found
