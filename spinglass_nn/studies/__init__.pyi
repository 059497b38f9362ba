from .claims import Claim
from .recipes.li2025.backdoor import BackdoorOverlaps
from .recipes.li2025.curves import OverlapCurves
from .recipes.li2025.limits import OverlapLimits
from .recipes.li2025.matched import MatchedOverlaps
from .recipes.li2025.training import OverlapNetworks
from .recipes.liao2024.aging import Aging
from .recipes.liao2024.connections import Connections
from .recipes.liao2024.flatness import Sweep
from .recipes.liao2024.gibbs import Gibbs
from .recipes.liao2024.hierarchy import Branch, Hierarchy
from .recipes.liao2024.interpolation import Interpolation
from .recipes.liao2024.measures import Measures
from .recipes.liao2024.moves import Moves
from .recipes.liao2024.regions import Regions
from .recipes.liao2024.rugged_walks import RuggedWalks
from .recipes.liao2024.solutions import Solutions
from .recipes.liao2024.thermal import ThermalWalks
from .recipes.liao2024.walks import Walks
from .recipes.liao2024.widths import Widths
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
    "BackdoorOverlaps",
    "Branch",
    "Claim",
    "Connections",
    "Context",
    "Gibbs",
    "Hierarchy",
    "Interpolation",
    "MatchedOverlaps",
    "Measures",
    "Moves",
    "OverlapCurves",
    "OverlapLimits",
    "OverlapNetworks",
    "Recipe",
    "Regions",
    "RuggedWalks",
    "Solutions",
    "Store",
    "StudyRun",
    "Sweep",
    "Task",
    "ThermalWalks",
    "Walks",
    "Widths",
    "find_recipe",
    "known_recipes",
    "open_study",
    "resolve_parameters",
    "run_study",
]
