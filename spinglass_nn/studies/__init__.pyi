from .claims import Claim
from .comparison import ComparedClaim, StudyComparison, compare_studies
from .recipes.barney2024.counts import StateCounts
from .recipes.barney2024.glass import LayeredOverlaps
from .recipes.barney2024.growth import Growth, MeltingGrowth
from .recipes.barney2024.lazy import LazyControl
from .recipes.barney2024.nulls import MeltingNulls
from .recipes.barney2024.reading import SpinReadings
from .recipes.barney2024.removal import ModeRemoval
from .recipes.barney2024.states import MeltingStates
from .recipes.barney2024.training import MeltingRun
from .recipes.barney2024.untrained import UntrainedLayers
from .recipes.barney2024.views import MeltingViews
from .recipes.li2025.backdoor import BackdoorOverlaps
from .recipes.li2025.curves import OverlapCurves
from .recipes.li2025.limits import OverlapLimits
from .recipes.li2025.matched import MatchedOverlaps
from .recipes.li2025.training import OverlapNetworks
from .recipes.liao2024.aging import Aging
from .recipes.liao2024.connections import Connections
from .recipes.liao2024.disorder import Disorder, SharedData
from .recipes.liao2024.ensembles import Ensembles
from .recipes.liao2024.flatness import Sweep
from .recipes.liao2024.gibbs import Gibbs
from .recipes.liao2024.glasses import Glass, Glasses
from .recipes.liao2024.hierarchy import Branch, Hierarchy, Overlaps
from .recipes.liao2024.interpolation import Interpolation
from .recipes.liao2024.measures import Measures
from .recipes.liao2024.moves import Moves
from .recipes.liao2024.regions import Regions
from .recipes.liao2024.rugged_walks import RuggedWalks
from .recipes.liao2024.solutions import Solutions
from .recipes.liao2024.thermal import ThermalWalks
from .recipes.liao2024.walks import Walks
from .recipes.liao2024.width_flatness import WidthFlatness
from .recipes.liao2024.widths import Widths
from .recipes.pieces import Kept
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
    "ComparedClaim",
    "Connections",
    "Context",
    "Disorder",
    "Ensembles",
    "Gibbs",
    "Glass",
    "Glasses",
    "Growth",
    "Hierarchy",
    "Interpolation",
    "Kept",
    "LayeredOverlaps",
    "LazyControl",
    "MatchedOverlaps",
    "Measures",
    "MeltingGrowth",
    "MeltingNulls",
    "MeltingRun",
    "MeltingStates",
    "MeltingViews",
    "ModeRemoval",
    "Moves",
    "OverlapCurves",
    "OverlapLimits",
    "OverlapNetworks",
    "Overlaps",
    "Recipe",
    "Regions",
    "RuggedWalks",
    "SharedData",
    "Solutions",
    "SpinReadings",
    "StateCounts",
    "Store",
    "StudyComparison",
    "StudyRun",
    "Sweep",
    "Task",
    "ThermalWalks",
    "UntrainedLayers",
    "Walks",
    "WidthFlatness",
    "Widths",
    "compare_studies",
    "find_recipe",
    "known_recipes",
    "open_study",
    "resolve_parameters",
    "run_study",
]
