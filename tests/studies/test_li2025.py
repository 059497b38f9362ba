"""The study of Q(T) from images to claims, at a size of seconds; its parameters and parts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import spinglass_nn as sg
from spinglass_nn import studies
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.reports.model import VERDICTS
from spinglass_nn.studies.recipes.li2025 import backdoor as backdoor_task
from spinglass_nn.studies.recipes.li2025 import matched
from spinglass_nn.studies.recipes.li2025.relations import related

ROOT = Path(__file__).resolve().parents[2]
RECIPE = studies.find_recipe("li2025")
TASKS = [task.name for task in RECIPE.tasks]
NAMES = {
    "B-1", "B-1 (T/T_c)", "B-1 (rotated)", "B-1 (rotated, T/T_c)", "B-2", "B-2 (T/T_c)",
    "B-3 labels", "B-3 labels (T/T_c)", "B-4", "B-4 (T/T_c)", "B-5 hot", "B-5 cold",
} | {
    f"B-3 {name}{suffix}" for suffix in ("", " (beyond)")
    for name in ("fitting", "capacity", "generalisation", "robustness")
}  # fmt: skip


# the whole study, small


def assert_same_files(one, other):
    for name in TASKS:
        with (
            np.load(one / "tasks" / f"{name}.npz") as a,
            np.load(other / "tasks" / f"{name}.npz") as b,
        ):
            assert a.files == b.files, name
            for part in a.files:
                assert a[part].tobytes() == b[part].tobytes(), (name, part)


def test_folder_and_results(tiny_li, tiny_li_settings):
    folder = tiny_li.store.folder
    assert {f.name for f in (folder / "tasks").iterdir()} == {f"{n}.npz" for n in TASKS}
    manifest = json.loads((folder / "study.json").read_text(encoding="utf-8"))
    assert manifest["study"] == "li2025"
    assert manifest["parameters"].keys() == set(RECIPE.notes)
    curves = tiny_li.results["epochs"]
    assert curves.names == ("epoch 0", "epoch 1", "epoch 4")
    assert curves.overlap.shape == (3, 3, 5)
    assert np.isfinite(tiny_li.results["matched"].curves.train_loss).all()
    assert np.isnan(tiny_li.results["nulls"].test_accuracy).all()
    assert tiny_li.results["widths"].layer_sizes.tolist() == [[64, 4, 2, 10]] * 2
    for name in TASKS:
        assert type(sg.load(folder / "tasks" / f"{name}.npz")) is type(tiny_li.results[name])


def test_every_claim_is_decided_in_full(tiny_li):
    assert {c.identifier for c in tiny_li.claims} == NAMES
    for claim in tiny_li.claims:
        for field in ("statement", "source", "statistic", "control", "reason"):
            assert getattr(claim, field).strip(), (claim.identifier, field)
        assert claim.verdict in VERDICTS
        assert claim.value is not None


def test_networks_of_one_seed_share_their_start(tiny_li):
    """Differences are taken network by network."""
    trained = tiny_li.results["training"]
    assert trained.weights.shape[:2] == (3, 3)
    settings = dict(n_epochs=1, batch_size=32, optimizer=sg.training.SGD(0.02, 0.9), rng=0)
    other = sg.training.train_replicas(
        trained.network, tiny_li.shared, start=trained.at(0), n_replicas=3, **settings
    )
    assert other.replicas.weights.shape == trained.weights[0].shape
    untrained = tiny_li.results["epochs"].critical[0]
    assert np.unique(untrained).size == 3


def test_threads_and_an_opened_study(tiny_li, tiny_li_settings, tmp_path):
    studies.run_study("li2025", tmp_path / "one", tiny_li_settings, n_threads=1)
    assert_same_files(tmp_path / "one", tiny_li.store.folder)
    opened = studies.open_study(tiny_li.store.folder)
    assert list(map(repr, opened.claims)) == list(map(repr, tiny_li.claims))


class InterruptAt:
    """Presses Ctrl-C at the n-th report of progress."""

    def __init__(self, place):
        self.left = place

    def __call__(self, done, total, text):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("place", [3, 60, 150, 300])
def test_interrupted_anywhere(place, tiny_li, tiny_li_settings, tmp_path):
    folder = tmp_path / "study"
    stop = InterruptAt(place)
    with pytest.raises(Interrupted, match="the same command goes on from"):
        studies.run_study("li2025", folder, tiny_li_settings, progress=stop)
    studies.run_study("li2025", folder, tiny_li_settings)
    assert_same_files(folder, tiny_li.store.folder)
    assert {f.name for f in (folder / "tasks").iterdir()} == {f"{n}.npz" for n in TASKS}


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_by_force(tiny_li, tiny_li_settings, tmp_path):
    folder = tmp_path / "study"
    sets = [
        f"--set={name}={','.join(map(str, v)) if isinstance(v, tuple) else v}"
        for name, v in tiny_li_settings.items()
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "spinglass_nn.cli", "run", "li2025", *sets, "--out",
         str(folder), "--threads", "1"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 120
    while not (folder / "tasks" / "epochs.npz").exists() and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait(timeout=60) == -signal.SIGKILL
    studies.run_study("li2025", folder, tiny_li_settings)
    assert_same_files(folder, tiny_li.store.folder)


# parameters


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_seeds": 2}, "n_seeds must be at least 3, got 2"),
        ({"n_replicas": 4}, "n_replicas must be at least 5, got 4"),
        ({"kept_epochs": "5,80"}, "kept_epochs must lie below n_epochs = 60"),
        ({"other_epochs": "80"}, "other_epochs must lie below n_epochs = 60"),
        ({"compared_at": 0.1}, r"compared_at must lie above coldest = 0\.15, got 0\.1"),
        ({"coldest": 0}, "coldest must be positive"),
        ({"widths": "2,8"}, r"widths must be at least 4 units, got \(2, 8\)"),
        ({"widths": "8,4"}, "widths must increase"),
        ({"train_shares": "0.5,2"}, r"train_shares must lie in \[0, 1\], got 2"),
        ({"poisoned_share": 2}, r"poisoned_share must lie in \[0, 1\]"),
        ({"initializer": "he"}, "initializer must be one of"),
        ({"couplings": "row"}, "couplings must be one of .raw., .unit-row., .layer., got"),
        ({"widthx": 3}, "'widthx' is not a parameter of li2025; did you mean 'width'"),
    ],
)
def test_what_may_not_be_set(settings, message):
    with pytest.raises(ParameterError, match=message):
        studies.resolve_parameters(RECIPE, settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"patch": 5}, "patch must be at most 4, half of an image, got 5"),
        ({"target": 10}, "target must be one of 10 classes, got 10"),
        ({"train_shares": "0.001"}, "train_shares must leave 10 samples or more, got 1"),
    ],
)
def test_what_does_not_go_with_the_data(settings, message):
    parameters = studies.resolve_parameters(RECIPE, {"scale": "quick", **settings})
    with pytest.raises(ParameterError, match=message):
        RECIPE.prepare(parameters)


def test_every_parameter_has_a_note_and_a_default_at_every_scale():
    assert set(RECIPE.notes) == set(RECIPE.parameters.__struct_fields__)
    for scale in RECIPE.scales:
        assert studies.resolve_parameters(RECIPE, {"scale": scale}).scale == scale


# parts


def test_patch_stands_in_the_corner_and_nowhere_else():
    data = sg.datasets.digits(standardize=False)
    made = backdoor_task.with_patch(data, data.inputs[:3], 2).reshape(3, 8, 8)
    assert (made[:, -2:, -2:] == data.inputs.max()).all()
    old = data.inputs[:3].reshape(3, 8, 8)
    np.testing.assert_array_equal(made[:, :-2], old[:, :-2])
    np.testing.assert_array_equal(made[:, -2:, :-2], old[:, -2:, :-2])
    flat = replace(data, image_shape=None)
    np.testing.assert_array_equal(
        backdoor_task.with_patch(flat, data.inputs[:3], 2)[:, :-2], data.inputs[:3, :-2]
    )


def test_poisoned_samples_have_the_target():
    data = sg.datasets.digits(standardize=False)
    p = studies.resolve_parameters(RECIPE, {"scale": "quick", "target": 4})
    made = backdoor_task.poisoned(data, p, np.random.default_rng(1))
    changed = (made.inputs.reshape(-1, 8, 8)[:, -2:, -2:] == data.inputs.max()).all(axis=(1, 2))
    assert changed.sum() == round(0.1 * data.n_samples)
    assert (made.labels[changed] == 4).all()
    np.testing.assert_array_equal(made.labels[~changed], data.labels[~changed])


def test_epochs_are_matched_by_accuracy():
    own = [[0.5, 0.8, 0.9], [0.6, 0.7, 0.7]]
    other = [[0.3, 0.6, 0.79], [0.9, 0.69, 0.8]]
    assert matched.nearest(np.array([own, other])).tolist() == [[1, 2], [2, 1]]


def test_partial_rank_correlation():
    """What a third number explains is taken off; what it does not is kept."""
    rng = np.random.default_rng(1)
    common = rng.standard_normal((6, 12))
    x, y = (common + 0.3 * rng.standard_normal(common.shape) for _ in range(2))
    assert related(x, y).mean > 0.8
    assert abs(related(x, y, (common,)).z()) < 4
    assert related(x, y + x, (common,)).mean > 0.4
    assert related(x, np.exp(x)).mean == pytest.approx(1)
    assert related(x, np.exp(x)).error == 0
    assert np.isnan(related(x, np.ones_like(x)).mean)
