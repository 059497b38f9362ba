"""The report of the main study, whole, from a tiny run."""

from __future__ import annotations

import importlib
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import pytest

from spinglass_nn import cli, plotting, reports, studies
from spinglass_nn.reports.liao2024 import figures

WORDS = re.compile(r"\s+")


class Page(HTMLParser):
    """Start tags with their attributes, and the text as it is read."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.words, self.hidden = [], [], False
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.hidden = tag == "style"

    def handle_data(self, data):
        if not self.hidden:
            self.words.append(data)

    @property
    def text(self):
        return plain("".join(self.words))


def plain(text):
    """Without marks of code and without any space, which markup adds and removes."""
    return WORDS.sub("", text.replace("`", ""))


@pytest.fixture(scope="module")
def folder(tiny_run, tmp_path_factory):
    """A copy of the study's folder, with its report as a run leaves it."""
    copy = shutil.copytree(tiny_run.store.folder, tmp_path_factory.mktemp("report") / "study")
    reports.write_study(replace(tiny_run, store=studies.Store.open(copy)))
    return copy


@pytest.fixture(scope="module")
def source(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


@pytest.fixture(scope="module")
def drawn(tiny_run):
    """Figures with caption and words for them."""
    with plotting.style():
        return figures(tiny_run)


def test_page_loads_nothing(page, source):
    loaders = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "base"}
    for tag, attributes in page.elements:
        assert tag not in loaders
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert tag == "a" or attributes.get(name, "#").startswith(("#", "data:"))
    assert "@import" not in source
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", source))
    assert len(source) < 8_000_000


def test_page_holds_every_claim_in_full(page, tiny_run):
    for claim in tiny_run.claims:
        for field in ("identifier", "statement", "source", "statistic", "reason"):
            assert plain(getattr(claim, field)) in page.text, (claim.identifier, field)
        assert plain(claim.verdict) in page.text


def test_page_holds_every_parameter_and_where_it_comes_from(page, source, tiny_run):
    for key, (meaning, basis) in tiny_run.recipe.notes.items():
        assert plain(meaning) in page.text
        assert plain(basis) in page.text
        assert f"<code>{key}</code>" in source
    assert "8,32,128" in page.text


def test_page_holds_the_warnings_and_what_to_run_next(page, tiny_run):
    from spinglass_nn.reports.liao2024.text import _next_steps, _warnings

    for words in (*_warnings(tiny_run), *_next_steps(tiny_run), "Only the paper's abstract"):
        assert plain(words) in page.text


def test_page_says_where_its_numbers_come_from(page, tiny_run):
    for words in ("numpy", "numba", "seed", tiny_run.store.manifest["started"], "digits (8x8)"):
        assert plain(words) in page.text


def test_every_figure_is_inline_with_words_for_it(page, drawn):
    plots = [a for _, a in page.elements if a.get("class") == "plot"]
    assert len(plots) == len(drawn) > 12
    labels = {a["aria-label"] for a in plots}
    assert labels == {alternative for _, _, alternative in drawn.values()}
    for _, caption, alternative in drawn.values():
        assert plain(caption) in page.text
        assert alternative.strip().endswith(".")


def test_identifiers_are_unique(page):
    names = [a["id"] for _, a in page.elements if "id" in a]
    assert len(set(names)) == len(names)


def test_every_figure_that_is_drawn_is_shown(tiny_run, drawn):
    drawings = {
        name: reports.Drawing("<svg></svg>", caption, alternative)
        for name, (_, caption, alternative) in drawn.items()
    }
    from spinglass_nn.reports.liao2024 import report

    shown = [d for s in report(tiny_run, drawings).sections for d in s.drawings]
    assert len(shown) == len(drawings)
    assert {id(d) for d in shown} == {id(d) for d in drawings.values()}


def test_drawn_again_only_the_date_differs(folder, source, capsys):
    path = folder / "report.html"
    path.unlink()
    assert cli.main(["report", str(folder)]) == 0
    assert capsys.readouterr().out.endswith(f"report: {path}\n")
    again = path.read_text(encoding="utf-8")
    date = re.compile(r"(<dt>date</dt>\s*<dd>|date</th><td>)[^<]*")
    assert date.search(source)
    assert date.sub("", again) == date.sub("", source)


def test_next_steps_are_commands_that_parse(tiny_run):
    from spinglass_nn.cli.main import _parser
    from spinglass_nn.reports.liao2024.text import _next_steps

    commands = re.findall(r"`spinglass-nn ([^`]*)`", " ".join(_next_steps(tiny_run)))
    assert commands
    for command in commands:
        options = _parser().parse_args(command.split())
        for setting in getattr(options, "settings", []):
            key, _, _ = setting.partition("=")
            assert key in tiny_run.recipe.notes


def test_quick_scale_is_said_to_be_a_first_look(tiny_run):
    from spinglass_nn.reports.liao2024.text import _next_steps, _warnings

    quick = replace(
        tiny_run, parameters=msgspec.structs.replace(tiny_run.parameters, scale="quick")
    )
    assert _warnings(quick)[0].startswith("Quick scale")
    assert not _warnings(tiny_run)[0].startswith("Quick scale")
    assert "standard" in _next_steps(quick)[0]


@pytest.mark.parametrize(
    ("kind", "begin"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")]
)
def test_figures_as_files(tiny_run, drawn, tmp_path, monkeypatch, kind, begin):
    few = {"walk-law", "tree-forked"}
    pages = importlib.import_module("spinglass_nn.reports.study")._PAGES
    chosen = pages["liao2024"]._replace(figures=lambda run: {name: drawn[name] for name in few})
    monkeypatch.setitem(pages, "liao2024", chosen)
    files = reports.save_figures(tiny_run, tmp_path / "deep" / "figures", kind)
    assert {f.name for f in files} == {f"{name}.{kind}" for name in few}
    assert set((tmp_path / "deep" / "figures").iterdir()) == set(files)
    for file in files:
        assert file.read_bytes().startswith(begin)
        assert file.stat().st_size > 2000


def test_report_of_an_unfinished_study_is_refused(folder, tmp_path, capsys):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "tasks" / "walks.npz").unlink()
    assert cli.main(["report", str(copy)]) == 2
    assert "must be finished first" in capsys.readouterr().err


def test_full_disk_keeps_the_old_report(folder, monkeypatch, capsys, tiny_run):
    before = (folder / "report.html").read_bytes()

    def full(fd):
        raise OSError(28, "No space left on device")

    short = reports.Report("t", "s", reports.Summary([], [], []))
    run = replace(tiny_run, store=studies.Store.open(folder))
    monkeypatch.setattr("spinglass_nn.reports.study.study_report", lambda run: short)
    monkeypatch.setattr(studies, "open_study", lambda path: run, raising=False)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        assert cli.main(["report", str(folder)]) == 2
    assert "report.html: No space left on device" in capsys.readouterr().err
    assert (folder / "report.html").read_bytes() == before
    assert not list(folder.rglob("*.partial"))
