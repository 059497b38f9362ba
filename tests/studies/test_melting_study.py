"""The study barney2024 from images to claims, at a size of seconds."""

from __future__ import annotations

import json
import math
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
from spinglass_nn.spins import instability
from spinglass_nn.studies.recipes.barney2024 import lazy, parameters, removal, training

ROOT = Path(__file__).resolve().parents[2]
RECIPE = studies.find_recipe("barney2024")
TASKS = [task.name for task in RECIPE.tasks]
CLAIMS = {"A-1", "A-2", "A-3", "A-6", "A-L"} | {
    f"A-{name} ({kind})"
    for name in ("4", "5", "5s", "7", "8", "9")
    for kind in ("binarised", "ReLU")
}


def resolve(**settings):
    return studies.resolve_parameters(RECIPE, settings)


def test_folder_holds_every_task_and_claims_are_whole(melting_run):
    folder = melting_run.store.folder
    assert {f.name for f in (folder / "tasks").iterdir()} == {f"{name}.npz" for name in TASKS}
    assert len({task.number for task in RECIPE.tasks}) == len(TASKS)
    assert {claim.identifier for claim in melting_run.claims} == CLAIMS
    for claim in melting_run.claims:
        for field in ("statement", "source", "statistic", "control", "reason"):
            assert getattr(claim, field).strip()
    rows = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    assert [row["identifier"] for row in rows] == [c.identifier for c in melting_run.claims]


def test_opened_study_decides_the_same(melting_run):
    opened = studies.open_study(melting_run.store.folder)
    assert [c.verdict for c in opened.claims] == [c.verdict for c in melting_run.claims]


@pytest.mark.parametrize("kind", ["binarised", "relu"])
def test_snapshots_are_read_as_spins(melting_run, kind):
    run = melting_run.results[kind]
    assert run.steps[0] == 0
    assert {0, run.early_step, int(run.steps[-1])} <= set(run.kept.steps.tolist())
    assert (run.moved[:, 0] == 0).all()
    assert (np.diff(run.moved[:, [0, -1]], axis=1) > 0).all()
    for place, step in enumerate(run.kept.steps):
        found = instability.find(run.kept_model(1, place))
        here = int(np.flatnonzero(run.steps == step)[0])
        assert found.temperature == run.readings.temperature[1, here]
        assert found.minimum == run.readings.minimum[1, here]
    net = run.network
    assert not net.bias
    assert net.activation == parameters.KINDS[kind]
    start = net.layers(run.kept.weights[:, 0])[0].weight
    variance = getattr(melting_run.parameters, f"{kind}_variance") / net.n_inputs
    n = start.size
    assert abs(start.var() / variance - 1) < 4 * math.sqrt(2 / n)


def test_snapshots_of_the_first_epoch_and_of_the_shares():
    p = resolve(n_epochs=10, n_snapshots=8, first_epoch_every=3, kept_shares="0.5,1")
    kept, early = training.kept_steps(p, 20)
    assert kept.tolist() == [0, 10, 100, 200]
    assert early == 10
    steps = training.snapshot_steps(p, 20)
    assert set(range(0, 20, 3)) | {0, 10, 100, 200} <= set(steps)
    assert steps == sorted(set(steps))


def test_modes_are_those_of_the_bond_matrix():
    rng = np.random.default_rng(2)
    model = sg.spins.LayeredIsing.from_weights(
        [rng.standard_normal((5, 7)), rng.standard_normal((4, 5)), rng.standard_normal((3, 4))]
    )
    couplings = np.zeros((19, 19))
    couplings[7:12, :7], couplings[12:16, 7:12], couplings[16:, 12:16] = model.weights
    couplings += couplings.T
    values, vectors = removal.modes(model)
    expected = np.sort(np.linalg.eigvalsh(couplings))[::-1][: values.size]
    np.testing.assert_allclose(values, expected, atol=1e-12)
    np.testing.assert_allclose(vectors @ couplings, values[:, None] * vectors, atol=1e-12)
    np.testing.assert_allclose((vectors**2).sum(axis=1), 1)
    parts = np.split(vectors[0], [7, 12, 16])
    left = removal.without(model.weights, values[0], parts)
    mirror = vectors[0] * np.repeat([1, -1, 1, -1], [7, 5, 4, 3])
    whole = couplings - values[0] * (
        np.outer(vectors[0], vectors[0]) - np.outer(mirror, mirror)
    )
    np.testing.assert_allclose(left[1], whole[12:16, 7:12], atol=1e-12)


@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
def test_lazy_targets_give_the_steps_of_a_scaled_network(small_data, scale):
    """One step of alpha (f - f_0) at rate / alpha^2, written out, is one step towards targets."""
    net = sg.networks.MLP((4, 5, 3), bias=False, loss="squared_error")
    start = sg.networks.initialize(net, rng=1)[0]
    data = replace(small_data, test=None)
    outputs = sg.networks.logits(net, start, data)
    targets = lazy.lazy_targets(data, outputs, scale)
    # a little away from the start, so that f - f_0 is not zero
    here = sg.networks.Replica(net, start.weights + 0.1)
    gradient = sg.networks.gradient(net, here, targets)
    hot = np.eye(3)[data.labels]

    def scaled_loss(theta):
        change = sg.networks.logits(net, sg.networks.Replica(net, theta), data) - outputs
        return ((scale * change - hot) ** 2).sum(axis=1).mean() / 2

    steps = 1e-6 * np.eye(net.n_parameters)
    numerical = [
        (scaled_loss(here.weights + e) - scaled_loss(here.weights - e)) / 2e-6 for e in steps
    ]
    np.testing.assert_allclose(np.array(numerical) / scale**2, gradient, rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pixels": "grey"}, "pixels must be one of 'unit', 'signs', got 'grey'"),
        ({"widths": "1"}, r"widths must hold at least 1 layers of 2 units or more, got \(1,\)"),
        ({"glass_widths": "8"}, "glass_widths must hold at least 2 layers"),
        ({"kept_shares": "0.1,0.5"}, "kept_shares must end with 1, the end of training"),
        ({"kept_shares": "0.5,0.1,1"}, "kept_shares must increase"),
        ({"lazy_scales": "1"}, "lazy_scales must hold at least 2 scales to be compared"),
        ({"momentum": "1.5"}, r"momentum must lie in \[0, 1\], got 1\.5"),
        ({"early_share": 0}, "early_share must be positive, got 0"),
        ({"state_temperature": 2}, r"state_temperature must lie in \[0, 1\], got 2"),
        ({"n_replicas": 1}, "n_replicas must be at least 2, got 1"),
        ({"glass_samples": 4}, "glass_samples must be at least 5, got 4"),
        ({"relu_variance": -1}, "relu_variance must be positive, got -1"),
        ({"width": 8}, "'width' is not a parameter of barney2024; did you mean 'widths'"),
        ({"scale": "huge"}, "scale must be one of 'quick', 'standard', 'paper', got 'huge'"),
    ],
)
def test_what_may_not_be_set(settings, message):
    with pytest.raises(ParameterError, match=message):
        resolve(**settings)


def test_every_parameter_has_a_note():
    assert set(RECIPE.notes) == set(RECIPE.parameters.__struct_fields__)
    for scale, values in RECIPE.scales.items():
        assert set(values) <= set(RECIPE.notes)
        assert resolve(scale=scale).scale == scale


def test_pixels_are_in_the_unit_interval_or_signs():
    unit = RECIPE.prepare(resolve(data="digits"))
    assert unit.inputs.min() == 0
    assert unit.inputs.max() == 1
    signs = RECIPE.prepare(resolve(data="digits", pixels="signs"))
    for part in (signs, signs.test):
        assert set(np.unique(part.inputs)) == {-1.0, 1.0}
    assert RECIPE.fingerprint(unit) != RECIPE.fingerprint(signs)


class InterruptAt:
    """A progress callable that presses Ctrl-C in the middle of a part of the study."""

    def __init__(self, words):
        self.words, self.fired = words, False

    def __call__(self, done, total, text):
        if not self.fired and text.startswith(self.words) and 0 < done < total:
            self.fired = True
            raise KeyboardInterrupt


@pytest.mark.parametrize("words", ["reading networks", "training 1 x"])
def test_interrupt_loses_nothing(words, melting_settings, melting_run, tmp_path):
    """Nor does the number of threads matter: the whole run had two."""
    stop, folder = InterruptAt(words), tmp_path / "study"
    with pytest.raises(Interrupted, match="the same command goes on from"):
        studies.run_study("barney2024", folder, melting_settings, progress=stop, n_threads=1)
    assert stop.fired
    studies.run_study("barney2024", folder, melting_settings, n_threads=1)
    assert_same_bits(folder, melting_run.store.folder)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_by_force(melting_settings, melting_run, tmp_path):
    folder = tmp_path / "study"
    sets = [
        f"--set={name}={','.join(map(str, v)) if isinstance(v, tuple) else v}"
        for name, v in melting_settings.items()
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "spinglass_nn.cli", "run", "barney2024", *sets, "--out", str(folder),
         "--threads", "1"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 120
    while not (folder / "tasks" / "binarised.npz").exists() and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    studies.run_study("barney2024", folder, melting_settings, n_threads=1)
    assert_same_bits(folder, melting_run.store.folder)


def assert_same_bits(one, other):
    for name in TASKS:
        left, right = (np.load(folder / "tasks" / f"{name}.npz") for folder in (one, other))
        assert left.files == right.files
        for key in left.files:
            assert left[key].tobytes() == right[key].tobytes(), (name, key)
