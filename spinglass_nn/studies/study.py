"""Studies: a paper's protocols with parameters, tasks and claims, run into a folder."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_origin, get_type_hints

import msgspec

from spinglass_nn._core import check, threads
from spinglass_nn.errors import FormatError, ParameterError, StudyError
from spinglass_nn.io.archive import written_whole
from spinglass_nn.statistics import Estimate
from spinglass_nn.studies.claims import Claim
from spinglass_nn.studies.engines import run_tasks
from spinglass_nn.studies.store import Store
from spinglass_nn.studies.task import Task
from spinglass_nn.typing import PathType, ProgressLike


@dataclass(frozen=True)
class Recipe:
    """What makes a study: written once per paper, in `recipes`.

    Parameters
    ----------
    name : str
        Short name, such as ``"liao2024"``.
    version : int
        Raised when tasks or streams change, so that old folders are not mixed with new.
    title : str
        The paper, for people.
    parameters : type
        A frozen `msgspec.Struct` with defaults; it has ``scale`` and ``seed``.
    scales : mapping
        Parameter values of every named scale.
    notes : mapping
        For every parameter: what it is, and where its default comes from.
    prepare : callable
        Parameters to what all tasks share (the data).
    fingerprint : callable
        What all tasks share to a few letters that change with it, so that one study does not
        mix the results of two data sets.
    tasks : sequence of Task
        In order.
    claims : callable
        Parameters, shared and results to claims.
    suited : callable, optional
        Parameters of a scale to the values that suit the data they name better; what is set
        stands above both.
    """

    name: str
    version: int
    title: str
    parameters: type[msgspec.Struct]
    scales: Mapping[str, Mapping[str, Any]]
    notes: Mapping[str, tuple[str, str]]
    prepare: Callable[[Any], Any]
    fingerprint: Callable[[Any], str]
    tasks: Sequence[Task]
    claims: Callable[[Any, Any, Mapping[str, Any]], list[Claim]]
    suited: Callable[[Any], Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class StudyRun:
    """A finished study.

    Parameters
    ----------
    recipe : Recipe
        What was run.
    parameters : object
        With which parameters.
    store : Store
        In which folder.
    shared : object
        What the tasks shared (the data).
    results : mapping
        Result of every task.
    claims : list of Claim
        What follows.
    """

    recipe: Recipe
    parameters: Any
    store: Store
    shared: Any
    results: Mapping[str, Any]
    claims: list[Claim]


def known_recipes() -> dict[str, Recipe]:
    """All studies this package knows.

    Returns
    -------
    dict of str to Recipe
        By name.
    """
    from spinglass_nn.studies.recipes.barney2024 import RECIPE as barney2024
    from spinglass_nn.studies.recipes.li2025 import RECIPE as li2025
    from spinglass_nn.studies.recipes.liao2024 import RECIPE as liao2024

    return {recipe.name: recipe for recipe in (barney2024, li2025, liao2024)}


def find_recipe(name: str) -> Recipe:
    """The recipe of a name.

    Parameters
    ----------
    name : str
        Such as ``"liao2024"``.

    Returns
    -------
    Recipe
        Its parameters, tasks and claims.

    Raises
    ------
    StudyError
        If there is none; near misses are pointed out.
    """
    known = known_recipes()
    if name not in known:
        hint = check.nearest(name, tuple(known))
        raise StudyError(f"study must be one of {', '.join(known)}, got {name!r}{hint}")
    return known[name]


def resolve_parameters(recipe: Recipe, settings: Mapping[str, Any]) -> Any:
    """Parameters of a study: defaults, the scale's, those that suit the data, what was set.

    Parameters
    ----------
    recipe : Recipe
        The study.
    settings : mapping
        Names to values, or to text as typed on a command line (lists with commas).

    Returns
    -------
    msgspec.Struct
        The parameters, checked.

    Raises
    ------
    ParameterError
        If a name is unknown (the nearest known ones are named) or a value does not fit.
    """
    known = recipe.parameters.__struct_fields__
    for name in settings:
        if name not in known:
            raise ParameterError(
                f"{name!r} is not a parameter of {recipe.name}{check.nearest(name, known)}"
            )
    scale = settings.get("scale", "standard")
    check.choice(scale, "scale", recipe.scales)
    kinds = get_type_hints(recipe.parameters)
    chosen = {name: _converted(name, value, kinds[name]) for name, value in settings.items()}
    values = {**recipe.scales[scale], "scale": scale}
    if recipe.suited is not None and "data" in chosen:
        values |= recipe.suited(recipe.parameters(**values, data=chosen["data"]))
    return recipe.parameters(**(values | chosen))


_KINDS: dict[Any, str] = {
    int: "an integer",
    float: "a number",
    str: "text",
    tuple[int, ...]: "integers with commas between",
    tuple[float, ...]: "numbers with commas between",
}


def _converted(name: str, given: Any, kind: Any) -> Any:
    """A value of the parameter's type, from Python or from text."""
    value = given.tolist() if hasattr(given, "tolist") else given
    if isinstance(value, str) and get_origin(kind) is tuple:
        value = [item.strip() for item in value.split(",")]
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        raise ParameterError(f"{name} must be {_KINDS[kind]}, got {given!r}") from None


def run_study(
    name: str,
    folder: PathType,
    settings: Mapping[str, Any] | None = None,
    *,
    progress: ProgressLike = False,
    n_threads: int | None = None,
) -> StudyRun:
    """Run a study into a folder, or go on where an earlier run of it stopped.

    Parameters
    ----------
    name : str
        The study, such as ``"liao2024"``.
    folder : path
        New, empty, or holding the same study with the same parameters.
    settings : mapping, optional
        Parameters that differ from the scale's defaults.
    progress : bool or callable
        Progress of the long parts.
    n_threads : int, optional
        Default: all cores.

    Returns
    -------
    StudyRun
        Results and claims; `spinglass_nn.reports.study_report` draws them.

    Raises
    ------
    StudyError, ParameterError, DataError, FormatError
        If it cannot run as asked.
    Interrupted
        On Ctrl-C; calling again goes on.
    """
    recipe = find_recipe(name)
    parameters = resolve_parameters(recipe, settings or {})
    threads.resolve(n_threads)  # everything that can be refused is, before the folder is made
    shared = recipe.prepare(parameters)
    store = Store.create(
        folder,
        recipe.name,
        recipe.version,
        msgspec.to_builtins(parameters),
        recipe.fingerprint(shared),
    )
    results = run_tasks(
        recipe.tasks,
        store,
        parameters=parameters,
        shared=shared,
        seed=parameters.seed,
        progress=progress,
        n_threads=n_threads,
    )
    claims = recipe.claims(parameters, shared, results)
    _write_claims(store, claims)
    return StudyRun(recipe, parameters, store, shared, results, claims)


def open_study(folder: PathType) -> StudyRun:
    """Open the folder of a finished study, computing nothing but its claims.

    Parameters
    ----------
    folder : path
        Where `run_study` put it.

    Returns
    -------
    StudyRun
        As `run_study` returned it.

    Raises
    ------
    StudyError
        If there is no study, it is not finished, or its data are no longer the same.
    FormatError
        If a file of it is damaged.
    """
    store = Store.open(folder)
    recipe = find_recipe(store.manifest["study"])
    if store.manifest["version"] != recipe.version:
        raise StudyError(
            f"{store.folder} holds version {store.manifest['version']} of {recipe.name}, "
            f"this package knows version {recipe.version}; run it again into a new folder"
        )
    missing = [task.title for task in recipe.tasks if not store.has(task.name)]
    if missing:
        raise StudyError(
            f"the study in {store.folder} must be finished first (missing: "
            f"{', '.join(missing)}); run it again into the same folder to go on"
        )
    try:
        parameters = resolve_parameters(recipe, store.manifest["parameters"])
    except ParameterError as error:
        raise FormatError(f"{store.folder}/study.json is damaged: {error}") from error
    shared = recipe.prepare(parameters)
    store.refuse_other_data(recipe.fingerprint(shared))
    results = {task.name: store.load(task.name) for task in recipe.tasks}
    return StudyRun(
        recipe, parameters, store, shared, results, recipe.claims(parameters, shared, results)
    )


def _write_claims(store: Store, claims: list[Claim]) -> None:
    """A machine-readable copy of the claims table."""
    fields = [f for f in Claim.__dataclass_fields__ if f != "value"]
    rows = []
    for claim in claims:
        row: dict[str, Any] = {f: getattr(claim, f) for f in fields}
        value: Estimate | None = claim.value
        row["value"] = None if value is None else _written(value)
        rows.append(row)
    with written_whole(store.folder / "claims.json") as file:
        file.write(json.dumps(rows, indent=2, ensure_ascii=False).encode())


def _written(value: Estimate) -> dict[str, float | None]:
    """Mean and error; JSON has no word for NaN but null."""
    numbers = {"mean": value.mean, "error": value.error}
    return {name: x if math.isfinite(x) else None for name, x in numbers.items()}
