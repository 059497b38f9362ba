"""What the reports of all studies have in common."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spinglass_nn import io
from spinglass_nn.reports.model import Parameter, Report
from spinglass_nn.studies import StudyRun

# by name: what was drawn, its caption, words for those who cannot see it
Drawn = dict[str, tuple[Figure | Axes, str, str]]


def assemble(run: StudyRun, **parts: Any) -> Report:
    """A report of these parts, with claims, parameters and provenance of the run."""
    p = run.parameters
    return Report(
        claims=run.claims,
        parameters=[
            Parameter(meaning, getattr(p, key), basis, key)
            for key, (meaning, basis) in run.recipe.notes.items()
        ],
        provenance=[
            *io.provenance().items(),
            ("seed", p.seed),
            ("data", repr(run.shared)),
            ("started", run.store.manifest["started"]),
            ("computed with", f"spinglass_nn {run.store.manifest['package_version']}"),
        ],
        **parts,
    )


def counted(run: StudyRun, verdict: str, endings: tuple[str, ...] = ("",)) -> str:
    """How many claims have a verdict, and which; of those that end so, if asked."""
    names = [
        claim.identifier
        for claim in run.claims
        if claim.verdict == verdict and claim.identifier.endswith(endings)
    ]
    return f"{len(names)} ({', '.join(names)})" if names else "none"
