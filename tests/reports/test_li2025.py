"""The report of the study of Q(T), whole, from a tiny run."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest

from spinglass_nn import cli, plotting, reports, studies
from spinglass_nn.reports.li2025 import figures, text

WORDS = re.compile(r"\s+")


@pytest.fixture(scope="module")
def folder(tiny_li, tmp_path_factory):
    copy = shutil.copytree(tiny_li.store.folder, tmp_path_factory.mktemp("li") / "study")
    reports.write_study(replace(tiny_li, store=studies.Store.open(copy)))
    return copy


@pytest.fixture(scope="module")
def source(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def drawn(tiny_li):
    with plotting.style():
        return figures(tiny_li)


def plain(words):
    return WORDS.sub("", words)


def shown(source):
    """The text of the page."""
    import html

    return plain(html.unescape(re.sub(r"<[^>]*>", "", source)))


def test_page_holds_claims_and_parameters(source, tiny_li):
    page = shown(source)
    for claim in tiny_li.claims:
        for field in ("identifier", "statement", "statistic", "reason", "verdict"):
            assert plain(getattr(claim, field)) in page, (claim.identifier, field)
    for key, (meaning, basis) in tiny_li.recipe.notes.items():
        assert plain(meaning) in page
        assert plain(basis) in page
        assert f"<code>{key}</code>" in source
    for words in text._warnings(tiny_li):
        assert plain(words) in page


def test_every_figure_is_inline_with_words_for_it(source, drawn):
    assert source.count('class="plot"') == len(drawn) == 20
    for _, caption, alternative in drawn.values():
        assert plain(caption) in shown(source)
        assert alternative.strip().endswith(".")
    assert "<script" not in source
    assert "<img" not in source


def test_curves_are_those_of_the_results(drawn, tiny_li):
    curves = tiny_li.results["epochs"]
    axes = drawn["epochs-reduced"][0]
    lines = {line.get_label(): line for line in axes.get_lines()}
    for place, name in enumerate(curves.names):
        assert lines[name].get_ydata() == pytest.approx(curves.overlap[place].mean(axis=0))
        assert lines[name].get_xdata() == pytest.approx(curves.reduced)
    raw = {line.get_label(): line for line in drawn["epochs"][0].get_lines()}
    grid = curves.temperatures(0)
    assert raw["epoch 0"].get_xdata() == pytest.approx(grid)
    assert grid[0] == pytest.approx(curves.reduced[0] * curves.critical[0].max())


def test_stuck_networks_are_pointed_out(tiny_li):
    epochs = tiny_li.results["epochs"]
    stuck = replace(epochs, r_hat=epochs.r_hat * 0 + 2)
    run = replace(tiny_li, results={**tiny_li.results, "epochs": stuck})
    assert any("raise n_sweeps" in words for words in text._warnings(run))


def test_command_line_draws_it_again(folder, capsys):
    assert cli.main(["report", str(folder), "--quiet"]) == 0
    assert (folder / "report.html").exists()
    assert cli.main(["parameters", "li2025"]) == 0
    assert "compared_at" in capsys.readouterr().out
