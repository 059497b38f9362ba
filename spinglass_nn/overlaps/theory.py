"""P(q) beside what theory gives for it in the limit of many spins."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline, PPoly

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.overlaps._leaving_out import jackknifed_one
from spinglass_nn.overlaps.histograms import OverlapDistribution
from spinglass_nn.spins import OneStepSolution, OverlapLaw, ParisiSolution
from spinglass_nn.statistics import Estimate
from spinglass_nn.typing import Float64Array

_PARTS = 16  # of each bin, for the integral over q

Theory = ParisiSolution | OneStepSolution | OverlapLaw


@result()
class TheoryComparison:
    r"""A measured P(q) and the law of theory, which holds for infinitely many spins.

    Parameters
    ----------
    edges : array (n_bins + 1,)
        The bins of both.
    density : array (n_bins,)
        Theory's density in them; delta functions are spread over the bin they fall into.
    distance : Estimate
        Half the integral of \|P - P_theory\| over the bins: 0 where they agree, 1 where they
        have nothing in common. One minus it is the overlap integral of the two. It grows as
        bins get narrower, since a delta function is theory's alone.
    noise : float
        What the distance would be by the errors of the bins alone.
    shift : Estimate
        Integral of \|F - F_theory\| with F the cumulative distributions: how far in q
        probability has to be moved (Wasserstein's distance). Delta functions are not spread,
        and measured overlaps only within their bin: this is the one to extrapolate in N.
    second_moment, fourth_moment : Estimate
        Measured [<q^2>] and [<q^4>].
    expected_second_moment, expected_fourth_moment : float
        Theory's.
    folded : bool
        Whether bins are of ``|q|``.
    """

    edges: Float64Array
    density: Float64Array
    distance: Estimate
    noise: float
    shift: Estimate
    second_moment: Estimate
    fourth_moment: Estimate
    expected_second_moment: float
    expected_fourth_moment: float
    folded: bool

    @property
    def z(self) -> tuple[float, float]:
        """Deviations of [<q^2>] and [<q^4>] from theory in units of their errors."""
        return (
            self.second_moment.z(self.expected_second_moment),
            self.fourth_moment.z(self.expected_fourth_moment),
        )

    def __repr__(self) -> str:
        z2, z4 = self.z
        return (
            f"<P(q) against N → ∞: distance {self.distance} (noise {self.noise:.2g}), "
            f"shift {self.shift}, z of q^2 {z2:.1f}, of q^4 {z4:.1f}>"
        )


def expected_density(
    theory: Theory,
    edges: ArrayLike,
    *,
    fold: bool = False,
    mirrored: bool | None = None,
) -> Float64Array:
    """Theory's P(q) in bins, for infinitely many spins.

    Parameters
    ----------
    theory : ParisiSolution, OneStepSolution or OverlapLaw
        Of `spinglass_nn.spins.parisi.solve` and its kin; or any law on q >= 0.
    edges : array (n_bins + 1,)
        Ascending edges.
    fold : bool
        Whether the bins are of ``|q|``.
    mirrored : bool, optional
        Whether q and -q have the same probability; by default where there is no field, and for
        a bare `OverlapLaw`.

    Returns
    -------
    array (n_bins,)
        Probability of each bin over its width: exact, delta functions and all.

    Raises
    ------
    ParameterError
        If the edges do not ascend, or bins of ``|q|`` reach below 0.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> solution = sg.spins.parisi.solve(0.5)
    >>> density = sg.overlaps.expected_density(solution, np.linspace(-1, 1, 41))
    >>> bool(np.isclose(density.sum() * 0.05, 1)), bool(np.allclose(density, density[::-1]))
    (True, True)
    """
    places = check.array(edges, "edges", shape=(None,))
    if places.size < 2 or (np.diff(places) <= 0).any():
        raise ParameterError("edges must be at least two, in ascending order")
    if fold and places[0] < 0:
        raise ParameterError(f"edges of |q| must not be negative, got {places[0]:g}")
    found: Float64Array = np.diff(_cumulative(theory, places, fold, mirrored)) / np.diff(places)
    return found


def compare_with_theory(
    pq: OverlapDistribution, theory: Theory, *, mirrored: bool | None = None
) -> TheoryComparison:
    """Measured P(q) against that of theory: distances and moments, with errors.

    Theory is for infinitely many spins: a finite system deviates from it beyond all
    errors, and agreement means that the deviations go away as N grows.

    Parameters
    ----------
    pq : OverlapDistribution
        Its bins must hold all overlaps.
    theory : ParisiSolution, OneStepSolution or OverlapLaw
        The law, at the same temperature and field.
    mirrored : bool, optional
        Whether theory's law is even in q; by default where there is no field.

    Returns
    -------
    TheoryComparison
        Distances with jackknife errors (near 0, where noise decides, see ``noise``) and
        moments.

    Raises
    ------
    DataError
        If more than 1e-9 of the overlaps lie outside the bins.

    Examples
    --------
    >>> import numpy as np, spinglass_nn as sg
    >>> models = [sg.spins.SherringtonKirkpatrick(10, sample=k, rng=1) for k in range(20)]
    >>> exact = [sg.spins.exact.enumerate(m, 0.5).overlap_probabilities[0] for m in models]
    >>> counts = sg.overlaps.OverlapCounts.from_histogram(exact, n_spins=10)
    >>> pq = sg.overlaps.distribution(counts)
    >>> found = sg.overlaps.compare_with_theory(pq, sg.spins.parisi.solve(0.5))
    >>> round(found.expected_second_moment, 3)
    0.289
    """
    outside = 1 - float(pq.shares.sum(axis=1).min())
    if outside > 1e-9:
        raise DataError(f"the bins of P(q) must hold all overlaps, got {outside:.2g} outside")
    width = np.diff(pq.edges)
    steps = np.arange(_PARTS) / _PARTS
    fine = np.append((pq.edges[:-1, None] + width[:, None] * steps).ravel(), pq.edges[-1])
    cumulative = _cumulative(theory, fine, pq.folded, mirrored)
    masses = np.diff(cumulative[::_PARTS])

    def distance(mean: Float64Array) -> Float64Array:
        found: Float64Array = np.abs(mean - masses).sum(axis=-1) / 2
        return found

    def shift(mean: Float64Array) -> Float64Array:
        measured = np.cumsum(np.repeat(mean / _PARTS, _PARTS, axis=-1), axis=-1)
        begin = np.zeros_like(measured[..., :1])
        gap = np.concatenate([begin, measured], axis=-1) - cumulative
        return _area(gap, np.diff(fine))

    found = _moments(theory)
    return TheoryComparison(
        edges=pq.edges,
        density=masses / width,
        distance=jackknifed_one(pq.shares, distance, pq.copies),
        noise=float((pq.error * width).sum() * math.sqrt(2 / math.pi) / 2),
        shift=jackknifed_one(pq.shares, shift, pq.copies),
        second_moment=pq.second_moment,
        fourth_moment=pq.fourth_moment,
        expected_second_moment=found[0],
        expected_fourth_moment=found[1],
        folded=pq.folded,
    )


def _area(gap: Float64Array, width: Float64Array) -> Float64Array:
    """Integral of the size of a curve given at the ends of its straight pieces."""
    a, b = np.abs(gap[..., :-1]), np.abs(gap[..., 1:])
    crossing = gap[..., :-1] * gap[..., 1:] < 0  # then two triangles
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(crossing, (a * a + b * b) / (2 * (a + b)), (a + b) / 2)
    found: Float64Array = (parts * width).sum(axis=-1)
    return found


def _cumulative(
    theory: Theory, places: Float64Array, fold: bool, mirrored: bool | None
) -> Float64Array:
    """Probability up to each place; below the first one, so that a bin holds its first edge."""
    law = _law(theory)
    places = np.append(np.nextafter(places[0], -np.inf), places[1:])
    if mirrored is None:
        mirrored = isinstance(theory, OverlapLaw) or theory.field == 0
    if fold or not mirrored:
        return _below(law, places)
    # half of each number at q, half at -q; an edge at 0 cuts in two what is there
    found = (_below(law, places) + 1 - _below(law, np.nextafter(-places, -np.inf))) / 2
    return np.where(places == 0, 0.5, found)


def _law(theory: Theory) -> OverlapLaw:
    if isinstance(theory, ParisiSolution):
        return theory.overlap_distribution
    if isinstance(theory, OneStepSolution):
        nothing = np.empty(0)
        masses = np.array([theory.m, 1 - theory.m])
        return OverlapLaw(nothing, nothing, np.array([theory.q0, theory.q1]), masses)
    if isinstance(theory, OverlapLaw):
        return theory
    raise ParameterError(
        "theory must be a ParisiSolution, OneStepSolution or OverlapLaw, got "
        f"{type(theory).__name__}"
    )


def _below(law: OverlapLaw, places: Float64Array) -> Float64Array:
    """Probability up to and with each place, of a law on q >= 0."""
    found: Float64Array = (law.masses * (law.atoms <= places[:, None])).sum(axis=1)
    if law.q.size > 1:
        smooth = _smooth(law)
        whole = float(smooth(law.q[-1]))
        if whole > 0:  # the density is normalised by what the atoms leave
            share = 1 - law.masses.sum()
            found = found + share * smooth(np.clip(places, law.q[0], law.q[-1])) / whole
    return found


def _smooth(law: OverlapLaw) -> PPoly:
    """Integral of the continuous part."""
    integral: PPoly = CubicSpline(law.q, law.density).antiderivative()
    return integral


def _moments(theory: Theory) -> tuple[float, float]:
    """Second and fourth moment."""
    if isinstance(theory, ParisiSolution):
        return float(theory.moments[1]), float(theory.moments[3])
    law = _law(theory)
    found = [float(law.masses @ law.atoms**power) for power in (2, 4)]
    if law.q.size > 1:
        share = (1 - law.masses.sum()) / float(_smooth(law)(law.q[-1]))
        for k, power in enumerate((2, 4)):
            curve = CubicSpline(law.q, law.density * law.q**power).antiderivative()
            found[k] += share * float(curve(law.q[-1]))
    return found[0], found[1]
