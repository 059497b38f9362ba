"""Reports of finished studies: which page and which figures belong to which study."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spinglass_nn import plotting
from spinglass_nn.reports import barney2024, li2025, liao2024
from spinglass_nn.reports.model import Drawing, Report
from spinglass_nn.reports.rendering import write
from spinglass_nn.studies import StudyRun
from spinglass_nn.typing import PathType


class _Page(NamedTuple):
    figures: Callable[[StudyRun], dict[str, tuple[Figure | Axes, str, str]]]
    report: Callable[[StudyRun, dict[str, Drawing]], Report]


_PAGES: dict[str, Any] = {
    "barney2024": _Page(barney2024.figures, barney2024.report),
    "li2025": _Page(li2025.figures, li2025.report),
    "liao2024": _Page(liao2024.figures, liao2024.report),
}


def study_report(run: StudyRun) -> Report:
    """The report of a finished study, as a page to be rendered.

    Parameters
    ----------
    run : StudyRun
        What `spinglass_nn.studies.run_study` or ``open_study`` returned.

    Returns
    -------
    Report
        Text, figures, claims, parameters and provenance.
    """
    page = _PAGES[run.recipe.name]
    with plotting.style():
        drawings = {
            name: Drawing(plotting.svg(figure), caption, alternative)
            for name, (figure, caption, alternative) in page.figures(run).items()
        }
    report: Report = page.report(run, drawings)
    return report


def write_study(run: StudyRun) -> Path:
    """Write the report of a finished study into its folder.

    Parameters
    ----------
    run : StudyRun
        What `spinglass_nn.studies.run_study` or ``open_study`` returned.

    Returns
    -------
    Path
        The file ``report.html``.
    """
    path = run.store.folder / "report.html"
    write(study_report(run), path)
    return path.resolve()


def save_figures(run: StudyRun, folder: PathType, kind: str = "svg") -> list[Path]:
    """Save every figure of a study's report as a file of its own.

    Parameters
    ----------
    run : StudyRun
        A finished study.
    folder : path
        Where to; it is made if it is not there.
    kind : {"svg", "pdf", "png"}
        File format.

    Returns
    -------
    list of Path
        The files written.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    with plotting.style():
        made = _PAGES[run.recipe.name].figures(run)
        return [
            plotting.save(figure, target / f"{name}.{kind}")
            for name, (figure, _, _) in made.items()
        ]
