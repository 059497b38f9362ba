"""Interrupted anywhere, by Ctrl-C or by force, a study goes on to the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from spinglass_nn import studies
from spinglass_nn.errors import Interrupted

ROOT = Path(__file__).resolve().parents[2]
TASKS = [task.name for task in studies.find_recipe("liao2024").tasks]


class InterruptAt:
    """A progress callable that presses Ctrl-C in the middle of a part of the study."""

    def __init__(self, words, after=""):
        self.words, self.after, self.seen, self.fired = words, after, not after, False

    def __call__(self, done, total, text):
        self.seen = self.seen or text.startswith(self.after)
        if self.seen and not self.fired and text.startswith(self.words) and 0 < done < total:
            self.fired = True
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("words", "after", "running"),
    [
        ("training 6 x", "", "solutions"),
        ("training 12 x", "", "solutions"),
        ("random walks", "", "walks"),
        ("paths to copies", "", "interpolation"),
        ("training 3 x", "paths to copies", "widths"),
        ("elastic bands", "", "connections"),
        ("lines between", "", "regions"),
        ("training 2 x", "lines between", "ensembles"),
        ("reference models", "", "glasses"),
        ("training 6 x", "reference", "disorder"),
        ("distances", "", "hierarchy"),
        ("training 3 x", "distances", "flatness"),
        ("sharpness", "", "measures"),
        ("walks for ruggedness", "", "rugged"),
        ("sharpness against width", "", "width_flatness"),
        ("thermal walks", "", "moves"),
        ("walks from checkpoints", "", "aging"),
    ],
)
@pytest.mark.parametrize("n_threads", [2])
def test_interrupt_loses_nothing(
    words, after, running, n_threads,
    tiny_run, tiny_settings, without_claims, assert_same_results, tmp_path,
):  # fmt: skip
    folder = tmp_path / "study"
    stop = InterruptAt(words, after)
    with pytest.raises(Interrupted, match="the same command goes on from"):
        studies.run_study("liao2024", folder, tiny_settings, progress=stop, n_threads=n_threads)
    assert stop.fired
    done = {f.stem: f.stat().st_mtime_ns for f in sorted((folder / "tasks").glob("*.npz"))
            if "checkpoint" not in f.name}  # fmt: skip
    assert list(done) == sorted(TASKS[: TASKS.index(running)])
    studies.run_study("liao2024", folder, tiny_settings, n_threads=n_threads)
    for name, then in done.items():
        assert (folder / "tasks" / f"{name}.npz").stat().st_mtime_ns == then
    assert_same_results(folder, tiny_run.store.folder)


def command(folder, settings):
    sets = [
        f"--set={name}={','.join(map(str, v)) if isinstance(v, tuple) else v}"
        for name, v in settings.items()
    ]
    return [sys.executable, "-m", "spinglass_nn.cli", "run", "liao2024", *sets,
            "--out", str(folder), "--threads", "1"]  # fmt: skip


def stopped_by(signal_number, folder, settings, sign="solutions.npz"):
    """Run the command line and stop it as soon as a file of its tasks is there."""
    process = subprocess.Popen(
        command(folder, settings), cwd=folder.parent, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 120
    while not list((folder / "tasks").glob(sign)) and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)
    process.send_signal(signal_number)
    said, complained = process.communicate(timeout=60)
    return process.returncode, said, complained


# so long that the signal comes in the middle
LONG = {"walk_steps": 60, "walk_records": 30}


@pytest.fixture(scope="module")
def long_folder(tiny_settings, tmp_path_factory):
    """The study with long walks, not interrupted."""
    recipe = replace(studies.find_recipe("liao2024"), claims=lambda *_: [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spinglass_nn.studies.study.known_recipes", lambda: {recipe.name: recipe})
        folder = tmp_path_factory.mktemp("long") / "study"
        studies.run_study("liao2024", folder, tiny_settings | LONG)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_by_force(
    long_folder, tiny_settings, without_claims, assert_same_results, tmp_path
):
    status, said, _ = stopped_by(signal.SIGKILL, tmp_path / "study", tiny_settings | LONG)
    assert status == -signal.SIGKILL
    assert said == ""
    # what a write under way would leave, and a kill just after a result was saved
    (tmp_path / "study" / "tasks" / "walks.npz.4711.partial").write_bytes(b"PK")
    (tmp_path / "study" / "tasks" / "solutions.independent.checkpoint.npz").write_bytes(b"PK")
    studies.run_study("liao2024", tmp_path / "study", tiny_settings | LONG)
    assert_same_results(tmp_path / "study", long_folder)
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_again_and_again(
    tiny_run, tiny_settings, without_claims, assert_same_results, tmp_path
):
    """In the middle of tasks of every kind, each time as a piece of it has been written."""
    folder = tmp_path / "study"
    for name in ("widths", "connections", "disorder", "measures", "width_flatness", "gibbs"):
        status, _, _ = stopped_by(
            signal.SIGKILL, folder, tiny_settings, f"{name}.*checkpoint.npz"
        )
        assert status == -signal.SIGKILL
        assert not (folder / "tasks" / f"{name}.npz").exists()
    studies.run_study("liao2024", folder, tiny_settings)
    assert_same_results(folder, tiny_run.store.folder)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_is_one_line(
    long_folder, tiny_settings, without_claims, assert_same_results, tmp_path
):
    status, said, complained = stopped_by(
        signal.SIGINT, tmp_path / "study", tiny_settings | LONG
    )
    assert status == 130
    assert said == ""
    *progress, last = complained.splitlines()
    assert last.startswith("spinglass-nn: interrupted")
    assert "the same command goes on" in last
    assert progress[0] == f"[1/{len(TASKS)}] training the solutions"
    studies.run_study("liao2024", tmp_path / "study", tiny_settings | LONG)
    assert_same_results(tmp_path / "study", long_folder)
