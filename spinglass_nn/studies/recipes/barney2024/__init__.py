"""Barney, Winer and Galitski 2024 (arXiv:2408.06421): networks as spin models in training."""

from __future__ import annotations

from spinglass_nn.studies.recipes import data_choice
from spinglass_nn.studies.recipes.barney2024 import (
    claims,
    counts,
    glass,
    growth,
    lazy,
    notes,
    nulls,
    parameters,
    removal,
    states,
    training,
    untrained,
    views,
)
from spinglass_nn.studies.study import Recipe
from spinglass_nn.studies.task import Task

_BOTH = ("binarised", "relu")

RECIPE = Recipe(
    name="barney2024",
    version=1,
    title="Neural networks as spin models: from glass to hidden order through training "
    "(arXiv:2408.06421)",
    parameters=parameters.Parameters,
    scales=parameters.SCALES,
    notes=notes.NOTES,
    prepare=parameters.prepare,
    fingerprint=data_choice.fingerprint,
    tasks=(
        Task("untrained", 1, "random networks against theory", untrained.run),
        Task("binarised", 2, "training binarised networks", training.binarised),
        Task("relu", 3, "training ReLU networks", training.relu),
        Task("growth", 13, "growth of the critical temperature", growth.run, _BOTH),
        Task("views", 4, "stability and spectra", views.run, _BOTH),
        Task("binarised-states", 5, "states of a binarised network", states.binarised,
             ("binarised",)),
        Task("relu-states", 6, "states of a ReLU network", states.relu, ("relu",)),
        Task("binarised-counts", 11, "states of all binarised networks", counts.binarised,
             ("binarised",)),
        Task("relu-counts", 12, "states of all ReLU networks", counts.relu, ("relu",)),
        Task("overlaps", 7, "P(q) in equilibrium", glass.run, _BOTH),
        Task("removal", 8, "accuracy without the leading mode", removal.run, _BOTH),
        Task("nulls", 9, "shuffled and rotated weights", nulls.run, _BOTH),
        Task("lazy", 10, "the control of lazy training", lazy.run),
    ),
    claims=claims.decide,
)  # fmt: skip
