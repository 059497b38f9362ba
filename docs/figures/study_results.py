"""Figures and table of claims of a finished study, for a page of results.

``python study_results.py FOLDER NAME FIGURE ...`` reads the study in FOLDER and writes the figures
named into a folder NAME beside this file, as PNG, with ``claims.md``, its table of claims.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from spinglass_nn import reports, studies
from spinglass_nn.studies import Claim

HERE = Path(__file__).resolve().parent


def row(claim: Claim) -> str:
    """One line of the table, without what would end a cell."""
    value = "–" if claim.value is None else str(claim.value)
    cells = (claim.identifier, claim.statement, f"{claim.statistic}: {value}", claim.control,
             f"**{claim.verdict}**")  # fmt: skip
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(folder: str, name: str, *figures: str) -> None:
    """Write table and figures."""
    run = studies.open_study(folder)
    target = HERE / name
    target.mkdir(exist_ok=True)
    head = ["| | claim | computed | null or control | verdict |", "|---|---|---|---|---|"]
    table = "\n".join([*head, *map(row, run.claims)])
    (target / "claims.md").write_text(table + "\n", encoding="utf-8")
    with TemporaryDirectory() as aside:
        for drawn in reports.save_figures(run, aside, "png"):
            if drawn.stem in figures:
                shutil.copy(drawn, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
