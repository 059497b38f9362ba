"""The search for TAP solutions: schemes and temperatures one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.progress import track
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins import _tap_search as search
from spinglass_nn.spins import layered_theory, parisi
from spinglass_nn.spins._tap_equations import Equations
from spinglass_nn.spins._tap_facts import Found, assembled, is_folded, is_trivial
from spinglass_nn.spins.bond_matrix import BondMatrix, bonds_of
from spinglass_nn.spins.instability import checked_temperatures
from spinglass_nn.spins.models import PairModel
from spinglass_nn.spins.tap_solutions import TAPSensitivity, TAPSolutions
from spinglass_nn.typing import RNG, Float64Array, ProgressLike

SCHEMES = ("plain", "clamped")
_COLDEST = 0.02  # of the units of temperature: where the theory of Parisi is solved


def solve(
    model: PairModel | BondMatrix,
    temperatures: ArrayLike,
    *,
    schemes: Sequence[str] = SCHEMES,
    n_starts: int = 64,
    starts: str = "mixed",
    follow: bool = False,
    damping: float = 0.2,
    tolerance: float = 1e-8,
    max_iterations: int = 5000,
    qhat: ArrayLike | None = None,
    plefka_tolerance: float = 0.05,
    n_vectors: int = 3,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> TAPSolutions:
    r"""Solutions of the TAP equations from many starts at once.

    Iterates :math:`m \leftarrow (1 - a) m + a \tanh(\beta h + \beta J m - r\, m)` with damping
    a from all starts, finishes by Newton's method and lists what is distinct. ``"plain"`` takes
    :math:`r_i = \beta^2 \sum_j J_{ij}^2 (1 - m_j^2)`; from random starts it ends at m = 0
    below the transition of random couplings, though that is no state there: see ``n_trapped``,
    and ``valid`` for the filters that reject it. ``"clamped"`` freezes
    :math:`r_i = \beta^2 \sum_j J_{ij}^2 (1 - \hat q_j)` at overlaps from theory and finds many
    solutions, but of these equations only.

    Parameters
    ----------
    model : PairModel or BondMatrix
        The model; fields are taken into account.
    temperatures : array (n_temperatures,)
        Positive.
    schemes : sequence of {"plain", "clamped"}
        Which equations.
    n_starts : int
        Starts for each scheme and temperature; all run side by side as matrix products.
    starts : {"mixed", "uniform", "quenched"}
        m uniform in (-1, 1), 0.95 times a configuration stable against single flips, or both
        in turn.
    follow : bool
        Start, after the first temperature, from the solutions at the one before instead.
    damping : float
        Share a of each step, up to 1. Near m = 0 steps above about 0.3 can oscillate at low
        temperature, where the clamped scheme needs 0.1 or less.
    tolerance : float
        Largest change of a full step at which a start is at rest and Newton's method takes
        over; 1e-5 saves much time in large systems, where iterations are slow.
    max_iterations : int
        Steps before a start is given up.
    qhat : array (n_temperatures, n_layers), optional
        Overlaps for the clamped scheme, one column for models without layers. Default: the
        replica-symmetric ones of random layers with the gains of this model, or Parisi's for
        other models with the same mean square of couplings; needed where there are fields.
    plefka_tolerance : float
        By how much an index above 1 is allowed: states of glasses are marginal.
    n_vectors : int
        Leading eigenvectors of J for the overlaps.
    rng : Generator, SeedSequence, int or None
        Seed; start k is the same whatever ``n_starts`` is.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).

    Returns
    -------
    TAPSolutions
        Distinct solutions with free energies and filters, and counts by scheme and temperature.

    Raises
    ------
    ParameterError
        If a setting makes no sense, or overlaps are needed and not given.

    References
    ----------
    .. [1] D. J. Thouless, P. W. Anderson and R. G. Palmer, Phil. Mag. 35, 593 (1977).
    .. [2] T. Plefka, J. Phys. A 15, 1971 (1982).
    .. [3] T. Aspelmeier and M. A. Moore, arXiv:1905.08528: what iterations can reach.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> layers = [0.06 * np.ones((50, 50))]  # a ferromagnet with T_c = 3 but for 1/N
    >>> model = sg.spins.LayeredIsing.from_weights(layers)
    >>> found = sg.spins.tap.solve(model, [2.0, 4.0], schemes=["plain"], n_starts=8, rng=1)
    >>> found.n_valid.tolist()
    [[1, 0]]
    """
    bonds, seed = bonds_of(model), random.seed_of(rng)
    given = checked_temperatures(temperatures)
    named = _checked_schemes(schemes)
    n_starts = check.count(n_starts, "n_starts")
    check.choice(starts, "starts", search.STARTS)
    setting = _checked_setting(damping, tolerance, max_iterations)
    plefka_tolerance = check.non_negative(plefka_tolerance, "plefka_tolerance")
    n_vectors = min(check.count(n_vectors, "n_vectors"), bonds.n_spins)
    clamps = _clamps(bonds, given, qhat, named)
    first = search.starts(bonds, n_starts, starts, seed)
    works = [
        [Equations(bonds, 1 / t, clamp if scheme == "clamped" else None)
         for t, clamp in zip(given, clamps, strict=True)]
        for scheme in named
    ]  # fmt: skip
    if not follow:  # each temperature by itself
        works = [[equations] for work in works for equations in work]
    stop = Event()
    with track(len(named) * given.size, "TAP solutions", progress) as report:

        def search_all(work: list[Equations]) -> list[Found]:
            rows, found = first, []
            for equations in work:
                found.append(_search(equations, rows, setting, stop))
                rows = found[-1].rows
                report(1)
            return found

        parts = threads.run(search_all, works, n_threads, stop)
    found = [one for part in parts for one in part]
    return assembled(bonds, named, given, found, seed, plefka_tolerance, n_vectors, n_threads)


def sensitivity(
    model: PairModel | BondMatrix,
    temperature: float,
    *,
    schemes: Sequence[str] = SCHEMES,
    damping: ArrayLike = (0.05, 0.1, 0.2),
    n_starts: Sequence[int] = (16, 64),
    tolerance: ArrayLike = (1e-6, 1e-8),
    starts: str = "mixed",
    max_iterations: int = 5000,
    qhat: ArrayLike | None = None,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> TAPSensitivity:
    """Numbers of TAP solutions against damping, number of starts and tolerance.

    Parameters
    ----------
    model : PairModel or BondMatrix
        The model.
    temperature : float
        Where.
    damping : array (n_dampings,)
        Shares of the step.
    n_starts : sequence of int
        The first so many of the same starts.
    tolerance : array (n_tolerances,)
        At which a start is at rest.
    schemes, starts, max_iterations, qhat, rng, n_threads, progress : object
        As of `solve`, qhat for the one temperature.

    Returns
    -------
    TAPSensitivity
        Counts for every combination.

    Raises
    ------
    ParameterError
        If a setting makes no sense.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.SherringtonKirkpatrick(60, rng=1)
    >>> found = sg.spins.tap.sensitivity(model, 0.8, n_starts=[4], damping=[0.2], rng=1)
    >>> found.n_distinct.shape
    (2, 1, 1, 2)
    """
    bonds, seed = bonds_of(model), random.seed_of(rng)
    given = checked_temperatures([check.positive(temperature, "temperature")])
    named = _checked_schemes(schemes)
    check.choice(starts, "starts", search.STARTS)
    dampings = np.atleast_1d(check.array(damping, "damping"))
    tolerances = np.atleast_1d(check.array(tolerance, "tolerance"))
    numbers = [check.count(n, f"n_starts[{k}]") for k, n in enumerate(n_starts)]
    if not numbers:
        raise ParameterError("n_starts must hold at least one number, got none")
    once = None if qhat is None else np.atleast_2d(check.array(qhat, "qhat"))
    clamps = _clamps(bonds, given, once, named)
    rows = search.starts(bonds, max(numbers), starts, seed)
    places = list(np.ndindex(len(named), dampings.size, tolerances.size))
    limits = [
        _checked_setting(float(dampings[a]), float(tolerances[t]), max_iterations)
        for _, a, t in places
    ]
    counts = np.zeros(
        (3, len(named), dampings.size, len(numbers), tolerances.size), dtype=np.int64
    )
    stop = Event()
    with track(len(places), "TAP sensitivity", progress) as report:

        def count(k: int) -> None:
            scheme, a, t = places[k]
            frozen = clamps[0] if named[scheme] == "clamped" else None
            ends = search.iterate(
                Equations(bonds, 1 / given[0], frozen), rows, *limits[k], stop
            )
            for place, n in enumerate(numbers):
                counts[:, scheme, a, place, t] = _counts(bonds, ends, n)
            report(1)

        threads.run(count, range(len(places)), n_threads, stop)
    return TAPSensitivity(
        float(given[0]), named, dampings, np.array(numbers), tolerances, *counts
    )


def _checked_setting(
    damping: float, tolerance: float, max_iterations: int
) -> tuple[float, float, int]:
    damping = check.positive(damping, "damping")
    if damping > 1:
        raise ParameterError(f"damping must be at most 1, got {damping:g}")
    return (
        damping,
        check.positive(tolerance, "tolerance"),
        check.count(max_iterations, "max_iterations"),
    )


def _checked_schemes(schemes: Sequence[str]) -> tuple[str, ...]:
    named = (schemes,) if isinstance(schemes, str) else tuple(schemes)
    for name in named:
        check.choice(name, "schemes", SCHEMES)
    if not named or len(set(named)) < len(named):
        raise ParameterError(f"schemes must be one or both of {SCHEMES}, got {named}")
    return named


def _counts(bonds: BondMatrix, ends: search.Ends, n: int) -> tuple[int, int, int]:
    """Distinct solutions other than m = 0, starts at rest, and starts at m = 0."""
    rows = ends.magnetizations[:n][ends.converged[:n]]
    trivial = is_trivial(rows)
    kept, _ = search.distinct(rows[~trivial], is_folded(bonds))
    return len(kept), len(rows), int(trivial.sum())


def _clamps(
    bonds: BondMatrix,
    temperatures: Float64Array,
    qhat: ArrayLike | None,
    schemes: tuple[str, ...],
) -> list[Float64Array] | list[None]:
    """Frozen reaction of every spin, at every temperature, for the clamped scheme."""
    if "clamped" not in schemes:
        return [None] * temperatures.size
    if qhat is None:
        if not is_folded(bonds):
            raise ParameterError("qhat must be given where there are fields, got None")
        overlaps = np.stack([_theory(bonds, float(t)) for t in temperatures])
    else:
        overlaps = check.array(qhat, "qhat", shape=(temperatures.size, len(bonds.sizes)))
    spread = np.repeat(1 - overlaps, bonds.sizes, axis=1)
    return list(bonds.squares_product(spread) / temperatures[:, None] ** 2)


def _theory(bonds: BondMatrix, temperature: float) -> Float64Array:
    """Overlaps, layer by layer, of random couplings with the mean squares of these."""
    if bonds.is_layered:
        squares = bonds.mean_squares()
        gains = [float(np.sqrt(squares[k + 1, k])) for k in range(len(squares) - 1)]
        return layered_theory.solve(bonds.sizes, temperature, gains).q
    unit = float(np.sqrt(bonds.row_squares.mean()))
    return np.array([parisi.solve(max(temperature / unit, _COLDEST)).q_ea])


def _search(
    equations: Equations, rows: Float64Array, setting: tuple[float, float, int], stop: Event
) -> Found:
    """Starts to their ends, distinct ones to the last digit, and distinct again."""
    ends = search.iterate(equations, rows, *setting, stop)
    resting, folded = ends.magnetizations[ends.converged], is_folded(equations.bonds)
    first, labels = search.distinct(resting, folded)
    polished = [search.polish(equations, row) for row in resting[first]]
    rows = np.array([m for m, _ in polished]).reshape(-1, equations.bonds.n_spins)
    left = np.array([miss for _, miss in polished])
    kept, merged = search.distinct(rows, folded)  # slow modes leave some further apart
    hits = np.bincount(merged[labels], minlength=kept.size)
    solved = left[kept] <= search.SOLVED
    kept, hits = kept[solved], hits[solved]
    return Found(rows=rows[kept], hits=hits, ends=ends, residual=left[kept])
