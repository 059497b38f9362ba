"""Errors: one sentence on standard error, exit status 2, nothing half-written."""

from __future__ import annotations

import errno
import os
import re

import numpy as np
import pytest

from spinglass_nn import reports, studies


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [],
            "spinglass-nn: the following arguments are required: COMMAND; see 'spinglass-nn --h",
        ),
        (["quikstart"], "spinglass-nn: argument COMMAND: invalid choice: 'quikstart'"),
        (["run"], "spinglass-nn run: the following arguments are required: STUDY; see"),
        (["run", "liao2025"], "liao2024, got 'liao2025'; did you mean"),
        (["parameters", "liao"], "liao2024, got 'liao'; did you mean"),
        (
            ["run", "liao2024", "--set", "width"],
            "--set must be given as KEY=VALUE, got 'width'",
        ),
        (["run", "liao2024", "--set", "=8"], "--set must be given as KEY=VALUE, got '=8'"),
        (
            ["run", "liao2024", "--set", "widthx=8"],
            "'widthx' is not a parameter of liao2024; did",
        ),
        (
            ["run", "liao2024", "--set", "width=x"],
            "spinglass-nn: width must be an integer, got",
        ),
        (["run", "liao2024", "--threads", "0"], "--threads: must be an integer of at least 1"),
        (
            ["run", "liao2024", "--threads", "two"],
            "at least 1, got 'two'; see 'spinglass-nn run",
        ),
        (["quickstart", "--set", "width=8"], "unrecognized arguments: --set width=8"),
        (["report"], "spinglass-nn report: the following arguments are required: DIR"),
        (["report", "nowhere"], "nowhere must be the folder of a study, it has no study.json"),
        (["report", ".", "--figures", "gif"], "argument --figures: invalid choice: 'gif'"),
        (
            ["run", "liao2024", "--set", "data=mnist"],
            "data_dir must name the folder or file of",
        ),
        (
            ["run", "liao2024", "--set", "data_dir=gone"],
            "data_dir must be a folder of IDX files",
        ),
    ],
)
def test_one_sentence_and_no_folder(assert_refused, tmp_path, arguments, message):
    assert message in assert_refused(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_threads_in_the_environment_are_checked(
    assert_refused, as_typed, monkeypatch, tmp_path
):
    monkeypatch.setenv("SPINGLASS_NN_THREADS", "many")
    message = assert_refused("run", "liao2024", *as_typed)
    assert "SPINGLASS_NN_THREADS must be an integer, got 'many'" in message
    assert list(tmp_path.iterdir()) == []


def test_training_that_diverges(assert_refused, as_typed, tmp_path):
    message = assert_refused("run", "liao2024", *as_typed, "--set", "learning_rate=1e4")
    assert "training the solutions: learning_rate must keep training finite" in message
    # the folder is free for better parameters
    assert list((tmp_path / "liao2024" / "tasks").iterdir()) == []


def test_folder_of_another_study(assert_refused, as_typed, tiny_run):
    folder = tiny_run.store.folder
    before = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    message = assert_refused("run", "liao2024", *as_typed, "--set", "width=9", "--out", folder)
    assert "other parameters: width (8 there, 9 here); choose another folder" in message
    assert {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()} == before


def test_folder_with_other_files(assert_refused, as_typed, tmp_path):
    (tmp_path / "thesis.tex").write_text("x", encoding="utf-8")
    message = assert_refused("run", "liao2024", *as_typed, "--out", tmp_path)
    assert "must be new or empty" in message
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.tex"]


def test_folder_that_may_not_be_written(assert_refused, as_typed, monkeypatch, tmp_path):
    """By a patch, since root may write everywhere."""

    def refuse(path, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    message = assert_refused("run", "liao2024", *as_typed, "--out", "locked")
    assert message.startswith("spinglass-nn: locked: Permission denied")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_folder_that_may_really_not_be_written(assert_refused, as_typed, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    message = assert_refused("run", "liao2024", *as_typed, "--out", "locked/study")
    assert "Permission denied" in message


@pytest.mark.parametrize("writes", [0, 3, 9])
def test_full_disk_keeps_what_was_finished(
    assert_refused, spinglass, as_typed, tiny_run, without_claims, monkeypatch, tmp_path, writes
):
    sync, left = os.fsync, [writes]

    def full(fd):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(fd)

    monkeypatch.setattr("spinglass_nn.reports.write_study", lambda run: "page", raising=False)
    command = ("run", "liao2024", *as_typed, "--out", "study")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        message = assert_refused(*command)
    expected = r"spinglass-nn: study/.*: No space left on device; what was finished is kept"
    assert re.fullmatch(expected, message)
    assert not list(tmp_path.rglob("*.partial"))
    kept = {f: f.stat().st_mtime_ns for f in (tmp_path / "study").glob("tasks/*.npz")}
    assert kept or not writes
    assert spinglass(*command, "--quiet").status == 0
    for name in ("solutions", "walks", "interpolation", "hierarchy", "flatness"):
        mine = tmp_path / "study" / "tasks" / f"{name}.npz"
        assert kept.get(mine, mine.stat().st_mtime_ns) == mine.stat().st_mtime_ns
        theirs = tiny_run.store.folder / "tasks" / f"{name}.npz"
        with np.load(mine) as a, np.load(theirs) as b:
            assert all(a[key].tobytes() == b[key].tobytes() for key in b.files)


def test_damaged_result_says_what_to_do(assert_refused, tiny_run, tmp_path):
    import shutil

    folder = shutil.copytree(tiny_run.store.folder, tmp_path / "copy")
    (folder / "tasks" / "flatness.npz").write_bytes(b"PK")
    message = assert_refused("report", folder)
    assert "flatness.npz must be a whole .npz file" in message
    assert message.endswith("delete it and run the study again")
    (folder / "tasks" / "flatness.npz").unlink()
    message = assert_refused("report", folder)
    assert "must be finished first (missing: training over batch sizes and rates)" in message


@pytest.mark.parametrize("where", ["study", "report"])
def test_interrupt_is_one_line(spinglass, monkeypatch, tiny_run, where):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(
        studies, "run_study", interrupt if where == "study" else lambda *a, **k: tiny_run,
        raising=False,
    )  # fmt: skip
    monkeypatch.setattr(reports, "write_study", interrupt, raising=False)
    status, out, err = spinglass("quickstart")
    assert (status, out) == (130, "")
    assert err == "spinglass-nn: interrupted; the same command goes on where it stopped\n"


@pytest.mark.parametrize("absolute", [True, False])
def test_folder_may_be_relative_or_absolute(
    spinglass, monkeypatch, as_typed, without_claims, tmp_path, absolute
):
    monkeypatch.setattr(
        reports, "write_study", lambda run: (run.store.folder / "r").resolve(), raising=False
    )
    folder = tmp_path / "a" / "b"
    arguments = ["--out", str(folder) if absolute else "a/b", "-q"]
    assert spinglass("run", "liao2024", *as_typed, *arguments) == (
        0,
        f"report: {folder}/r\n",
        "",
    )
    assert (folder / "claims.json").exists()
