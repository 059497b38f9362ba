"""A study's folder: one file a task, written whole; what is there is not computed again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spinglass_nn._version import __version__
from spinglass_nn.errors import FormatError, StudyError
from spinglass_nn.io.archive import load, save, written_whole
from spinglass_nn.typing import PathType

_MANIFEST = "study.json"
_FORMAT = "spinglass_nn study"


class Store:
    """The folder of one study with one set of parameters.

    Parameters
    ----------
    folder : path
        Where it is.
    manifest : dict
        What `create` wrote: study, version, parameters, versions.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder, self.manifest = folder, manifest

    @classmethod
    def create(
        cls, folder: PathType, study: str, version: int, parameters: Mapping[str, Any]
    ) -> Store:
        """Open a folder for a study: new, empty, or holding the same study already.

        Raises
        ------
        StudyError
            If the folder belongs to another study or other parameters, or holds other files.
        """
        path = Path(folder)
        if (path / _MANIFEST).exists():
            store = cls.open(path)
            store._refuse_other(study, version, parameters)
            return store
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise StudyError(
                f"the output folder must be new or empty, or hold this study; {path} does not"
            )
        (path / "tasks").mkdir(parents=True, exist_ok=True)
        manifest = {
            "format": _FORMAT,
            "study": study,
            "version": version,
            "package_version": __version__,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "parameters": dict(parameters),
        }
        with written_whole(path / _MANIFEST) as file:
            file.write(json.dumps(manifest, indent=2).encode())
        return cls(path, manifest)

    @classmethod
    def open(cls, folder: PathType) -> Store:
        """Open a folder that holds a study.

        Raises
        ------
        StudyError
            If there is no study in it.
        FormatError
            If its manifest is damaged.
        """
        path = Path(folder)
        try:
            manifest = json.loads((path / _MANIFEST).read_bytes())
            if manifest["format"] != _FORMAT:
                raise KeyError("format")
        except (FileNotFoundError, NotADirectoryError):
            raise StudyError(
                f"{path} must be the folder of a study, it has no {_MANIFEST}"
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(
                f"{path / _MANIFEST} must be a study's manifest: {error}"
            ) from error
        return cls(path, manifest)

    def _refuse_other(self, study: str, version: int, parameters: Mapping[str, Any]) -> None:
        found = self.manifest
        if (found["study"], found["version"]) != (study, version):
            raise StudyError(
                f"{self.folder} holds the study {found['study']} (version {found['version']}), "
                f"not {study} (version {version}); choose another folder"
            )
        wanted = json.loads(json.dumps(dict(parameters)))
        differing = [k for k in wanted if found["parameters"].get(k) != wanted[k]]
        if differing:
            listed = ", ".join(
                f"{k} ({found['parameters'].get(k)} there, {wanted[k]} here)" for k in differing
            )
            raise StudyError(
                f"{self.folder} holds this study with other parameters: {listed}; "
                "choose another folder"
            )

    def path(self, task: str) -> Path:
        """The file of a task's result."""
        return self.folder / "tasks" / f"{task}.npz"

    def checkpoint(self, task: str, name: str) -> Path:
        """A file for the state of a long run inside a task."""
        return self.folder / "tasks" / f"{task}.{name}.checkpoint.npz"

    def has(self, task: str) -> bool:
        """Whether a task is done."""
        return self.path(task).exists()

    def load(self, task: str) -> Any:
        """A task's result."""
        return load(self.path(task))

    def save(self, task: str, value: Any) -> None:
        """Keep a task's result; its checkpoints are no longer needed."""
        save(value, self.path(task))
        for leftover in (self.folder / "tasks").glob(f"{task}.*.checkpoint.npz"):
            leftover.unlink(missing_ok=True)
