"""The main study from images to claims, at a size of seconds."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn import studies
from spinglass_nn.reports.model import VERDICTS

TASKS = tuple(task.name for task in studies.find_recipe("liao2024").tasks)
CLAIMS = {
    *(f"C{n}" for n in (1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 18, 21)),
    *(f"B{n}" for n in range(1, 6)),
    "C3 (independence)", "C4 (H = 2)", "C4 (H = 3)",
    "C13 (predictions)", "C13 (E3)", "C13 (E4)",
    *(f"C{n} (matched {rule})" for n in (15, 16, 17) for rule in ("loss", "epochs")),
}  # fmt: skip


def test_folder_holds_one_file_a_task_and_nothing_else(tiny_run):
    folder = tiny_run.store.folder
    tasks = {f.name for f in (folder / "tasks").iterdir()}
    assert tasks == {f"{name}.npz" for name in TASKS}
    assert {f.name for f in folder.iterdir()} >= {"study.json", "claims.json", "tasks"}
    assert not list(folder.rglob("*.partial"))


def test_manifest_says_what_was_run(tiny_run, tiny_settings):
    manifest = json.loads((tiny_run.store.folder / "study.json").read_text(encoding="utf-8"))
    assert manifest["study"] == "liao2024"
    assert manifest["package_version"] == sg.__version__
    for name, value in tiny_settings.items():
        expected = list(value) if isinstance(value, tuple) else value
        assert manifest["parameters"][name] == expected
    assert manifest["parameters"].keys() == set(tiny_run.recipe.notes)


def test_saved_results_are_those_returned(tiny_run):
    for name in TASKS:
        loaded = sg.load(tiny_run.store.folder / "tasks" / f"{name}.npz")
        assert type(loaded) is type(tiny_run.results[name])
    walks = sg.load(tiny_run.store.folder / "tasks" / "walks.npz")
    np.testing.assert_array_equal(walks.loss, tiny_run.results["walks"].loss)


def test_every_claim_is_decided_in_full(tiny_run):
    assert {c.identifier for c in tiny_run.claims} == CLAIMS
    for claim in tiny_run.claims:
        for field in ("statement", "source", "statistic", "control", "reason"):
            assert getattr(claim, field).strip(), (claim.identifier, field)
        assert claim.protocol in {*"abcd", "setting"}
        assert claim.verdict in VERDICTS
        assert (claim.value is None) == (claim.protocol == "setting")


def test_exact_copies_are_exact(tiny_run):
    claim = next(c for c in tiny_run.claims if c.identifier == "C8")
    assert claim.verdict == "supported"
    assert claim.value.mean < 1e-12


def test_claims_on_disk_are_those_returned_and_plain_json(tiny_run):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    text = (tiny_run.store.folder / "claims.json").read_text(encoding="utf-8")
    rows = json.loads(text, parse_constant=refuse)
    assert [row["identifier"] for row in rows] == [c.identifier for c in tiny_run.claims]
    for row, claim in zip(rows, tiny_run.claims, strict=True):
        assert row["verdict"] == claim.verdict
        if claim.value is None:
            assert row["value"] is None
            continue
        mean = row["value"]["mean"]
        assert mean == claim.value.mean or (mean is None and math.isnan(claim.value.mean))


def test_opened_study_is_the_one_that_ran(tiny_run, without_claims):
    opened = studies.open_study(tiny_run.store.folder)
    assert opened.parameters == tiny_run.parameters
    assert opened.results.keys() == tiny_run.results.keys()
    np.testing.assert_array_equal(
        opened.results["measures"].mean, tiny_run.results["measures"].mean
    )
    np.testing.assert_array_equal(opened.shared.inputs, tiny_run.shared.inputs)


def test_claims_of_an_opened_study_are_the_same(tiny_run):
    claims = tiny_run.recipe.claims(tiny_run.parameters, tiny_run.shared, tiny_run.results)
    assert list(map(repr, claims)) == list(map(repr, tiny_run.claims))


def test_one_thread_gives_the_same_bits(
    tiny_run, tiny_settings, without_claims, assert_same_results, tmp_path
):
    studies.run_study("liao2024", tmp_path / "one", tiny_settings, n_threads=1)
    assert_same_results(tmp_path / "one", tiny_run.store.folder)


def test_parameters_as_text_give_the_same_study(tiny_run, tiny_settings):
    typed = {
        name: ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in tiny_settings.items()
    }
    assert studies.resolve_parameters(tiny_run.recipe, typed) == tiny_run.parameters


def test_finished_study_runs_nothing_again(tiny_run, tiny_settings, without_claims, tmp_path):
    folder = tiny_run.store.folder
    before = {f: f.stat().st_mtime_ns for f in (folder / "tasks").iterdir()}
    again = studies.run_study("liao2024", folder, tiny_settings)
    assert {f: f.stat().st_mtime_ns for f in (folder / "tasks").iterdir()} == before
    assert again.results.keys() == tiny_run.results.keys()


def test_sweep_that_misses_its_loss_decides_nothing(tiny_run, tiny_settings, tmp_path):
    """Claims at matched loss are open, and the report says why."""
    from spinglass_nn.reports.liao2024 import text

    run = studies.run_study(
        "liao2024",
        tmp_path / "s",
        tiny_settings | {"sweep_max_epochs": 1, "batch_sizes": "8,64"},
    )
    sweep = run.results["flatness"]
    assert not sweep.reached[0].all()
    assert sweep.reached[1].all()
    verdicts = {c.identifier: c.verdict for c in run.claims}
    assert verdicts["C16 (matched loss)"] == "cannot tell here"
    assert any("did not reach" in warning for warning in text._warnings(run))
    assert not any("did not reach" in warning for warning in text._warnings(tiny_run))


def test_batches_larger_than_the_data_are_all_of_the_data(
    tiny_settings, without_claims, tmp_path
):
    small = tiny_settings | {"n_train": 40, "batch_sizes": "8,64", "n_test": 40}
    run = studies.run_study("liao2024", tmp_path / "s", small)
    assert run.results["flatness"].batch_sizes.tolist() == [8, 40]
    assert run.results["solutions"].history.train_loss.shape[0] == 6


def easy_data(path):
    """Two clouds so far apart that every network tells them from each other."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    X = np.where(y[:, None] == 1, 4.0, -4.0) + rng.standard_normal((200, 5)) * 0.3
    np.savez(path, X=X[:150], y=y[:150], X_test=X[150:], y_test=y[150:])


@pytest.fixture(scope="module")
def easy_run(tiny_settings, tmp_path_factory):
    """Own data on which all solutions are perfect: nothing varies that could be ranked."""
    folder = tmp_path_factory.mktemp("easy")
    easy_data(folder / "easy.npz")
    settings = tiny_settings | {
        "data": "npz", "data_dir": str(folder / "easy.npz"), "n_train": 100, "n_test": 40,
        "stop_at_loss": 0.1, "sweep_stop_at_loss": 0.3, "batch_sizes": (8, 32),
    }  # fmt: skip
    return studies.run_study("liao2024", folder / "study", settings)


def test_own_data_are_cut_to_the_sizes_asked_for(easy_run):
    assert easy_run.shared.n_samples == 100
    assert easy_run.shared.test.n_samples == 40
    assert easy_run.shared.n_classes == 2


def test_what_does_not_vary_is_not_decided(easy_run):
    """All accuracies equal: no rank correlation, no tree of predictions, and no crash."""
    verdicts = {c.identifier: c for c in easy_run.claims}
    assert easy_run.results["flatness"].test_accuracy.min() == 1
    claim = verdicts["C15 (matched loss)"]
    assert claim.verdict == "cannot tell here"
    assert math.isnan(claim.value.mean)
    branches = easy_run.results["hierarchy"].branches
    assert ("independent", "disagreement") not in {
        (b.ensemble, b.distances.kind) for b in branches
    }
    assert verdicts["C13 (predictions)"].verdict == "cannot tell here"
    text = (easy_run.store.folder / "claims.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "null" in text


def test_report_of_what_does_not_vary(easy_run, monkeypatch):
    from spinglass_nn import plotting, reports

    monkeypatch.setattr(plotting, "svg", lambda figure: '<svg viewBox="0 0 1 1"></svg>')
    page = reports.render(reports.study_report(easy_run))
    assert "no tree of predictions" in page
