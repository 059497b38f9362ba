"""Several runs of one study that differ in their seed, and whether the verdicts stand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

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
        Mean of the values; its error is that of the errors or that of the scatter, whichever is
        larger. None if a value has no error, or is an extreme of several.
    scale : float
        Standard deviation of the values over the root mean square of their errors; NaN likewise.
    """

    identifier: str
    statement: str
    verdicts: tuple[str, ...]
    values: tuple[Estimate | None, ...]
    verdict: str
    mean: Estimate | None
    scale: float

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
    are right, the values :math:`x_k` of K runs scatter by them:

    .. math:: S = \sqrt{\frac{1}{K - 1} \sum_k (x_k - \bar x)^2 \Big/
                        \frac{1}{K} \sum_k \sigma_k^2} \approx 1 ,
        \qquad \sigma_{\bar x} = \max(1, S)\, \frac{1}{K} \sqrt{\sum_k \sigma_k^2} .

    Three runs tell S to a factor of two or so: with right errors, from many units, one S in
    twenty is above 1.7; where few units gave the errors, more are. All runs count alike, for
    weights from errors of few units, small where a value happens to be small, would shift means.

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
    return StudyComparison(
        name=runs[0].recipe.name,
        seeds=tuple(run.parameters.seed for run in runs),
        claims=tuple(map(_compared, zip(*(run.claims for run in runs), strict=True))),
    )


def _check_alike(runs: Sequence[StudyRun]) -> None:
    first, seeds = runs[0], [run.parameters.seed for run in runs]
    for k, run in enumerate(runs):
        pair = f"{first.store.folder} and {run.store.folder}"
        if run.recipe.name != first.recipe.name:
            raise StudyError(
                f"runs must be of one study, got {first.recipe.name} and {run.recipe.name} in "
                f"{pair}"
            )
        differing = _differences(first, run)
        if differing:
            raise StudyError(
                f"runs must differ in their seed alone; {pair} differ in {', '.join(differing)}"
            )
        if seeds[k] in seeds[:k]:
            other = runs[seeds.index(seeds[k])].store.folder
            raise StudyError(
                f"runs must have different seeds; {other} and {run.store.folder} have the seed "
                f"{seeds[k]}"
            )
        if [c.identifier for c in run.claims] != [c.identifier for c in first.claims]:
            raise StudyError(f"runs must make the same claims; {pair} do not")


def _differences(first: StudyRun, other: StudyRun) -> list[str]:
    """Parameters in which two runs differ, but for the seed, and the folder of equal data."""
    wanted, found = (msgspec.to_builtins(run.parameters) for run in (first, other))
    free = {"seed"}
    if first.store.manifest.get("data") == other.store.manifest.get("data"):
        free.add("data_dir")
    return [
        f"{name} ({wanted[name]} and {found[name]})"
        for name in wanted
        if name not in free and found[name] != wanted[name]
    ]


def _compared(claims: Sequence[Claim]) -> ComparedClaim:
    verdicts = tuple(claim.verdict for claim in claims)
    values = tuple(claim.value for claim in claims)
    mean, scale = _mean(values) if not any(c.extreme for c in claims) else (None, math.nan)
    return ComparedClaim(
        identifier=claims[0].identifier,
        statement=claims[0].statement,
        verdicts=verdicts,
        values=values,
        verdict=verdicts[0] if len(set(verdicts)) == 1 else CANNOT_TELL,
        mean=mean,
        scale=scale,
    )


def _mean(values: Sequence[Estimate | None]) -> tuple[Estimate | None, float]:
    """Mean of all values and their scatter over their errors."""
    known = [(v.mean, v.error) for v in values if v is not None]
    numbers = np.array(known).reshape(-1, 2)
    if len(known) < len(values) or not np.isfinite(numbers).all() or not numbers[:, 1].all():
        return None, math.nan
    error = math.sqrt(float(np.mean(numbers[:, 1] ** 2)))
    scale = float(numbers[:, 0].std(ddof=1)) / error
    mean_error = max(scale, 1.0) * error / math.sqrt(len(known))
    return Estimate(float(numbers[:, 0].mean()), mean_error), scale
