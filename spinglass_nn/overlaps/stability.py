"""Identities between overlaps of several replicas: stochastic stability, Ghirlanda-Guerra."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ShapeError
from spinglass_nn.overlaps._leaving_out import Function
from spinglass_nn.statistics import Estimate
from spinglass_nn.typing import Float64Array

_FEWEST_REPLICAS = 4
_FEWEST_SAMPLES = 3  # leaving one out must leave two, for products of different samples
_TOLERANCE = 1e-6


@result()
class Identity:
    """One identity: its two sides and their difference.

    Parameters
    ----------
    name : str
        In words.
    formula : str
        As an equation, with p the power of the overlap.
    left, right : Estimate
        The two sides.
    difference : Estimate
        Left minus right; its error knows that both come from the same samples.
    """

    name: str
    formula: str
    left: Estimate
    right: Estimate
    difference: Estimate

    @property
    def z(self) -> float:
        """The difference in units of its error."""
        return self.difference.z()

    def __str__(self) -> str:
        return f"{self.formula}: {self.left} and {self.right}, z = {self.z:.1f}"

    def __repr__(self) -> str:
        return f"<{self}>"


@result()
class ReplicaIdentities:
    """Averages over two, three and four replicas, and what should hold between them.

    Parameters
    ----------
    identities : tuple of Identity
        Ghirlanda and Guerra's for three and for four replicas, and what follows from them
        without [<q^p>]^2: Aizenman and Contucci's, for which stochastic stability is enough.
    guerra_a : Estimate
        A = ([<q^p>^2] - [<q^p>]^2) / [<q^p>]^2, the relative variance of <q^p> over samples:
        0 without replica symmetry breaking, as N grows.
    guerra_g : Estimate
        G = ([<q^p>^2] - [<q^p>]^2) / ([<q^2p>] - [<q^p>]^2): 1/3 where the identities hold and
        the overlap fluctuates; 0 over 0 otherwise, so that it says little alone.
    moments : tuple of Estimate
        [<q_12^p>], [<q_12^2p>], [<q_12^p q_13^p>] and [<q_12^p q_34^p>], which is [<q^p>^2].
    squared : Estimate
        [<q_12^p>]^2 without bias, from products of different samples.
    power : int
        p.
    n_samples, n_replicas, n_records : int
        What the averages are over.
    """

    identities: tuple[Identity, ...]
    guerra_a: Estimate
    guerra_g: Estimate
    moments: tuple[Estimate, ...]
    squared: Estimate
    power: int
    n_samples: int
    n_replicas: int
    n_records: int

    def __repr__(self) -> str:
        z = ", ".join(f"{identity.z:.1f}" for identity in self.identities)
        return (
            f"<replica identities: z = {z}; A = {self.guerra_a}, G = {self.guerra_g}; "
            f"{self.n_replicas} replicas of {self.n_samples} samples>"
        )


def replica_overlaps(spins: ArrayLike) -> Float64Array:
    """Overlaps of all pairs of replicas at the same times.

    Parameters
    ----------
    spins : array (n_samples, n_replicas, n_records, n_spins)
        Spins ±1, as ``run.spins(temperature=)`` of a `spinglass_nn.dynamics.MonteCarloRun`
        gives them.

    Returns
    -------
    array (n_samples, n_records, n_replicas, n_replicas)
        Symmetric, with ones on the diagonals.

    Raises
    ------
    DataError
        If a spin is not ±1.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> spins = np.random.default_rng(1).choice([-1, 1], size=(5, 4, 10, 64))
    >>> sg.overlaps.replica_overlaps(spins).shape
    (5, 10, 4, 4)
    """
    given = check.array(spins, "spins", shape=(None,) * 4, dtype=np.int8)
    if not given.size or (np.abs(given) != 1).any():
        raise DataError("spins must be -1 or 1, got other values or none")
    n_samples, n_replicas, n_records, n_spins = given.shape
    found = np.empty((n_samples, n_records, n_replicas, n_replicas))
    dtype = np.float32 if n_spins < 2**24 else np.float64  # sums of ±1 stay exact
    for sample, out in zip(given, found, strict=True):
        rows = np.ascontiguousarray(np.moveaxis(sample, 0, 1), dtype=dtype)
        out[...] = rows @ np.swapaxes(rows, 1, 2)
    found /= n_spins
    return found


def replica_identities(overlaps: ArrayLike, *, power: int = 2) -> ReplicaIdentities:
    r"""Test the identities of Ghirlanda and Guerra, and Guerra's parameters A and G.

    With :math:`\langle\cdot\rangle` over independent replicas of one sample and [.] over
    samples, a stochastically stable system obeys for :math:`N \to \infty`

    .. math::
        [\langle q_{12}^p q_{13}^p \rangle] &= \tfrac12 [\langle q^{2p} \rangle]
            + \tfrac12 [\langle q^p \rangle]^2, \\
        [\langle q_{12}^p q_{34}^p \rangle] &= \tfrac13 [\langle q^{2p} \rangle]
            + \tfrac23 [\langle q^p \rangle]^2, \\
        4 [\langle q_{12}^p q_{13}^p \rangle] &= [\langle q^{2p} \rangle]
            + 3 [\langle q_{12}^p q_{34}^p \rangle].

    All hold in a replica-symmetric system as well, in which nothing fluctuates: they exclude,
    they do not prove.

    No average is a power of a measured average: each is a mean over all ordered choices of
    distinct replicas at the same time, and [.]^2 over pairs of distinct samples. All are
    therefore free of bias for any number of records, also where moves couple the replicas of a
    sample (Houdayer's), as long as each sample is in equilibrium. A and G are ratios of such
    averages, with a bias of the order of their error squared.

    Parameters
    ----------
    overlaps : array (n_samples, n_records, R, R) or (n_samples, R (R - 1)/2, n_records)
        Overlaps of all pairs of R >= 4 independent replicas at the same times: of
        `replica_overlaps`, or a run's ``overlap_series[:, :, temperature, first:]``, pairs in
        the order (0, 1), (0, 2), ... Of spins or links, in [-1, 1]. Diagonals do not count.
    power : int, default 2
        p; an even one in systems in which q and -q are the same.

    Returns
    -------
    ReplicaIdentities
        Sides, differences, A and G, with jackknife errors over samples.

    Raises
    ------
    DataError
        If there are fewer than four replicas or three samples, NaN, overlaps outside
        [-1, 1], or a matrix is not symmetric.
    ShapeError
        If the shape is none of the two, or the number of pairs is not R (R - 1)/2.

    References
    ----------
    .. [1] S. Ghirlanda and F. Guerra, J. Phys. A 31, 9149 (1998).
    .. [2] M. Aizenman and P. Contucci, J. Stat. Phys. 92, 765 (1998).
    .. [3] E. Marinari et al., Phys. Rev. Lett. 81, 1698 (1998): A and G.

    Examples
    --------
    Free spins, in which nothing fluctuates but noise:

    >>> import numpy as np, spinglass_nn as sg
    >>> spins = np.random.default_rng(1).choice([-1, 1], size=(50, 4, 20, 64))
    >>> found = sg.overlaps.replica_identities(sg.overlaps.replica_overlaps(spins))
    >>> abs(found.guerra_a.z()) < 4
    True
    """
    power = check.count(power, "power")
    values = _matrices(overlaps)
    n_samples, n_records, n_replicas, _ = values.shape
    means = np.stack([_sample_means(sample, power) for sample in values])
    # the square of a mean over distinct samples: (sum^2 - sum of squares) / (n (n - 1))
    rows = np.concatenate([means, means[:, :1] ** 2], axis=1)

    def estimate(function: Function) -> Estimate:
        return _over_samples(rows, function)

    return ReplicaIdentities(
        identities=_identities(estimate),
        guerra_a=estimate(lambda m: (m[..., 3] - m[..., 4]) / m[..., 4]),
        guerra_g=estimate(lambda m: (m[..., 3] - m[..., 4]) / (m[..., 1] - m[..., 4])),
        moments=tuple(estimate(_column(k)) for k in range(4)),
        squared=estimate(lambda m: m[..., 4]),
        power=power,
        n_samples=n_samples,
        n_replicas=n_replicas,
        n_records=n_records,
    )


def _identities(estimate: Callable[[Function], Estimate]) -> tuple[Identity, ...]:
    """Both sides of each, as functions of the five averages."""

    def identity(name: str, formula: str, left: Function, right: Function) -> Identity:
        def difference(m: Float64Array) -> Float64Array:
            return left(m) - right(m)

        return Identity(name, formula, estimate(left), estimate(right), estimate(difference))

    return (
        identity(
            "Ghirlanda-Guerra, three replicas",
            "[<q12^p q13^p>] = 1/2 [<q^2p>] + 1/2 [<q^p>]^2",
            lambda m: m[..., 2],
            lambda m: (m[..., 1] + m[..., 4]) / 2,
        ),
        identity(
            "Ghirlanda-Guerra, four replicas",
            "[<q12^p q34^p>] = 1/3 [<q^2p>] + 2/3 [<q^p>]^2",
            lambda m: m[..., 3],
            lambda m: (m[..., 1] + 2 * m[..., 4]) / 3,
        ),
        identity(
            "Aizenman-Contucci",
            "4 [<q12^p q13^p>] = [<q^2p>] + 3 [<q12^p q34^p>]",
            lambda m: 4 * m[..., 2],
            lambda m: m[..., 1] + 3 * m[..., 3],
        ),
    )


def _column(number: int) -> Function:
    return lambda m: m[..., number]


def _over_samples(rows: Float64Array, function: Function) -> Estimate:
    """Jackknife of a function of four means and the squared first one.

    ``rows`` holds the four averages of each sample and the square of the first.
    """
    n = len(rows)
    sums = rows.sum(axis=0)
    whole = _distinct(sums, n)
    left_out = _distinct(sums - rows, n - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, values = float(function(whole)), function(left_out)
    spread = float(np.square(values - values.mean()).sum())
    return Estimate(value, float(np.sqrt((n - 1) / n * spread)))


def _distinct(sums: Float64Array, n: int) -> Float64Array:
    """Means from sums over n samples; the last column becomes [<q^p>]^2 without bias."""
    found: Float64Array = sums / n
    found[..., 4] = (sums[..., 0] ** 2 - sums[..., 4]) / (n * (n - 1))
    return found


def _sample_means(overlaps: Float64Array, power: int) -> Float64Array:
    """Means of q12^p, q12^2p, q12^p q13^p, q12^p q34^p over distinct replicas and records.

    With M the matrix of q^p without its diagonal, r its row sums, S = sum r and s = sum M^2,
    sums over distinct replicas are S, s, sum r^2 - s and S^2 - 4 sum r^2 + 2 s.
    """
    n = overlaps.shape[-1]
    m = overlaps**power
    m[:, np.arange(n), np.arange(n)] = 0
    rows = m.sum(axis=2)
    squares = np.einsum("tab,tab->t", m, m)
    row_squares = np.square(rows).sum(axis=1)
    total = rows.sum(axis=1)
    pairs = n * (n - 1)
    return np.array(
        [
            total.mean() / pairs,
            squares.mean() / pairs,
            (row_squares - squares).mean() / (pairs * (n - 2)),
            (total**2 - 4 * row_squares + 2 * squares).mean() / (pairs * (n - 2) * (n - 3)),
        ]
    )


def _matrices(overlaps: ArrayLike) -> Float64Array:
    """Check, and make matrices of lists of pairs."""
    values = check.array(overlaps, "overlaps")
    if values.ndim == 3:
        values = _from_pairs(values)
    if values.ndim != 4 or values.shape[2] != values.shape[3]:
        raise ShapeError(
            "overlaps must have shape (n_samples, n_records, n_replicas, n_replicas) or "
            f"(n_samples, n_pairs, n_records), got {values.shape}"
        )
    n_samples, n_records, n_replicas, _ = values.shape
    if n_replicas < _FEWEST_REPLICAS:
        raise DataError(
            f"overlaps must be of at least {_FEWEST_REPLICAS} replicas (a square of a thermal "
            f"average needs two pairs without a common one), got {n_replicas}"
        )
    if n_samples < _FEWEST_SAMPLES or n_records < 1:
        raise DataError(
            f"overlaps must be of at least {_FEWEST_SAMPLES} samples and 1 record, got "
            f"{n_samples} and {n_records}"
        )
    if np.abs(values).max() > 1 + _TOLERANCE:
        raise DataError(f"overlaps must lie in [-1, 1], got {np.abs(values).max():g} in size")
    if np.abs(values - np.swapaxes(values, 2, 3)).max() > _TOLERANCE:
        raise DataError("overlaps must be symmetric matrices, got q_ab that is not q_ba")
    return values


def _from_pairs(values: Float64Array) -> Float64Array:
    n_samples, n_pairs, n_records = values.shape
    n_replicas = (1 + int(np.sqrt(1 + 8 * n_pairs))) // 2
    if n_replicas * (n_replicas - 1) // 2 != n_pairs:
        raise ShapeError(
            f"overlaps must be of 1, 3, 6, 10, ... pairs of replicas, got {n_pairs} pairs"
        )
    matrices = np.zeros((n_samples, n_records, n_replicas, n_replicas))
    first, second = np.triu_indices(n_replicas, 1)
    matrices[..., first, second] = np.moveaxis(values, 1, 2)
    return matrices + np.swapaxes(matrices, 2, 3)
