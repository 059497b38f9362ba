"""A study's folder: whose it is, what is damaged, and what that means for the user."""

from __future__ import annotations

import json
import shutil

import pytest

from spinglass_nn import studies
from spinglass_nn.errors import FormatError, StudyError
from spinglass_nn.networks import MLP

PARAMETERS = {"width": 8, "batch_sizes": (8, 32)}


def create(folder, study="liao2024", version=1, data="abc", **parameters):
    return studies.Store.create(folder, study, version, PARAMETERS | parameters, data)


@pytest.fixture
def folder(tmp_path):
    """A study in which one task is done."""
    store = create(tmp_path / "study")
    store.save("first", MLP(sizes=(2, 3, 2)))
    return tmp_path / "study"


@pytest.fixture
def copied(tiny_run, tmp_path):
    """A finished study that may be damaged."""
    return shutil.copytree(tiny_run.store.folder, tmp_path / "copy")


def test_new_and_empty_folders_are_taken(tmp_path):
    assert create(tmp_path / "deep" / "down").folder.is_dir()
    (tmp_path / "empty").mkdir()
    assert (create(tmp_path / "empty").folder / "tasks").is_dir()


def test_the_same_study_is_opened_again(folder):
    store = create(folder)
    assert store.has("first")
    assert not store.has("second")
    assert store.load("first") == MLP(sizes=(2, 3, 2))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"study": "other2020"}, r"holds the study liao2024 \(version 1\), not other2020"),
        ({"version": 2}, r"not liao2024 \(version 2\); choose another folder"),
        ({"width": 9}, r"holds this study with other parameters: width \(8 there, 9 here\)"),
        ({"batch_sizes": (8, 64)}, r"batch_sizes \(\[8, 32\] there, \[8, 64\] here\); choose"),
        ({"new": 1}, r"new \(None there, 1 here\)"),
        ({"data": "def"}, "holds results of other data .* abc there, def here"),
    ],
)
def test_another_study_is_refused_and_kept(folder, other, message):
    before = (folder / "study.json").read_bytes()
    with pytest.raises(StudyError, match=message):
        create(folder, **other)
    assert (folder / "study.json").read_bytes() == before
    assert (folder / "tasks" / "first.npz").exists()


def test_folder_in_which_nothing_was_finished_is_empty(tmp_path):
    """A typing mistake that made the first task fail does not cost the folder."""
    create(tmp_path / "study", width=1000)
    store = create(tmp_path / "study")
    assert store.manifest["parameters"]["width"] == 8
    written = json.loads((tmp_path / "study" / "study.json").read_text(encoding="utf-8"))
    assert written["parameters"]["width"] == 8


def test_a_checkpoint_counts_as_a_result(tmp_path):
    store = create(tmp_path / "study")
    store.checkpoint("first", "run").write_bytes(b"state")
    with pytest.raises(StudyError, match="width"):
        create(tmp_path / "study", width=9)


def test_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("x", encoding="utf-8")
    with pytest.raises(StudyError, match=r"must be new or empty.*holds other files"):
        create(tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.tex"]


def test_file_as_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("x", encoding="utf-8")
    with pytest.raises(StudyError, match=r"must be new or empty.*out is a file"):
        create(tmp_path / "out")


def test_folder_left_by_a_full_disk_is_taken(tmp_path, monkeypatch):
    def full(fd):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left") as caught:
            create(tmp_path / "study")
    assert caught.value.filename == str(tmp_path / "study" / "study.json")
    assert not list((tmp_path / "study").iterdir())
    assert create(tmp_path / "study").manifest["study"] == "liao2024"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b"3", b"{}", b'{"format": "spinglass_nn study"}',
     b'{"format": "other", "study": "liao2024", "version": 1, "parameters": {}}'],
)  # fmt: skip
def test_damaged_manifest_is_named(folder, content):
    (folder / "study.json").write_bytes(content)
    for attempt in (studies.Store.open, create, studies.open_study):
        with pytest.raises(FormatError, match=r"study\.json must be a study's manifest"):
            attempt(folder)
    assert (folder / "study.json").read_bytes() == content


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_folder_without_a_study(tmp_path, name):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(
        StudyError, match=r"must be the folder of a study, it has no study\.json"
    ):
        studies.open_study(tmp_path / name)


@pytest.mark.parametrize("damage", [0, 100, -30])
def test_truncated_result_is_named_with_the_way_out(copied, tiny_settings, damage):
    file = copied / "tasks" / "walks.npz"
    file.write_bytes(file.read_bytes()[:damage])
    with pytest.raises(FormatError, match=r"walks\.npz must be a whole.*delete it and run"):
        studies.open_study(copied)
    with pytest.raises(FormatError, match=r"walks\.npz must be a whole.*delete it and run"):
        studies.run_study("liao2024", copied, tiny_settings)


def test_the_way_out_works(
    copied, tiny_run, tiny_settings, without_claims, assert_same_results
):
    (copied / "tasks" / "hierarchy.npz").unlink()
    with pytest.raises(StudyError, match=r"must be finished first \(missing: hierarchy of sol"):
        studies.open_study(copied)
    studies.run_study("liao2024", copied, tiny_settings)
    assert_same_results(copied, tiny_run.store.folder)


def test_damaged_checkpoint_is_named_with_the_way_out(tiny_settings, tmp_path):
    recipe = studies.find_recipe("liao2024")
    store = studies.Store.create(tmp_path / "s", recipe.name, recipe.version, {}, "")
    checkpoint = store.checkpoint("solutions", "independent")
    checkpoint.write_bytes(b"PK\x03\x04 not a whole file")
    store.manifest["parameters"] = None  # replaced below by what the study writes
    parameters = studies.resolve_parameters(recipe, tiny_settings)
    from spinglass_nn.studies.engines import run_tasks

    with pytest.raises(FormatError, match=r"independent\.checkpoint\.npz.*delete it and run"):
        run_tasks(
            recipe.tasks,
            store,
            parameters=parameters,
            shared=recipe.prepare(parameters),
            seed=0,
        )


def test_errors_of_a_task_say_where(tiny_settings, tmp_path):
    from spinglass_nn.errors import ParameterError

    with pytest.raises(ParameterError, match="training the solutions: learning_rate must keep"):
        studies.run_study("liao2024", tmp_path / "s", tiny_settings | {"learning_rate": 1e4})
    message = "training over batch sizes and rates: learning_rate must keep training finite"
    with pytest.raises(ParameterError, match=message):
        studies.run_study(
            "liao2024", tmp_path / "s", tiny_settings | {"sweep_learning_rates": (1e4,)}
        )
    assert (tmp_path / "s" / "tasks" / "hierarchy.npz").exists()


def test_manifest_of_another_version_is_not_opened(copied):
    manifest = json.loads((copied / "study.json").read_text(encoding="utf-8"))
    (copied / "study.json").write_text(json.dumps(manifest | {"version": 99}), encoding="utf-8")
    with pytest.raises(StudyError, match="holds version 99 of liao2024, this package knows"):
        studies.open_study(copied)


def test_manifest_with_damaged_parameters_is_named(copied):
    manifest = json.loads((copied / "study.json").read_text(encoding="utf-8"))
    manifest["parameters"]["width"] = "wide"
    (copied / "study.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(FormatError, match=r"study\.json is damaged: width must be an integer"):
        studies.open_study(copied)


def test_data_changed_behind_a_study_are_noticed(tiny_settings, without_claims, tmp_path):
    import numpy as np

    from spinglass_nn import datasets

    digits = datasets.digits(standardize=False)
    file, folder = tmp_path / "own.npz", tmp_path / "study"
    arrays = {"X": digits.inputs, "y": digits.labels,
              "X_test": digits.test.inputs, "y_test": digits.test.labels}  # fmt: skip
    np.savez(file, **arrays)
    settings = tiny_settings | {"data": "npz", "data_dir": str(file)}
    studies.run_study("liao2024", folder, settings)
    np.savez(file, **(arrays | {"y": np.roll(digits.labels, 1)}))
    for attempt in (
        lambda: studies.run_study("liao2024", folder, settings),
        lambda: studies.open_study(folder),
    ):
        with pytest.raises(StudyError, match="holds results of other data"):
            attempt()
