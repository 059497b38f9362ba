"""Figures as files and as text to stand inside a page."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spinglass_nn._core import check
from spinglass_nn.errors import ParameterError
from spinglass_nn.io.archive import written_whole
from spinglass_nn.typing import PathType

_FIXED: dict[Any, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "spinglass_nn",
    "savefig.bbox": None,
    "savefig.facecolor": "auto",
    "savefig.transparent": False,
}
_INHERITED = "stroke-linejoin:round;stroke-linecap:butt"
_STYLE = re.compile(r"<defs>\s*<style[^>]*>.*?</style>\s*</defs>\s*", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
# a hundredth of a point is finer than any screen
_OUTLINE = re.compile(r' d="[^"]*"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
_IDENTIFIER = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'((?:xlink:)?href="#|url\(#)([^")]+)')


def save(figure: Figure | Axes, path: PathType) -> Path:
    """Save a figure as SVG, PDF or PNG; equal figures give equal files.

    Parameters
    ----------
    figure : Figure or Axes
        What to save; for Axes, the whole figure they belong to.
    path : path
        File to write, its ending says the format; its folder must exist.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ParameterError
        If the ending is not ``.svg``, ``.pdf`` or ``.png``.
    """
    target = Path(path)
    ending = target.suffix.lower()
    check.choice(ending, "the ending of path", (".svg", ".pdf", ".png"))
    if ending == ".svg":
        content = ('<?xml version="1.0" encoding="utf-8"?>\n' + svg(figure)).encode()
    else:
        buffer = io.BytesIO()
        metadata = {"CreationDate": None} if ending == ".pdf" else {"Software": None}
        with matplotlib.rc_context(_FIXED):
            _whole(figure).savefig(buffer, format=ending[1:], dpi=200, metadata=metadata)
        content = buffer.getvalue()
    with written_whole(target) as file:
        file.write(content)
    return target


def svg(figure: Figure | Axes) -> str:
    """Turn a figure into one ``<svg>`` element that can stand inside an HTML page.

    Letters are paths, so it looks the same without fonts. Identifiers begin with a digest
    of the figure: those of different figures on one page never clash. Equal figures give
    equal text.

    Parameters
    ----------
    figure : Figure or Axes
        What to draw; for Axes, the whole figure they belong to.

    Returns
    -------
    str
        The element, without XML declaration, metadata or style sheet.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context(_FIXED):
        _whole(figure).savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    text = _COMMENT.sub("", text[text.index("<svg") :])
    text = _METADATA.sub("", text)
    # matplotlib's style sheet would reach all of the page; the root passes the same down
    text = _STYLE.sub("", text)
    text = text.replace("<svg ", f'<svg style="{_INHERITED}" ', 1)
    text = _OUTLINE.sub(lambda m: _DECIMALS.sub(r"\1", m[0]), text)
    return _own_identifiers(text).strip()


def _whole(figure: Figure | Axes) -> Figure:
    found: object = figure.get_figure(root=True) if isinstance(figure, Axes) else figure
    if not isinstance(found, Figure):
        raise ParameterError(f"figure must be a Figure or Axes, got {type(found).__name__}")
    return found


def _own_identifiers(text: str) -> str:
    """Drop identifiers nothing refers to; number the others behind a digest of the text."""
    used = {name for _, name in _REFERENCE.findall(text)}
    numbers: dict[str, str] = {}
    for name in _IDENTIFIER.findall(text):
        if name in used:
            numbers.setdefault(name, str(len(numbers)))

    def rename(prefix: str) -> str:
        bare = _IDENTIFIER.sub(
            lambda m: f' id="{prefix}{numbers[m[1]]}"' if m[1] in numbers else "", text
        )
        return _REFERENCE.sub(lambda m: f"{m[1]}{prefix}{numbers.get(m[2], m[2])}", bare)

    digest = hashlib.sha256(rename("").encode()).hexdigest()[:8]
    return rename(f"f{digest}-")
