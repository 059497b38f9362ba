"""Where spins sit, as far as measurements need to know: links, waves and layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from spinglass_nn.errors import ParameterError
from spinglass_nn.spins.edwards_anderson import EdwardsAnderson
from spinglass_nn.spins.layered import LayeredIsing
from spinglass_nn.spins.p_spin import PSpin
from spinglass_nn.typing import Float64Array, IntArray


class Geometry(NamedTuple):
    """Tables for kernels; those that are not needed have no rows.

    Parameters
    ----------
    n_spins : int
        Number of spins.
    links : integer array (n_links, 2)
        The two spins of each link. Links of a lattice are its bonds, both of those along a
        periodic axis of length 2.
    waves : array (n_axes, n_spins, 2)
        cos(k x) and sin(k x) at the smallest wave vector 2 pi / L of each periodic axis.
    layers : integer array (n_layers + 1,)
        Where each layer of a layered model begins, and the end of the last.
    """

    n_spins: int
    links: IntArray
    waves: Float64Array
    layers: IntArray


def geometry_of(model: Any, observables: Sequence[str]) -> Geometry:
    """The tables that the observables need of a model."""
    none = np.zeros((0, 2), dtype=np.int64)
    return Geometry(
        n_spins=model.n_spins,
        links=_links(model) if "link_overlap" in observables else none,
        waves=_waves(model) if "structure" in observables else np.zeros((0, 0, 2)),
        layers=_layers(model) if "layers" in observables else np.zeros(1, dtype=np.int64),
    )


def _links(model: Any) -> IntArray:
    if isinstance(model, EdwardsAnderson):
        table, present = model.neighbors, model.couplings != 0
        pairs = [
            np.stack([np.flatnonzero(there), table[there, 2 * axis]], axis=1)
            for axis, there in enumerate(present)
        ]
        found = np.concatenate(pairs)
    else:
        if isinstance(model, PSpin) and model.p > 2:
            raise ParameterError(
                f"observables: 'link_overlap' needs a model of pairs, got {model!r}"
            )
        i, j, _ = model.graph().bonds
        found = np.stack([i, j], axis=1)
    if not len(found):
        raise ParameterError(f"observables: 'link_overlap' needs links, got {model!r}")
    return np.ascontiguousarray(found, dtype=np.int64)


def _waves(model: Any) -> Float64Array:
    if not isinstance(model, EdwardsAnderson) or set(model.boundary) != {"periodic"}:
        raise ParameterError(
            f"observables: 'structure' needs a periodic lattice (EdwardsAnderson), got {model!r}"
        )
    place = np.indices(model.shape).reshape(model.dimension, -1)
    phase = 2 * math.pi * place / np.array(model.shape)[:, None]
    return np.stack([np.cos(phase), np.sin(phase)], axis=-1)


def _layers(model: Any) -> IntArray:
    if not isinstance(model, LayeredIsing):
        raise ParameterError(f"observables: 'layers' needs a LayeredIsing, got {model!r}")
    return np.cumsum((0, *model.sizes))
