"""What a report consists of; plain text throughout, escaped when it is rendered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spinglass_nn._core import check
from spinglass_nn.errors import ParameterError, ShapeError

if TYPE_CHECKING:
    from spinglass_nn.statistics import Estimate
    from spinglass_nn.studies.claims import Claim

VERDICTS = ("supported", "not supported", "cannot tell here")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True, slots=True)
class Summary:
    """The first screen, in three short answers.

    Parameters
    ----------
    done : sequence of str
        What was done, one paragraph each.
    found : sequence of str
        What was found.
    certainty : sequence of str
        How sure that is, and why not surer.
    """

    done: Sequence[str]
    found: Sequence[str]
    certainty: Sequence[str]


@dataclass(frozen=True, slots=True)
class Headline:
    """One number to remember.

    Parameters
    ----------
    label : str
        What it is, in a few words.
    value : Estimate, float, int or str
        The number; an estimate is written with its error.
    note : str
        Unit, control or remark; may be empty.
    """

    label: str
    value: Estimate | float | str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure of the report.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element, as `spinglass_nn.plotting.svg` makes it; the one text of a
        report that is not escaped.
    caption : str
        What is drawn, what the bands and bars are.
    alternative : str
        What is to be seen, for readers who cannot see it.
    wide : bool
        Give it a row of its own.
    """

    svg: str
    caption: str
    alternative: str
    wide: bool = False

    def __post_init__(self) -> None:
        text = self.svg.lstrip()
        if not text.startswith("<svg") or re.search(r"<\s*script|\son\w+\s*=", text, re.I):
            raise ParameterError(
                f"svg must be an <svg> element without scripts, got {text[:40]!r}"
            )
        if not self.alternative.strip():
            raise ParameterError("alternative must say what is to be seen, got nothing")


@dataclass(frozen=True, slots=True)
class Table:
    """A small table.

    Parameters
    ----------
    caption : str
        What the rows are.
    header : sequence of str
        One name a column; the first column names its row.
    rows : sequence of sequences
        Cells: text, numbers, estimates, or None for absent.
    """

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[object]]

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.header):
                raise ShapeError(
                    f"rows[{number}] must have {len(self.header)} cells, got {len(row)}"
                )


@dataclass(frozen=True, slots=True)
class Section:
    """One protocol: a question, how it was asked, what came out.

    Parameters
    ----------
    identifier : str
        For links within the page: small letters, digits, hyphens.
    title : str
        A few words.
    question : str
        What is asked, one or two sentences.
    method : sequence of str
        How, one paragraph each.
    findings : sequence of str
        What came out, one point each.
    drawings : sequence of Drawing
        Figures, numbered through the report.
    tables : sequence of Table
        Small tables, numbered through the report.
    """

    identifier: str
    title: str
    question: str
    method: Sequence[str] = ()
    findings: Sequence[str] = ()
    drawings: Sequence[Drawing] = ()
    tables: Sequence[Table] = ()

    def __post_init__(self) -> None:
        if not _IDENTIFIER.fullmatch(self.identifier):
            raise ParameterError(
                f"identifier must be small letters, digits and hyphens, got {self.identifier!r}"
            )


@dataclass(frozen=True, slots=True)
class Parameter:
    """A choice that was made.

    Parameters
    ----------
    name : str
        What was chosen.
    value : object
        What it was set to.
    basis : str
        Where the choice comes from.
    key : str
        The key that changes it, as in ``--set key=...``; may be empty.
    """

    name: str
    value: object
    basis: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A source.

    Parameters
    ----------
    text : str
        Authors, title, year.
    url : str
        Where it stands; ``http(s)`` only; may be empty.
    """

    text: str
    url: str = ""

    def __post_init__(self) -> None:
        if self.url and not self.url.startswith(("https://", "http://")):
            raise ParameterError(f"url must begin with https://, got {self.url!r}")


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Parameters
    ----------
    title, subtitle : str
        The subtitle says on which data and when.
    summary : Summary
        The first screen.
    headlines : sequence of Headline
        Three to six numbers to remember.
    sections : sequence of Section
        One a protocol.
    claims : sequence of Claim
        Rows of the claims table (`spinglass_nn.studies`).
    parameters : sequence of Parameter
        Every choice that the sources leave open.
    provenance : sequence of (str, object)
        Versions, seeds, machine, times.
    next_steps : sequence of str
        What to run next, most useful first; text between backquotes is set as code.
    warnings : sequence of str
        What the reader must know before believing anything; shown near the top.
    references : sequence of Reference
        Sources.
    """

    title: str
    subtitle: str
    summary: Summary
    headlines: Sequence[Headline] = ()
    sections: Sequence[Section] = ()
    claims: Sequence[Claim] = ()
    parameters: Sequence[Parameter] = ()
    provenance: Sequence[tuple[str, object]] = ()
    next_steps: Sequence[str] = ()
    warnings: Sequence[str] = ()
    references: Sequence[Reference] = ()

    def __post_init__(self) -> None:
        for claim in self.claims:
            check.choice(claim.verdict, f"verdict of {claim.identifier}", VERDICTS)
        names = [section.identifier for section in self.sections]
        if len(set(names)) < len(names):
            raise ParameterError(f"identifiers of sections must differ, got {names}")
