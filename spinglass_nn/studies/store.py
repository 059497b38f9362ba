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
        cls,
        folder: PathType,
        study: str,
        version: int,
        parameters: Mapping[str, Any],
        data: str,
    ) -> Store:
        """Open a folder for a study: new, empty, or holding the same study already.

        ``data`` is a digest of the data. A folder in which nothing was finished, such as one
        left by parameters that made training diverge, counts as empty.

        Raises
        ------
        StudyError
            If the folder belongs to another study or other parameters, or holds other files.
        FormatError
            If its manifest is damaged.
        """
        path = Path(folder)
        if (path / _MANIFEST).exists():
            store = cls.open(path)
            if any((path / "tasks").glob("*")):
                store._refuse_other(study, version, parameters)
                store.refuse_other_data(data)
                return store
        elif path.exists() and (not path.is_dir() or any(path.iterdir())):
            found = "other files" if path.is_dir() else "a file"
            raise StudyError(
                f"the output folder must be new or empty, or hold this study; {path} "
                f"{'holds' if path.is_dir() else 'is'} {found}"
            )
        path.mkdir(parents=True, exist_ok=True)
        manifest = {
            "format": _FORMAT,
            "study": study,
            "version": version,
            "package_version": __version__,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "parameters": dict(parameters),
            "data": data,
        }
        with written_whole(path / _MANIFEST) as file:
            file.write(json.dumps(manifest, indent=2).encode())
        (path / "tasks").mkdir(exist_ok=True)
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
        except (FileNotFoundError, NotADirectoryError):
            raise StudyError(
                f"{path} must be the folder of a study, it has no {_MANIFEST}"
            ) from None
        except ValueError as error:
            raise FormatError(
                f"{path / _MANIFEST} must be a study's manifest, it is damaged: {error}"
            ) from error
        if not _is_manifest(manifest):
            raise FormatError(
                f"{path / _MANIFEST} must be a study's manifest, got another file"
            )
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

    def refuse_other_data(self, data: str) -> None:
        """Refuse data that are not those of the results in the folder.

        Raises
        ------
        StudyError
            If their digest is another.
        """
        then = self.manifest.get("data", data)
        if then != data:
            raise StudyError(
                f"{self.folder} holds results of other data than its parameters name now (digest "
                f"{then} there, {data} here); put the data back, or choose another folder"
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
        """A task's result.

        Raises
        ------
        FormatError
            If its file is damaged.
        """
        try:
            return load(self.path(task))
        except FormatError as error:
            raise FormatError(f"{error}; delete it and run the study again") from error

    def save(self, task: str, value: Any) -> None:
        """Keep a task's result; its checkpoints are no longer needed."""
        save(value, self.path(task))
        self.tidy(task)

    def tidy(self, task: str) -> None:
        """Remove what a finished task left behind: checkpoints, whole or partly written."""
        for pattern in (f"{task}.*.checkpoint.npz", f"{task}.*.partial"):
            for leftover in (self.folder / "tasks").glob(pattern):
                leftover.unlink(missing_ok=True)


def _is_manifest(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("format") == _FORMAT
        and value.keys() >= {"study", "version", "package_version", "started", "parameters"}
        and isinstance(value["study"], str)
        and isinstance(value["parameters"], dict)
    )
