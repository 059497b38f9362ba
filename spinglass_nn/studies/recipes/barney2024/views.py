"""Closer looks at one run of each kind: the stability of m = 0 and the spectrum of couplings."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.spins import (
    BondSpectrum,
    Instability,
    StabilityCurve,
    bond_spectrum,
    instability,
)
from spinglass_nn.studies.recipes.barney2024.parameters import KINDS
from spinglass_nn.studies.recipes.barney2024.training import MeltingRun
from spinglass_nn.studies.task import Context
from spinglass_nn.typing import IntArray

_POINTS = 60  # of a curve
_WIDTH, _SPINS = 1 / 60, 8  # of the smearing, in bulk edges: at least, and over spins


@result()
class MeltingViews:
    """The first run of each kind of network at the kept steps; tuples go kind by kind.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of network.
    steps : tuple of int64 array (n_kept,)
        Kept steps.
    curves : tuple of tuple of StabilityCurve
        Lowest eigenvalue of the linearised TAP equations against temperature.
    points : tuple of tuple of Instability
        Where each is zero or least.
    spectra : tuple of tuple of BondSpectrum
        Of the couplings, with outliers beyond the bulk of the untrained network.
    """

    kinds: tuple[str, ...]
    steps: tuple[IntArray, ...]
    curves: tuple[tuple[StabilityCurve, ...], ...]
    points: tuple[tuple[Instability, ...], ...]
    spectra: tuple[tuple[BondSpectrum, ...], ...]


def run(context: Context) -> MeltingViews:
    """Follow the lowest eigenvalue and take the spectrum at every kept step."""
    runs: list[MeltingRun] = [context.results[kind] for kind in KINDS]
    curves, points, spectra = [], [], []
    for one in runs:
        models = [one.kept_model(0, place) for place in range(one.kept.steps.size)]
        found = [instability.find(model) for model in models]
        # from well above the highest T_c down to where all curves have had their minimum
        hottest = 2 * max(point.temperature for point in found)
        coldest = 0.6 * min(
            min(point.minimum_temperature, point.temperature) for point in found
        )
        beta = np.linspace(1 / hottest, 1 / coldest, _POINTS)
        curves.append(tuple(instability.curve(model, 1 / beta) for model in models))
        points.append(tuple(found))
        width = one.edge * max(_WIDTH, _SPINS / models[0].n_spins)
        spectra.append(
            tuple(bond_spectrum.find(model, edge=one.edge, width=width) for model in models)
        )
    return MeltingViews(
        kinds=tuple(KINDS),
        steps=tuple(one.kept.steps for one in runs),
        curves=tuple(curves),
        points=tuple(points),
        spectra=tuple(spectra),
    )
