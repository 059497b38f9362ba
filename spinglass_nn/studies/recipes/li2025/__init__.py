"""Li 2025 (arXiv:2508.07397): one trained network as a spin glass, told by its replica overlaps."""

from __future__ import annotations

from spinglass_nn.studies.recipes import data_choice
from spinglass_nn.studies.recipes.li2025 import (
    along,
    backdoor,
    claims,
    limits,
    matched,
    notes,
    parameters,
    sweeps,
    training,
)
from spinglass_nn.studies.study import Recipe
from spinglass_nn.studies.task import Task

RECIPE = Recipe(
    name="li2025",
    version=2,
    title="A spin glass characterization of neural networks (arXiv:2508.07397)",
    parameters=parameters.Parameters,
    scales=parameters.SCALES,
    notes=notes.NOTES,
    prepare=parameters.prepare,
    fingerprint=data_choice.fingerprint,
    tasks=(
        Task("training", 1, "training the networks", training.run),
        Task("epochs", 2, "Q(T) along training", along.epochs, ("training",)),
        Task("nulls", 3, "Q(T) of their nulls", along.nulls, ("training",)),
        Task("labels", 4, "Q(T) with random labels", sweeps.labels),
        Task("widths", 5, "Q(T) against width", sweeps.widths),
        Task("sizes", 6, "Q(T) against training samples", sweeps.sizes),
        Task("matched", 7, "Q(T) at equal accuracy", matched.run),
        Task("backdoor", 8, "Q(T) with a backdoor", backdoor.run, ("training",)),
        Task("limits", 9, "both ends of Q(T)", limits.run, ("training",)),
    ),
    claims=claims.decide,
)
