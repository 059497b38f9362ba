"""Monte Carlo of layered models: networks read as Hamiltonians."""

from __future__ import annotations

from typing import ClassVar

from spinglass_nn.dynamics.dense import DenseEngine


class LayeredEngine(DenseEngine):
    """Systems of a layered model: given its neighbours, a layer's spins are independent.

    Layers are updated from the inputs to the outputs. Blocks of 64 spins that lie within one
    layer are updated at once, each flip is entered into the fields of the neighbouring layers
    alone, and the tiles of couplings between other layers do not exist. Adding up flips costs
    less than matrix products as long as fewer than about half of the spins flip in a sweep.
    """

    name: ClassVar[str] = "layered"
