"""Liao et al. 2024 (arXiv:2407.20724): loss landscapes through spin glass theory."""

from __future__ import annotations

from spinglass_nn.studies.recipes import data_choice
from spinglass_nn.studies.recipes.liao2024 import (
    aging,
    claims,
    connections,
    disorder,
    ensembles,
    flatness,
    gibbs,
    glasses,
    hierarchy,
    interpolation,
    measures,
    moves,
    notes,
    parameters,
    regions,
    rugged_walks,
    solutions,
    walks,
    width_flatness,
    widths,
)
from spinglass_nn.studies.study import Recipe
from spinglass_nn.studies.task import Task

RECIPE = Recipe(
    name="liao2024",
    version=4,
    title="Exploring loss landscapes through the lens of spin glass theory (arXiv:2407.20724)",
    parameters=parameters.Parameters,
    scales=parameters.SCALES,
    notes=notes.NOTES,
    prepare=parameters.prepare,
    fingerprint=data_choice.fingerprint,
    tasks=(
        Task("solutions", 1, "training the solutions", solutions.run),
        Task("walks", 2, "random walks around them", walks.run, ("solutions",)),
        Task("interpolation", 3, "paths between copies", interpolation.run, ("solutions",)),
        Task("widths", 21, "barriers against width", widths.run),
        Task("connections", 22, "paths that are not straight", connections.run, ("solutions",)),
        Task("regions", 23, "lines between regions", regions.run, ("solutions",)),
        Task("ensembles", 31, "mixed and walked ensembles", ensembles.run, ("solutions",)),
        Task("glasses", 32, "reference models", glasses.run),
        Task("disorder", 33, "replicas that share their data", disorder.run),
        Task(
            "hierarchy", 4, "hierarchy of solutions", hierarchy.run, ("solutions", "ensembles")
        ),
        Task("flatness", 5, "training over batch sizes and rates", flatness.run),
        Task("measures", 41, "sharpness of these runs", measures.run, ("flatness",)),
        Task("rugged", 42, "ruggedness of walks from them", rugged_walks.run, ("flatness",)),
        Task("width_flatness", 43, "sharpness against width", width_flatness.run),
        Task("moves", 11, "kinds of moves and thermal walks", moves.run, ("solutions",)),
        Task("gibbs", 12, "the Gibbs measure of a small network", gibbs.run),
        Task("aging", 13, "training watched at many times", aging.run),
    ),
    claims=claims.decide,
    suited=parameters.suited,
)
