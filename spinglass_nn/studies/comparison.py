"""Several runs of one study that differ in their seed, and whether the verdicts stand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import stats

from spinglass_nn._core.results import result
from spinglass_nn.errors import StudyError
from spinglass_nn.statistics import Estimate
from spinglass_nn.studies.claims import CANNOT_TELL, Claim
from spinglass_nn.studies.study import StudyRun


@result()
class ComparedClaim:
    """One claim in every run.

    Parameters
    ----------
    identifier, statement : str
        Of the claim.
    verdicts : tuple of str
        One a run.
    values : tuple of (Estimate or None)
        The statistic in each run.
    verdict : {"supported", "not supported", "cannot tell here"}
        That of all runs if they agree; what one seed says and another does not cannot be told.
    mean : Estimate or None
        Mean of the values weighted by their errors, its error enlarged by ``scale`` if that is
        above 1; None where fewer than two values have an error.
    scale : float
        Scatter of the values over what their errors promise, sqrt(chi²/(k - 1)); NaN likewise.
    probability : float
        Of a scatter as large if the errors are right and Gaussian; NaN likewise.
    """

    identifier: str
    statement: str
    verdicts: tuple[str, ...]
    values: tuple[Estimate | None, ...]
    verdict: str
    mean: Estimate | None
    scale: float
    probability: float

    @property
    def stable(self) -> bool:
        """Whether all runs say the same."""
        return len(set(self.verdicts)) == 1


@result()
class StudyComparison:
    """All claims of a study in several runs.

    Parameters
    ----------
    name : str
        The study.
    seeds : tuple of int
        Master seed of each run.
    claims : tuple of ComparedClaim
        In the study's order.
    """

    name: str
    seeds: tuple[int, ...]
    claims: tuple[ComparedClaim, ...]


def compare_studies(runs: Sequence[StudyRun]) -> StudyComparison:
    r"""Hold the claims of several runs of one study against each other.

    Errors inside a run are over its solutions, walkers or samples, which share one master seed,
    one draw of the probe samples and of everything else that was drawn once. If these errors
    are right, values of different seeds scatter by them,

    .. math:: \chi^2 = \sum_k (x_k - \bar x)^2 / \sigma_k^2 \approx K - 1 .

    Parameters
    ----------
    runs : sequence of StudyRun
        Finished runs that differ in their seed alone, as `open_study` returns them.

    Returns
    -------
    StudyComparison
        Verdicts and values side by side.

    Raises
    ------
    StudyError
        If there are fewer than two, they are of different studies or differ in more than their
        seeds, or a seed comes twice.

    References
    ----------
    Weighted means and the scale factor are those of the Particle Data Group, Review of Particle
    Physics, section 5.2 of its introduction.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> runs = [sg.studies.open_study(f"seed{k}") for k in range(3)]  # doctest: +SKIP
    >>> for claim in sg.studies.compare_studies(runs).claims:  # doctest: +SKIP
    ...     print(claim.identifier, claim.verdict, claim.mean)
    """
    if len(runs) < 2:
        raise StudyError(f"runs must be at least 2 to be compared, got {len(runs)}")
    _check_alike(runs)
    tables = [{claim.identifier: claim for claim in run.claims} for run in runs]
    return StudyComparison(
        name=runs[0].recipe.name,
        seeds=tuple(run.parameters.seed for run in runs),
        claims=tuple(_compared([table[name] for table in tables]) for name in tables[0]),
    )


def _check_alike(runs: Sequence[StudyRun]) -> None:
    first = runs[0]
    wanted = msgspec.to_builtins(first.parameters)
    seeds: dict[int, StudyRun] = {}
    for run in runs:
        if run.recipe.name != first.recipe.name:
            raise StudyError(
                f"runs must be of one study, got {first.recipe.name} in {first.store.folder} and "
                f"{run.recipe.name} in {run.store.folder}"
            )
        found = msgspec.to_builtins(run.parameters)
        differing = [
            f"{name} ({wanted[name]} and {found[name]})"
            for name in wanted
            if name != "seed" and found[name] != wanted[name]
        ]
        if differing:
            raise StudyError(
                f"runs must differ in their seed alone; {first.store.folder} and "
                f"{run.store.folder} differ in {', '.join(differing)}"
            )
        other = seeds.setdefault(run.parameters.seed, run)
        if other is not run:
            raise StudyError(
                f"runs must have different seeds; {other.store.folder} and {run.store.folder} "
                f"have the seed {run.parameters.seed}"
            )


def _compared(claims: list[Claim]) -> ComparedClaim:
    verdicts = tuple(claim.verdict for claim in claims)
    values = tuple(claim.value for claim in claims)
    mean, scale, probability = _pooled([value for value in values if value is not None])
    return ComparedClaim(
        identifier=claims[0].identifier,
        statement=claims[0].statement,
        verdicts=verdicts,
        values=values,
        verdict=verdicts[0] if len(set(verdicts)) == 1 else CANNOT_TELL,
        mean=mean,
        scale=scale,
        probability=probability,
    )


def _pooled(values: list[Estimate]) -> tuple[Estimate | None, float, float]:
    """Weighted mean, scale factor, and the probability of a scatter as large."""
    known = [v for v in values if math.isfinite(v.mean) and math.isfinite(v.error) and v.error]
    if len(known) < 2:
        return None, math.nan, math.nan
    means = np.array([value.mean for value in known])
    weights = np.array([value.error for value in known]) ** -2.0
    mean = float(weights @ means / weights.sum())
    square = float(weights @ (means - mean) ** 2)
    scale = math.sqrt(square / (len(known) - 1))
    error = max(scale, 1.0) / math.sqrt(weights.sum())
    return Estimate(mean, error), scale, float(stats.chi2.sf(square, len(known) - 1))
