"""The page says what the report says, to everyone, and fetches nothing."""

import re
from html.parser import HTMLParser

import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError, ShapeError

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Elements with attributes in order, text, and whether tags are balanced."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.words, self.open = [], [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def page(make_report):
    return Page(sg.reports.render(make_report()))


def test_page_is_balanced_and_holds_all_parts(page, make_report):
    assert page.open == []
    report = make_report()
    assert report.title in page.text
    for section in report.sections:
        assert section.question in page.text
        assert all(point in page.text for point in section.findings)
    for claim in report.claims:
        assert claim.statement in page.text
        assert claim.reason in page.text
    assert "0.352 ± 0.011" in page.text
    assert "2 supported" in page.text
    assert "Figure 3." in page.text


def test_identifiers_are_unique_and_links_inside_lead_somewhere(page):
    names = [a["id"] for _, a in page.elements if "id" in a]
    assert len(set(names)) == len(names)
    targets = [a["href"][1:] for _, a in page.elements if a.get("href", "").startswith("#")]
    assert set(targets) <= set(names)
    assert "walks" in targets


def test_nothing_is_loaded_from_elsewhere(page, make_report):
    for tag, attributes in page.elements:
        assert tag not in {"link", "script", "iframe", "object", "embed", "base"}
        assert not attributes.get("src")
        for name in ("href", "xlink:href"):
            value = attributes.get(name, "#")
            assert tag == "a" or value.startswith(("#", "data:"))
        assert not any(name.startswith("on") for name in attributes)
    source = sg.reports.render(make_report())
    assert "@import" not in source
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", source))


def test_every_figure_has_an_alternative(page):
    plots = [a for _, a in page.elements if a.get("class") == "plot"]
    assert len(plots) == 3
    assert all(a["role"] == "img" and a["aria-label"].strip() for a in plots)


def test_every_header_cell_has_a_scope_and_verdicts_say_their_word(page):
    assert all(a.get("scope") in {"row", "col"} for tag, a in page.elements if tag == "th")
    badges = [a for tag, a in page.elements if tag == "span" and "badge" in a.get("class", "")]
    assert len(badges) == 3 + 5  # the tally, and one a claim
    assert page.text.count("cannot tell here") >= 3


def test_text_is_escaped_everywhere(make_report):
    nasty = "<script>alert(1)</script>\"'&"
    report = make_report(
        title=nasty,
        subtitle=nasty,
        warnings=[nasty],
        next_steps=[f"run `{nasty}`"],
        headlines=[sg.reports.Headline(nasty, nasty, nasty)],
        parameters=[sg.reports.Parameter(nasty, nasty, nasty, nasty)],
        provenance=[(nasty, nasty)],
        references=[sg.reports.Reference(nasty)],
        summary=sg.reports.Summary([nasty], [nasty], [nasty]),
        sections=[
            sg.reports.Section(
                "a",
                nasty,
                nasty,
                [nasty],
                [nasty],
                tables=[sg.reports.Table(nasty, [nasty], [[nasty]])],
            )
        ],
    )
    source = sg.reports.render(report)
    assert "<script" not in source
    page = Page(source)
    assert page.open == []
    assert page.text.count(nasty) > 15


def test_alternative_text_cannot_leave_its_attribute(make_report):
    drawing = sg.reports.Drawing("<svg></svg>", "caption", '"><script>alert(1)</script>')
    source = sg.reports.render(make_report(drawings={"a": [drawing]}))
    assert "<script" not in source


def test_equal_reports_give_equal_pages(make_report):
    assert sg.reports.render(make_report()) == sg.reports.render(make_report())


def test_empty_report_leaves_no_empty_headings():
    page = Page(sg.reports.render(sg.reports.Report("t", "s", sg.reports.Summary([], [], []))))
    assert page.open == []
    for heading in ("Claims", "Parameters", "References", "Provenance", "What to run next"):
        assert heading not in page.text


def test_write_leaves_one_whole_file(make_report, tmp_path):
    path = sg.reports.write(make_report(), tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == sg.reports.render(make_report())
    assert [item.name for item in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sg.reports.Drawing("<p>", "c", "a"), ParameterError, "svg must be an <svg>"),
        (lambda: sg.reports.Drawing("<svg onload='x'>", "c", "a"), ParameterError, "scripts"),
        (lambda: sg.reports.Drawing("<svg/>", "c", " "), ParameterError, "alternative must"),
        (lambda: sg.reports.Reference("t", "javascript:x"), ParameterError, "url must begin"),
        (lambda: sg.reports.Section("A b", "t", "q"), ParameterError, "identifier must be"),
        (lambda: sg.reports.Table("c", ["a", "b"], [[1]]), ShapeError, "must have 2 cells"),
    ],
)
def test_parts_that_would_break_the_page_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_unknown_verdict_and_repeated_sections_are_refused(make_report):
    claim = make_report().claims[0]
    claim.verdict = "true"
    with pytest.raises(ParameterError, match="verdict of C7 must be one of"):
        make_report(claims=[claim])
    section = sg.reports.Section("a", "t", "q")
    with pytest.raises(ParameterError, match="identifiers of sections must differ"):
        make_report(sections=[section, section])
