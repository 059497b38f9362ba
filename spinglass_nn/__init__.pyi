from . import (
    cli,
    datasets,
    errors,
    io,
    landscape,
    networks,
    overlaps,
    plotting,
    reports,
    statistics,
    studies,
    symmetries,
    training,
    walks,
)
from ._version import __version__
from .io.archive import load, save

__all__ = [
    "__version__",
    "cli",
    "datasets",
    "errors",
    "io",
    "landscape",
    "load",
    "networks",
    "overlaps",
    "plotting",
    "reports",
    "save",
    "statistics",
    "studies",
    "symmetries",
    "training",
    "walks",
]
