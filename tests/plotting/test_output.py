"""Figures as text and files."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

import spinglass_nn as sg
from spinglass_nn.errors import ParameterError


def identifiers(text):
    return [e.get("id") for e in ElementTree.fromstring(text).iter() if e.get("id")]


@pytest.fixture(scope="module")
def drawn(like):
    distances = like.distances()
    figures = [
        sg.plotting.walk_loss([like.walk()], ["trained"], traces=[like.trace_of(like.walk())]),
        sg.plotting.walk_loss([like.walk(seed=8)], ["trained"]),
        sg.plotting.dendrogram_and_matrix(
            like.tree(distances), distances, groups=distances.groups
        ),
    ]
    return [sg.plotting.svg(figure) for figure in figures]


def test_svg_is_xml_and_every_reference_leads_somewhere(drawn):
    for text in drawn:
        found = set(identifiers(text))
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
        assert found == used
        assert found


def test_identifiers_differ_between_figures_and_within_each(drawn):
    every = [name for text in drawn for name in identifiers(text)]
    assert len(set(every)) == len(every)


def test_equal_figures_give_equal_text(like):
    first, second = (
        sg.plotting.svg(sg.plotting.walk_loss([like.walk()], ["trained"])) for _ in range(2)
    )
    assert first == second


def test_svg_reaches_nothing_outside_itself(drawn):
    for text in drawn:
        assert "<style" not in text
        assert "<metadata" not in text
        assert "<text" not in text  # letters are paths
        without_namespaces = re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
        assert "http" not in without_namespaces


def test_markup_in_labels_stays_text(like):
    text = sg.plotting.svg(sg.plotting.curves([like.curve()], ["<script>&\"'--></svg>"]))
    assert "script" not in text
    ElementTree.fromstring(text)


@pytest.mark.parametrize(
    ("ending", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")]
)
def test_saved_files_are_of_their_kind_and_reproducible(like, tmp_path, ending, start):
    contents = []
    for name in ("one", "two"):
        ax = sg.plotting.curves([like.curve()], ["label"])
        contents.append(sg.plotting.save(ax, tmp_path / f"{name}.{ending}").read_bytes())
    assert contents[0].startswith(start)
    assert contents[0] == contents[1]


def test_unknown_ending_is_refused_and_nothing_written(like, tmp_path):
    with pytest.raises(ParameterError, match=r"ending of path must be one of '.svg'"):
        sg.plotting.save(sg.plotting.curves([like.curve()], ["one"]), tmp_path / "f.bmp")
    assert not list(tmp_path.iterdir())


def test_what_is_no_figure_is_refused():
    with pytest.raises(ParameterError, match="figure must be a Figure or Axes, got str"):
        sg.plotting.svg("figure")
