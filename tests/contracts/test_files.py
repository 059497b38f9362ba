"""Sizes, silence, and nothing of one machine in the files."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "spinglass_nn"
FILES = sorted(PACKAGE.rglob("*.py"))
MAX_FILE, MAX_BODY = 400, 60
TEXT = {".py", ".pyi", ".md", ".rst", ".toml", ".cfg", ".cff", ".yml", ".yaml", ".txt", ".json",
        ".html", ".css", ".j2", ".in", ".ini", ".sh", ".bib", ""}  # fmt: skip


def name_of(file):
    return file.relative_to(ROOT).as_posix()


def nodes(file):
    return ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def body_length(function):
    """Lines from the first statement after the docstring to the last."""
    body = function.body[ast.get_docstring(function) is not None :]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_no_file_is_too_long():
    lengths = {name_of(f): len(f.read_text(encoding="utf-8").splitlines()) for f in FILES}
    assert not {name: n for name, n in lengths.items() if n > MAX_FILE}


def test_no_function_is_too_long():
    long = {
        f"{name_of(file)}:{node.lineno} {node.name}": body_length(node)
        for file in FILES
        for node in nodes(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and body_length(node) > MAX_BODY
    }
    assert not long


def test_the_library_is_silent():
    """No print outside the command line, and no write to standard output."""
    loud = [
        f"{name_of(file)}:{node.lineno}"
        for file in FILES
        if file.relative_to(PACKAGE).parts[0] != "cli"
        for node in nodes(file)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"print", "sys.stdout.write"}
    ]
    assert not loud


def test_every_module_says_what_it_is_for():
    silent = [
        name_of(f)
        for f in FILES
        if not ast.get_docstring(ast.parse(f.read_text(encoding="utf-8")))
        and f.name != "_version.py"
    ]
    assert not silent


def repository_texts():
    """Text files that are, or are about to be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [p for p in paths if p.suffix in TEXT and p.is_file()]


# written in pieces, so that this file does not find itself
@pytest.mark.parametrize(
    "pattern",
    [r"(?<![\w.])/" + r"(work|root|home/\w+)/", r"index[-_]" + r"url", r"pythonhosted" + r"\.",
     r"https?://\S+/" + r"simple/?(\s|$)", r"arti" + r"factory"],
)  # fmt: skip
def test_nothing_of_one_machine_or_registry(pattern):
    found = [
        f"{name_of(path)}:{number}: {line.strip()[:80]}"
        for path in repository_texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line, re.IGNORECASE)
    ]
    assert not found
