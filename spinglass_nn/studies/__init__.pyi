from .claims import Claim
from .recipes.liao2024.disorder import Disorder, SharedData
from .recipes.liao2024.ensembles import Ensembles
from .recipes.liao2024.flatness import Sweep
from .recipes.liao2024.glasses import Glass, Glasses
from .recipes.liao2024.hierarchy import Branch, Hierarchy, Overlaps
from .recipes.liao2024.interpolation import Interpolation
from .recipes.liao2024.solutions import Solutions
from .recipes.liao2024.walks import Walks
from .store import Store
from .study import (
    Recipe,
    StudyRun,
    find_recipe,
    known_recipes,
    open_study,
    resolve_parameters,
    run_study,
)
from .task import Context, Task

__all__ = [
    "Branch",
    "Claim",
    "Context",
    "Disorder",
    "Ensembles",
    "Glass",
    "Glasses",
    "Hierarchy",
    "Interpolation",
    "Overlaps",
    "Recipe",
    "SharedData",
    "Solutions",
    "Store",
    "StudyRun",
    "Sweep",
    "Task",
    "Walks",
    "find_recipe",
    "known_recipes",
    "open_study",
    "resolve_parameters",
    "run_study",
]
