"""The verdict: noise, one cluster, clusters, hierarchy, or that it cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, seed_of
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError
from spinglass_nn.overlaps import _evidence
from spinglass_nn.overlaps._evidence import USED, Comparison
from spinglass_nn.overlaps._noise import blurred, is_noise
from spinglass_nn.overlaps._partitions import partitions
from spinglass_nn.overlaps.metric import Distances, as_distances
from spinglass_nn.overlaps.star_nulls import one_step_null, star_null
from spinglass_nn.overlaps.ultrametric import MEASURES, tree_statistics
from spinglass_nn.statistics import Band, Estimate, Estimates, band, mean_estimate
from spinglass_nn.typing import RNG, Float64Array, IntArray, ProgressLike

FINDINGS = (
    "consistent with noise",
    "one cluster",
    "clusters without hierarchy",
    "hierarchy",
    "cannot tell",
)
_FINALISTS = 3  # partitions that are looked at with all draws


@result()
class Comparisons:
    """Statistics beside one null model.

    Parameters
    ----------
    null : str
        The null model in words.
    statistics : tuple of str
        Their names.
    sides : tuple of str
        Where trees lie: "low" or "high".
    values : Estimates
        Means over samples, errors from samples; of one sample by jackknife over points.
    bands : tuple of Band
        Where the means over samples fall under the null.
    scores : array (n_statistics,)
        Distance from the null's mean towards trees, in standard deviations of the null.
    p_values : array (n_statistics,)
        Corrected for the number of statistics tried.
    power : float
        Share of positive controls of this size that are told from the null at ``level``.
    control : str
        What the positive controls are.
    """

    null: str
    statistics: tuple[str, ...]
    sides: tuple[str, ...]
    values: Estimates
    bands: tuple[Band, ...]
    scores: Float64Array
    p_values: Float64Array
    power: float
    control: str

    @property
    def p_value(self) -> float:
        """The smallest corrected p-value: that of all statistics together."""
        return float(self.p_values.min())

    @property
    def strongest(self) -> int:
        """Which statistic lies farthest towards trees."""
        return int(self.scores.argmax())

    def __str__(self) -> str:
        k = self.strongest
        return (
            f"{self.statistics[k]} = {self.values[k]} against {self.bands[k].low:.3g} to "
            f"{self.bands[k].high:.3g} for {self.null}, p = {self.p_value:.2g}, "
            f"power {self.power:.0%}"
        )


@result()
class Verdict:
    """What a set of points is, as far as it can be told.

    Parameters
    ----------
    finding : str
        "consistent with noise", "one cluster", "clusters without hierarchy", "hierarchy" or
        "cannot tell".
    sentence : str
        The same with its reasons.
    clusters : Comparisons
        Test of one cluster: is there any structure?
    hierarchy : Comparisons or None
        Test of clusters without hierarchy; made only if there is structure.
    n_clusters : int array (n_samples,)
        Numbers of clusters at which each sample looks least like a tree; 1 where the second
        test was not made.
    noise_p : float
        P-value of independent points in as many dimensions, all directions alike; NaN where
        the dimension is not known or the test was not needed.
    n_points, n_samples : int
        Points a sample (the fewest), samples.
    level, required_power : float
    kind : str
        What was judged.
    """

    finding: str
    sentence: str
    clusters: Comparisons
    hierarchy: Comparisons | None
    n_clusters: IntArray
    noise_p: float
    n_points: int
    n_samples: int
    level: float
    required_power: float
    kind: str

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"<{self.finding}: {self.n_samples} x {self.n_points} points, {self.kind}>"


def verdict(
    samples: Distances | ArrayLike | Sequence[Distances | ArrayLike],
    *,
    n_null: int = 199,
    n_controls: int = 100,
    level: float = 0.05,
    required_power: float = 0.8,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Verdict:
    """Judge whether points are noise, one cluster, clusters, or a hierarchy of clusters.

    Two tests in turn, each of six statistics that concentration of distances does not fool
    (K, iso, Var X/(Var X + Var Y), isosceles triangles, K of the dendrogram's triples,
    cophenetic correlation; see `tree_statistics`). Scores are distances from the null's mean
    towards trees in its standard deviations, averaged over samples; p-values are corrected by
    the largest score of each null draw (Westfall and Young), so that the chance of any false
    rejection is the level.

    1. One cluster? Null: `star_null`. If it is not rejected, the finding is "one cluster", or
       "consistent with noise" if points are also spread as independent ones of their dimension
       are (a chi-squared test of mean and mean square overlap, or of the spread of distances).
    2. Clusters without hierarchy? Null: `one_step_null` with the clusters that average linkage
       gives, by distance and by direction, for each number of them up to half the points; in
       every sample the partition with the least evidence counts. If that is rejected as well,
       the finding is "hierarchy", if not, "clusters without hierarchy".

    To Ising spins Gaussian noise is added first that moves overlaps by ten spins: where
    configurations of one state differ by a few spins only, their distances are far from
    Gaussian, and a plain ferromagnet would be called structured.

    A test that does not reject counts only if it could have: the null's own draws with half a
    tree put in (first test: half of the variance of squared distances is that of a tree with
    three levels; second: half a further level above or below the clusters) must be rejected
    with ``required_power``. If not, the finding is "cannot tell".

    Parameters
    ----------
    samples : Distances or matrix, or a sequence of them
        Points of one system, or of independent samples of disorder, judged together.
    n_null : int, default 199
        Draws of each null.
    n_controls : int, default 100
        Draws of positive controls.
    level : float, default 0.05
        Level of each test.
    required_power : float, default 0.8
        Power below which a test that does not reject says nothing.
    rng : Generator, SeedSequence, int or None
        Source of randomness.
    n_threads : int, optional
        Threads over draws; the bits do not depend on their number.
    progress : bool or callable
        Show the samples.

    Returns
    -------
    Verdict
        Finding, sentence, both tests with values, bands, p-values and power.

    Raises
    ------
    DataError
        If a sample has fewer than 6 points, all its distances are equal, or kinds differ.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> leaves = sg.overlaps.tree_points(branching=3, variances=(1, 1, 1), rng=1)
    >>> found = sg.overlaps.verdict(sg.overlaps.distances(leaves), n_null=99, rng=2)
    >>> found.finding
    'hierarchy'
    """
    found = _samples(samples)
    check.count(n_null, "n_null", minimum=19)
    check.count(n_controls, "n_controls", minimum=10)
    check.within(level, "level", 0, 1)
    check.within(required_power, "required_power", 0, 1)
    seed = seed_of(rng)
    smooth = [blurred(sample, seed, place) for place, sample in enumerate(found)]
    judge = _Judge(smooth, n_null, n_controls, level, seed, n_threads)
    first = judge.one_cluster(progress)
    second, numbers, noise_p = None, np.ones(len(found), dtype=np.int64), np.nan
    if first.p_value <= level:
        second, numbers = judge.flat_clusters(progress)
    elif first.power >= required_power:
        noise_p = is_noise(found)
    finding = _finding(first, second, noise_p, level, required_power)
    return Verdict(
        finding,
        _sentence(finding, first, second, noise_p, found),
        first,
        second,
        numbers,
        noise_p,
        min(sample.n_points for sample in found),
        len(found),
        level,
        required_power,
        found[0].kind,
    )


class _Judge:
    """Both tests of one set of samples."""

    def __init__(
        self,
        samples: list[Distances],
        n_null: int,
        n_controls: int,
        level: float,
        seed: Seed,
        n_threads: int | None,
    ) -> None:
        self.samples = samples
        self.n_null, self.n_controls = n_null, n_controls
        self.level, self.seed, self.n_threads = level, seed, n_threads
        self.observed = np.array([_evidence.statistics_of(s.values) for s in samples])

    def one_cluster(self, progress: ProgressLike) -> Comparisons:
        """Compare with one cluster."""
        parts, controls = [], []
        with track(len(self.samples), "one cluster", progress) as done:
            for place, sample in enumerate(self.samples):
                null = star_null(sample).draw
                parts.append(self._compare(place, 0, null, self.n_null))
                controls.append(_evidence.half_a_tree(sample, null))
                done(1)
        return self._made(
            _evidence.joined(parts), controls, "one cluster", "half a tree of three levels"
        )

    def flat_clusters(self, progress: ProgressLike) -> tuple[Comparisons, IntArray]:
        """Compare with clusters, as many as look least like a tree."""
        parts, controls, numbers = [], [], []
        with track(len(self.samples), "clusters without hierarchy", progress) as done:
            for place, sample in enumerate(self.samples):
                part, labels = self._flattest(place, sample)
                parts.append(part)
                numbers.append(int(labels.max()) + 1)
                null = one_step_null(sample, labels).draw
                controls.append(_evidence.second_level(sample, labels, null))
                done(1)
        found = self._made(
            _evidence.joined(parts), controls, "clusters without hierarchy", "half a level more"
        )
        return found, np.array(numbers, dtype=np.int64)

    def _flattest(self, place: int, sample: Distances) -> tuple[Comparison, IntArray]:
        """The null, over partitions, against which a sample is least of a tree."""
        tried = [
            (number, labels, one_step_null(sample, labels).draw)
            for number, labels in enumerate(partitions(sample))
        ]

        def evidence(number: int, n_draws: int) -> tuple[float, int, Comparison]:
            part = self._compare(place, 1 + number, tried[number][2], n_draws)
            return float(part.scores.max()), number, part

        few = max(self.n_null // 5, 19)
        ranked = sorted((evidence(k, few) for k in range(len(tried))), key=lambda e: e[:2])
        finalists = (evidence(number, self.n_null) for _, number, _ in ranked[:_FINALISTS])
        _, number, part = min(finalists, key=lambda e: e[:2])
        return part, tried[number][1]

    def _compare(self, place: int, number: int, draw: Any, n_draws: int) -> Comparison:
        draws = _evidence.draw_statistics(
            draw, self.seed, (0, place, number), n_draws, self.n_threads
        )
        return _evidence.compared(self.observed[place], draws)

    def _made(
        self, comparison: Comparison, controls: list[Any], null: str, control: str
    ) -> Comparisons:
        means = comparison.draws.mean(axis=1)
        scores = _evidence.in_null_units(comparison, self.observed)
        return Comparisons(
            null=null,
            statistics=tuple(MEASURES[k].name for k in USED),
            sides=tuple(MEASURES[k].side for k in USED),
            values=self._values(),
            bands=tuple(band(column) for column in means.T),
            scores=scores.mean(axis=0) * np.sqrt(len(self.samples)),
            p_values=_evidence.corrected(comparison, comparison.scores),
            power=self._power(comparison, controls),
            control=control,
        )

    def _values(self) -> Estimates:
        if len(self.samples) == 1:
            values = tree_statistics(self.samples[0], n_threads=self.n_threads).values
            chosen: list[Estimate] = [values[k] for k in USED]
        else:
            chosen = [mean_estimate(column) for column in self.observed.T]
        means, errors = zip(*((e.mean, e.error) for e in chosen), strict=True)
        return Estimates(np.array(means), np.array(errors))

    def _power(self, comparison: Comparison, controls: list[Any]) -> float:
        if any(control is None for control in controls):
            return 0.0
        scores = _evidence.control_scores(
            comparison, controls, self.seed, self.n_controls, self.n_threads
        )
        p = _evidence.corrected(comparison, scores).min(axis=-1)
        return float((p <= self.level).mean())


def _samples(samples: Any) -> list[Distances]:
    several = not isinstance(samples, Distances) and (
        (isinstance(samples, Sequence) and len(samples) > 0 and _is_matrix(samples[0]))
        or np.ndim(samples) == 3
    )
    found = [as_distances(s, minimum=6) for s in (samples if several else [samples])]
    for sample in found:
        if np.ptp(sample.pairs) <= 1e-12 * sample.pairs.max():
            raise DataError("distances must not all be equal: there is no structure to judge")
        if sample.kind != found[0].kind:
            raise DataError(
                f"samples must be of one kind, got {found[0].kind!r} and {sample.kind!r}"
            )
    return found


def _is_matrix(entry: Any) -> bool:
    return isinstance(entry, Distances) or np.ndim(entry) == 2


def _finding(
    first: Comparisons,
    second: Comparisons | None,
    noise_p: float,
    level: float,
    required_power: float,
) -> str:
    if second is None:
        if first.power < required_power:
            return "cannot tell"
        return "consistent with noise" if noise_p > level else "one cluster"
    if second.p_value <= level:
        return "hierarchy"
    return "clusters without hierarchy" if second.power >= required_power else "cannot tell"


def _sentence(
    finding: str,
    first: Comparisons,
    second: Comparisons | None,
    noise_p: float,
    found: list[Distances],
) -> str:
    points = f"{found[0].n_points} points"
    if len(found) > 1:
        points = f"{len(found)} samples of {points}"
    reasons = str(first) if second is None else f"{first}; {second}"
    if finding == "cannot tell" and second is not None:
        return f"{points}: more than one cluster, but a hierarchy cannot be told ({reasons})."
    if finding == "cannot tell":
        return f"{points}: cannot tell at this size ({reasons})."
    if not np.isnan(noise_p):
        reasons += f"; independent points: p = {noise_p:.2g}"
    return f"{points}: {finding} ({reasons})."
