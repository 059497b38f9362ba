from .claims import Claim
from .recipes.liao2024.aging import Aging
from .recipes.liao2024.flatness import Sweep
from .recipes.liao2024.gibbs import Gibbs
from .recipes.liao2024.hierarchy import Branch, Hierarchy
from .recipes.liao2024.interpolation import Interpolation
from .recipes.liao2024.moves import Moves
from .recipes.liao2024.solutions import Solutions
from .recipes.liao2024.thermal import ThermalWalks
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
    "Aging",
    "Branch",
    "Claim",
    "Context",
    "Gibbs",
    "Hierarchy",
    "Interpolation",
    "Moves",
    "Recipe",
    "Solutions",
    "Store",
    "StudyRun",
    "Sweep",
    "Task",
    "ThermalWalks",
    "Walks",
    "find_recipe",
    "known_recipes",
    "open_study",
    "resolve_parameters",
    "run_study",
]
