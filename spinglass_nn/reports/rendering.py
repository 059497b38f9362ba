"""From a `Report` to one HTML file."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from spinglass_nn._version import __version__
from spinglass_nn.io.archive import written_whole
from spinglass_nn.reports import _wording
from spinglass_nn.reports.model import VERDICTS, Report
from spinglass_nn.typing import PathType

_CLASSES = {"supported": "yes", "not supported": "no", "cannot tell here": "open"}


def render(report: Report) -> str:
    """Render a report as one self-contained HTML page.

    The page loads nothing: style and figures are inside, and it needs no JavaScript. Text of
    the report is escaped; figures are taken as they are.

    Parameters
    ----------
    report : Report
        What to say.

    Returns
    -------
    str
        The page; equal reports give equal pages.
    """
    counted = Counter(claim.verdict for claim in report.claims)
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            version=__version__,
            verdicts=[(verdict, counted[verdict]) for verdict in VERDICTS],
            classes=_CLASSES,
        )
    )


def write(report: Report, path: PathType) -> Path:
    """Write a report to an HTML file, which appears only once it is complete.

    Parameters
    ----------
    report : Report
        What to say.
    path : path
        File to write; its folder must exist.

    Returns
    -------
    Path
        The file written.
    """
    page = render(report).encode()
    with written_whole(path) as file:
        file.write(page)
    return Path(path)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("spinglass_nn.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = _wording.number
    environment.filters["marked"] = _wording.marked
    return environment
