"""Parameters: what may be set, as values or as text, and what is said where it may not."""

from __future__ import annotations

import numpy as np
import pytest

from spinglass_nn import datasets, studies
from spinglass_nn.errors import DataError, FormatError, ParameterError, StudyError

RECIPE = studies.find_recipe("liao2024")


def resolve(**settings):
    return studies.resolve_parameters(RECIPE, settings)


def test_every_parameter_has_a_note_and_a_default_at_every_scale():
    assert set(RECIPE.notes) == set(RECIPE.parameters.__struct_fields__)
    for meaning, basis in RECIPE.notes.values():
        assert meaning.strip()
        assert basis.strip()
    for scale, values in RECIPE.scales.items():
        assert set(values) <= set(RECIPE.notes)
        assert resolve(scale=scale).scale == scale


def test_scale_gives_way_to_what_is_set():
    assert resolve(scale="quick").width == RECIPE.scales["quick"]["width"]
    assert resolve(scale="quick", width="5").width == 5
    assert resolve().width == RECIPE.parameters().width


@pytest.mark.parametrize("scale", ["quick", "standard"])
def test_colour_images_have_rates_of_their_own(scale):
    """They have four times the inputs; what is set stands all the same."""
    usual, found = resolve(scale=scale), resolve(scale=scale, data="cifar10", data_dir="x")
    assert found.learning_rate == usual.learning_rate / 4
    for name in ("mixed_learning_rates", "sweep_learning_rates"):
        assert getattr(found, name) == tuple(rate / 4 for rate in getattr(usual, name))
    named = resolve(scale=scale, data="cifar10", data_dir="x", learning_rate="0.1")
    assert named.learning_rate == 0.1
    assert named.mixed_learning_rates == found.mixed_learning_rates
    assert resolve(scale=scale, data="mnist", data_dir="x").learning_rate == usual.learning_rate


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("width", "8", 8),
        ("width", "8.0", 8),
        ("width", "1e2", 100),
        ("learning_rate", "0.05", 0.05),
        ("learning_rate", "1", 1.0),
        ("learning_rate", "5e-2", 0.05),
        ("batch_sizes", "8,32", (8, 32)),
        ("batch_sizes", " 8 , 32 ", (8, 32)),
        ("excursions", "1", (1.0,)),
        ("fractions", "0.5,1", (0.5, 1.0)),
        ("seed", "123456789012345678901234567890", 123456789012345678901234567890),
        ("data", "digits", "digits"),
    ],
)
def test_text_as_typed(name, text, value):
    found = getattr(resolve(**{name: text}), name)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("batch_sizes", [8, 32], (8, 32)),
        ("batch_sizes", np.array([8, 32]), (8, 32)),
        ("width", np.int64(9), 9),
        ("learning_rate", np.float32(0.5), 0.5),
        ("learning_rate", 1, 1.0),
    ],
)
def test_values_of_python_and_numpy(name, given, value):
    assert getattr(resolve(**{name: given}), name) == value


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"widthx": 3}, r"'widthx' is not a parameter of liao2024; did you mean 'width'"),
        ({"widths": "8"}, r"widths must hold at least 2 widths of 2 units or more, got \(8,\)"),
        ({"batchsize": 3}, "'batchsize' is not a parameter .* 'batch_size'"),
        ({"zzzz": 3}, "'zzzz' is not a parameter of liao2024$"),
        (
            {"scale": "quik"},
            r"scale must be one of 'quick', 'standard', 'paper', got 'quik'; did",
        ),
        ({"width": "abc"}, "width must be an integer, got 'abc'"),
        ({"width": ""}, "width must be an integer, got ''"),
        ({"width": "8.5"}, r"width must be an integer, got '8\.5'"),
        ({"width": "true"}, "width must be an integer, got 'true'"),
        ({"width": True}, "width must be an integer, got True"),
        ({"width": None}, "width must be an integer, got None"),
        ({"width": 1}, "width must be at least 2, got 1"),
        ({"n_solutions": 3}, "n_solutions must be at least 6, got 3"),
        ({"n_train": -1}, "n_train must be at least 0, got -1"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"learning_rate": "fast"}, "learning_rate must be a number, got 'fast'"),
        ({"learning_rate": "nan"}, "learning_rate must be finite, got nan"),
        ({"learning_rate": "inf"}, "learning_rate must be finite, got inf"),
        ({"learning_rate": 0}, "learning_rate must be positive, got 0"),
        ({"batch_sizes": ""}, "batch_sizes must be integers with commas between, got ''"),
        ({"batch_sizes": "8,"}, "batch_sizes must be integers with commas between, got '8,'"),
        ({"batch_sizes": "8;32"}, "batch_sizes must be integers with commas"),
        ({"batch_sizes": ()}, "batch_sizes must not be empty"),
        ({"batch_sizes": "8"}, r"must hold at least 2 sizes to be compared, got \(8,\)"),
        ({"batch_sizes": "32,8"}, r"batch_sizes must increase, got \(32, 8\)"),
        ({"batch_sizes": "0,8"}, "batch_sizes must be positive, got 0"),
        (
            {"fork_epochs": "1.5"},
            r"fork_epochs must be integers with commas between, got '1\.5",
        ),
        ({"fractions": "0.5,2"}, r"fractions must lie in \[0, 1\], got 2"),
        ({"excursions": "0.1,1e9"}, r"excursions must lie in \[0, 1000\], got 1e\+09"),
        (
            {"excursions": "0.1,x"},
            "excursions must be numbers with commas between, got '0.1,x'",
        ),
        ({"flatness_radius": "1e30"}, r"flatness_radius must lie in \[0, 1000\]"),
        ({"data": "imagenet"}, "data must be one of 'fashion-mnist', 'digits'"),
        ({"data": 3}, "data must be text, got 3"),
        ({"initializer": "he"}, "initializer must be one of .*'he_normal'.*got 'he'"),
    ],
)
def test_what_may_not_be_set(settings, message):
    with pytest.raises(ParameterError, match=message):
        resolve(**settings)


def test_unknown_study_points_to_the_nearest():
    with pytest.raises(StudyError, match=r"got 'liao2023'; did you mean 'liao2024'"):
        studies.find_recipe("liao2023")


def test_folder_of_data_is_the_same_from_everywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = str(tmp_path / "here")
    for typed in ("here", "./here", "~/here", expected):
        assert resolve(data_dir=typed).data_dir == expected
    assert resolve(data_dir="").data_dir == ""


@pytest.fixture
def foreign(tmp_path):
    """Files and folders that hold no data, or not what is needed."""
    X, y = np.random.default_rng(0).standard_normal((40, 6)), np.arange(40) % 2
    held_out = {"X_test": X, "y_test": y}
    np.savez(tmp_path / "own.npz", X=X, y=y, **held_out)
    np.savez(tmp_path / "whole.npz", X=X, y=y)
    np.savez(tmp_path / "regression.npz", X=X, y=X[:, 0], X_test=X, y_test=X[:, 0])
    np.savez(tmp_path / "nan.npz", X=np.where(X > 2, np.nan, X), y=y, **held_out)
    np.savez(tmp_path / "labels.npz", X=X, y=y - 1, **held_out)
    np.savez(tmp_path / "constant.npz", X=X * 0, y=y, **held_out)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "own.npz").read_bytes()[:300])
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut").mkdir()
    for part in (
        "train-images-idx3",
        "train-labels-idx1",
        "t10k-images-idx3",
        "t10k-labels-idx1",
    ):
        header = b"\0\0\x08\x03" + b"\0\0\0\x32" + b"\0\0\0\x1c" * 2
        (tmp_path / "cut" / f"{part}-ubyte").write_bytes(header + bytes(99))
    return tmp_path


@pytest.mark.parametrize(
    ("data", "where", "error", "message"),
    [
        (
            "mnist",
            "",
            ParameterError,
            "data_dir must name the folder or file of mnist, got not",
        ),
        (
            "npz",
            "",
            ParameterError,
            "data_dir must name the folder or file of npz, got nothing",
        ),
        ("digits", "empty", ParameterError, "data_dir must be empty for digits"),
        ("npz", "nowhere.npz", ParameterError, r"data_dir must be a \.npz file .*nowhere\.npz"),
        ("npz", "empty", ParameterError, r"data_dir must be a \.npz file for npz, got .*empty"),
        ("npz", "cut.npz", FormatError, r"cut\.npz must be a whole \.npz file"),
        ("npz", "whole.npz", ParameterError, "must have labels and a test part, got <whole"),
        (
            "npz",
            "regression.npz",
            ParameterError,
            "must have labels and a test part, got <regr",
        ),
        ("npz", "nan.npz", DataError, r"nan\.npz: X must be finite, got"),
        ("npz", "labels.npz", DataError, r"labels\.npz: y must hold labels from 0 to 1, got"),
        ("npz", "constant.npz", DataError, "inputs must vary to be standardised"),
        *[
            (data, "nowhere", DataError, "must be a folder .*nowhere")
            for data in ("fashion-mnist", "mnist", "emnist", "cifar10", "cifar100")
        ],
        *[
            (data, "empty", DataError, "must hold .* found neither")
            for data in ("fashion-mnist", "mnist", "emnist", "cifar10", "cifar100")
        ],
        ("mnist", "cut", FormatError, "must hold 39200 bytes of values as its header says"),
        ("cifar10", "own.npz", FormatError, "must be a whole tar archive"),
    ],
)
def test_data_that_cannot_be_used_leave_no_folder(
    foreign, tiny_settings, data, where, error, message
):
    folder = foreign / "study"
    named = str(foreign / where) if where else ""
    settings = tiny_settings | {"data": data, "data_dir": named, "n_train": 0, "n_test": 0}
    with pytest.raises(error, match=message):
        studies.run_study("liao2024", folder, settings)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_train": 9999}, "n_train must be at most 1437, got 9999"),
        ({"n_test": 9999}, "n_test must be at most 360, got 9999"),
        ({"n_train": 20}, r"batch_sizes must differ when cut to the 20 training samples, got"),
        ({"stop_at_loss": 3}, r"stop_at_loss must lie below 2\.3 nats, the loss of guessing"),
        ({"sweep_stop_at_loss": 2.4}, r"sweep_stop_at_loss must lie below 2\.3 nats"),
    ],
)
def test_sizes_that_the_data_do_not_allow_leave_no_folder(
    tiny_settings, tmp_path, settings, message
):
    with pytest.raises(ParameterError, match=message):
        studies.run_study("liao2024", tmp_path / "study", tiny_settings | settings)
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_train": 41}, "n_train must be at most 40, got 41"),
        ({"n_test": 41}, "n_test must be at most 40, got 41"),
    ],
)
def test_sizes_that_own_data_do_not_allow(foreign, settings, message):
    parameters = resolve(data="npz", data_dir=str(foreign / "own.npz"), **settings)
    with pytest.raises(ParameterError, match=message):
        RECIPE.prepare(parameters)


def test_threads_are_checked_before_the_folder_is_made(tiny_settings, tmp_path):
    with pytest.raises(ParameterError, match="n_threads must be at least 1, got 0"):
        studies.run_study("liao2024", tmp_path / "study", tiny_settings, n_threads=0)
    assert not (tmp_path / "study").exists()


def test_probe_is_a_fixed_part_of_the_training_data():
    from spinglass_nn.studies.recipes.liao2024.parameters import probe

    parameters = resolve(data="digits", n_probe=50)
    data = RECIPE.prepare(parameters)
    chosen = probe(parameters, data)
    assert chosen.n_samples == 50
    assert chosen.test is None
    assert np.bincount(chosen.labels).tolist() == [5] * 10
    assert probe(parameters, data, test=True).test is data.test
    np.testing.assert_array_equal(chosen.inputs, probe(parameters, data).inputs)
    rows = {row.tobytes() for row in data.inputs}
    assert all(row.tobytes() in rows for row in chosen.inputs)
    everything = probe(resolve(data="digits", n_probe=99999), data)
    assert everything.n_samples == data.n_samples


def test_digest_tells_data_sets_apart():
    data = RECIPE.prepare(resolve(data="digits"))
    again = RECIPE.prepare(resolve(data="digits"))
    fewer = RECIPE.prepare(resolve(data="digits", n_test=300, batch_sizes="8,32"))
    assert RECIPE.fingerprint(data) == RECIPE.fingerprint(again)
    assert RECIPE.fingerprint(data) != RECIPE.fingerprint(fewer)
    relabelled = datasets.random_labels(data, 0.01, rng=1)
    assert RECIPE.fingerprint(data) != RECIPE.fingerprint(relabelled)
