"""Figures and tables of finished studies, for a page of results.

``python study_results.py FOLDER,FOLDER,... NAME FIGURE ...`` reads runs that differ in their seed
and writes into a folder NAME beside this file the figures named, of the first run, as PNG;
``claims.md``, what each claim comes to in all runs together; and ``seeds.md``, run by run.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from spinglass_nn import reports, studies
from spinglass_nn.studies import Claim, ComparedClaim

HERE = Path(__file__).resolve().parent


def line(*cells: object) -> str:
    """One line of a table, without what would end a cell."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def together(claim: Claim, compared: ComparedClaim) -> str:
    """A claim over all runs; the control is that of the first."""
    values = compared.values if compared.mean is None else (compared.mean,)
    told = "; ".join("–" if value is None else str(value) for value in dict.fromkeys(values))
    return line(
        claim.identifier, claim.statement, f"{claim.statistic}: {told}",
        claim.control, f"**{compared.verdict}**",
    )  # fmt: skip


def apart(claim: ComparedClaim) -> str:
    """A claim run by run."""
    values = ("–" if value is None else value for value in claim.values)
    scale = "–" if claim.mean is None else f"{claim.scale:.1f}"
    verdicts = claim.verdicts[:1] if claim.stable else claim.verdicts
    return line(claim.identifier, *values, scale, "; ".join(verdicts))


def main(folders: str, name: str, *figures: str) -> None:
    """Write tables and figures."""
    runs = [studies.open_study(folder) for folder in folders.split(",")]
    compared = studies.compare_studies(runs)
    target = HERE / name
    target.mkdir(exist_ok=True)
    head = ["| | claim | computed | null or control | verdict |", "|---|---|---|---|---|"]
    table = map(together, runs[0].claims, compared.claims)
    (target / "claims.md").write_text("\n".join([*head, *table]) + "\n", encoding="utf-8")
    head = [line("", *(f"seed {seed}" for seed in compared.seeds), "S", "verdict"),
            "|---" * (len(runs) + 3) + "|"]  # fmt: skip
    table = map(apart, compared.claims)
    (target / "seeds.md").write_text("\n".join([*head, *table]) + "\n", encoding="utf-8")
    with TemporaryDirectory() as aside:
        for drawn in reports.save_figures(runs[0], aside, "png"):
            if drawn.stem in figures:
                shutil.copy(drawn, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
