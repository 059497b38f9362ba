"""The report of the study barney2024, whole, from a tiny run."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest
from studies.melting_made import made_growth

from spinglass_nn import cli, plotting, reports, studies
from spinglass_nn.reports.barney2024 import figures


@pytest.fixture(scope="module")
def source(melting_run, tmp_path_factory):
    copy = shutil.copytree(
        melting_run.store.folder, tmp_path_factory.mktemp("report") / "study"
    )
    reports.write_study(replace(melting_run, store=studies.Store.open(copy)))
    return (copy / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def drawn(melting_run):
    with plotting.style():
        return figures(melting_run)


def test_page_holds_claims_parameters_and_sections(source, melting_run):
    assert len(source) < 8_000_000
    for claim in melting_run.claims:
        assert claim.identifier in source
    for name in melting_run.recipe.notes:
        assert name in source
    for section in ("untrained", "melting", "states", "order"):
        assert f'id="{section}"' in source
    assert "<script" not in source
    assert not re.search(r"\b(nan|inf)\b", re.sub(r"<svg.*?</svg>", "", source, flags=re.S))


def test_every_figure_of_the_paper_has_one(drawn):
    stems = {
        "mapping", "phases-relu", "stability-relu", "training-loss", "training-accuracy",
        "states-relu-plain", "states-binarised-clamped", "growth", "spectrum-binarised",
    }  # fmt: skip
    assert stems <= drawn.keys()
    for _, caption, alternative in drawn.values():
        assert caption.endswith(".")
        assert alternative.endswith(".")


def test_growth_with_fits_is_drawn_and_told(melting_run):
    run = replace(melting_run, results=melting_run.results | {"growth": made_growth()})
    page = reports.study_report(run)
    melting = next(section for section in page.sections if section.identifier == "melting")
    assert "has α = 0.2000 ± 0.0020" in melting.findings[0]
    assert "α = 0.2000 ± 0.0020" in str(page.headlines)


def test_command_line_lists_its_parameters(capsys):
    assert cli.main(["parameters", "barney2024"]) == 0
    said = capsys.readouterr().out
    for name in ("kept_shares", "relu_variance", "lazy_scales"):
        assert name in said
