"""Commands: what their help teaches, what they hand on, what they print."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import spinglass_nn as sg
from spinglass_nn import cli, reports, studies

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("quickstart", "run", "parameters", "report", "compare")


@pytest.fixture
def pretended(monkeypatch, tiny_run):
    """Studies that finish at once; what they were asked for is kept."""
    calls = []

    def run_study(name, folder, settings=None, **options):
        calls.append({"name": name, "folder": folder, "settings": settings, **options})
        logging.getLogger("spinglass_nn.studies").info("[1/5] something")
        return tiny_run

    monkeypatch.setattr(studies, "run_study", run_study, raising=False)
    monkeypatch.setattr(
        reports, "write_study", lambda run: run.store.folder / "report.html", raising=False
    )
    return calls


def test_help_names_every_command_and_shows_examples(spinglass):
    status, out, err = spinglass("--help")
    assert status == 0
    assert err == ""
    for command in COMMANDS:
        assert re.search(rf"^ +{command}\b", out, re.MULTILINE)
    examples = [line.split() for line in out.splitlines() if line.startswith("  spinglass-nn")]
    assert {words[1] for words in examples} == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_shows_an_example_that_parses(spinglass, command):
    from spinglass_nn.cli.main import _parser

    status, out, err = spinglass(command, "--help")
    assert status == 0
    assert err == ""
    found = re.findall(rf"spinglass-nn ({command} [^\n`]*)", out.split("options:")[1])
    assert found
    for example in found:
        options = _parser().parse_args(example.split())
        assert callable(options.command)
    assert max(map(len, out.splitlines())) <= 100


def test_version(spinglass):
    assert spinglass("--version") == (0, f"spinglass_nn {sg.__version__}\n", "")


def test_module_runs_where_scripts_are_not_on_the_path(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "spinglass_nn.cli", "--version"], cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"spinglass_nn {sg.__version__}\n"


def test_quickstart_is_the_quick_scale(spinglass, pretended):
    assert spinglass("quickstart").status == 0
    assert spinglass("quickstart", "--out", "there", "--threads", 3).status == 0
    first, second = pretended
    assert first["name"] == "liao2024"
    assert first["settings"] == {"scale": "quick"}
    assert (first["folder"], first["n_threads"]) == ("quickstart", None)
    assert (second["folder"], second["n_threads"]) == ("there", 3)


def test_run_hands_on_what_was_set(spinglass, pretended):
    assert spinglass("run", "liao2024").status == 0
    arguments = ("--set", "width=8", "--set", "batch_sizes = 8,32 ", "--set", "width=9",
                 "--set", "data_dir=a=b")  # fmt: skip
    assert spinglass("run", "liao2024", *arguments, "--out", "there").status == 0
    first, second = pretended
    assert (first["folder"], first["settings"]) == ("liao2024", {})
    assert second["folder"] == "there"
    assert second["settings"] == {"width": "9", "batch_sizes": "8,32", "data_dir": "a=b"}


def test_output_is_the_verdicts_and_the_path(spinglass, pretended, tiny_run):
    status, out, err = spinglass("quickstart")
    assert status == 0
    *claims, last = out.splitlines()
    assert last == f"report: {tiny_run.store.folder / 'report.html'}"
    assert len(claims) == len(tiny_run.claims)
    for line, claim in zip(claims, tiny_run.claims, strict=True):
        assert line.startswith(claim.identifier)
        assert claim.verdict in line
        assert claim.statement in line
    assert err == "[1/5] something\n"


def test_quiet_is_the_path_alone(spinglass, pretended, tiny_run):
    _, out, err = spinglass("run", "liao2024", "--quiet")
    assert out == f"report: {tiny_run.store.folder / 'report.html'}\n"
    assert err == ""


def test_log_lines_come_once_and_leave_no_trace(spinglass, pretended):
    logger = logging.getLogger("spinglass_nn")
    before = (list(logger.handlers), logger.level)
    for _ in range(2):
        assert spinglass("quickstart").err == "[1/5] something\n"
    assert (list(logger.handlers), logger.level) == before


def test_bars_are_for_terminals(spinglass, pretended, monkeypatch):
    spinglass("quickstart")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    spinglass("quickstart", "--quiet")

    class Terminal:
        def isatty(self):
            return True

        def write(self, text):
            return len(text)

        def flush(self):
            pass

    monkeypatch.setattr(sys, "stderr", Terminal())
    assert cli.main(["quickstart"]) == 0
    assert [call["progress"] for call in pretended] == [False, False, True]


def test_parameters_lists_everything_with_defaults_and_origins(spinglass):
    status, out, err = spinglass("parameters", "liao2024")
    assert (status, err) == (0, "")
    recipe = studies.find_recipe("liao2024")
    assert recipe.title in out
    flat = " ".join(out.split())
    for name, (meaning, basis) in recipe.notes.items():
        assert re.search(rf"^{name} =", out, re.MULTILINE)
        assert meaning in flat
        assert basis in flat
    assert "sweep_learning_rates = 0.025,0.05,0.1 (quick: 0.025,0.1)" in out
    assert max(map(len, out.splitlines())) <= 100


def test_defaults_as_listed_are_accepted(spinglass):
    _, out, _ = spinglass("parameters", "liao2024")
    recipe = studies.find_recipe("liao2024")
    pairs = re.findall(r"^(\w+) =(?: (\S+))?", out.split("\n\n")[2], re.MULTILINE)
    assert len(pairs) == len(recipe.notes)
    assert studies.resolve_parameters(recipe, dict(pairs)) == recipe.parameters()


def test_reader_that_leaves_early_is_no_error(tmp_path):
    """As in ``spinglass-nn parameters liao2024 | head -1``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "spinglass_nn.cli", "parameters", "liao2024"], cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=120) == 0


def test_compare_says_which_verdicts_stand(monkeypatch, spinglass, tiny_run):
    def run(folder):
        seed = int(folder)
        claims = list(tiny_run.claims)
        claims[1] = replace(claims[1], verdict=("supported", "not supported")[seed])
        parameters = msgspec.structs.replace(tiny_run.parameters, seed=seed)
        return replace(tiny_run, parameters=parameters, claims=claims)

    monkeypatch.setattr(studies, "open_study", run, raising=False)
    status, out, err = spinglass("compare", "0", "1")
    assert (status, err) == (0, "")
    n = len(tiny_run.claims)
    first, *_, last = out.splitlines()
    assert first == "liao2024, seeds 0, 1"
    assert last == f"{n - 1} of {n} verdicts are the same under all seeds"
    name = tiny_run.claims[1].identifier
    assert f"\n{name}: cannot tell here (supported; not supported)\n" in out
    status, out, err = spinglass("compare", "0", "0")
    assert (status, out) == (2, "")
    assert "runs must have different seeds" in err
