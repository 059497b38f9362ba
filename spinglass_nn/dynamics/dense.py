"""Monte Carlo of models in which most pairs of spins are coupled."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.simd import aligned
from spinglass_nn.dynamics import _dense_kernels as kernels
from spinglass_nn.dynamics._dense_flip_kernels import ROOM, Flips
from spinglass_nn.dynamics._dense_kernels import Couplings
from spinglass_nn.dynamics._ladder_kernels import Notes, Rules
from spinglass_nn.dynamics._ladders import BLOCK, LadderEngine, unit_for
from spinglass_nn.spins.models import refuse_if_larger
from spinglass_nn.typing import Float64Array


class DenseEngine(LadderEngine):
    """Systems whose local fields are kept: a proposal costs O(1), a flip O(N).

    Sweeps visit the spins in order. A spin flips where s_i times its field lies below a random
    number, and after a flip the next such spin of a block is found by a few vector compares,
    so that rejected proposals cost next to nothing. Couplings are kept in tiles of 64 x 64,
    without those that are zero, in units of about 2^-31 of the largest possible field: energies
    are kept to about 10^-8 of the energy of the whole system, and exactly where all couplings
    and fields are multiples of one power of 2.

    Any pair model with ``matrix()`` and ``fields`` can be run.
    """

    name: ClassVar[str] = "dense"

    def _prepared(self, model: Any) -> tuple[Couplings, float]:
        size = self.n_blocks * BLOCK
        refuse_if_larger(4.0 * size * size, f"couplings of {self.n_spins} spins")
        matrix = model.matrix()
        fields = np.asarray(model.fields)
        largest = float((np.abs(matrix).sum(axis=1) + np.abs(fields)).max())
        unit = unit_for(largest, size)
        return _couplings(matrix, fields, unit, self.n_blocks), unit

    def _field_shape(self) -> tuple[int, ...]:
        return (self.n_blocks * self.n_systems * BLOCK,)

    def _fields_by_system(self, fields: NDArray[np.int32]) -> NDArray[np.int32]:
        return fields.reshape(self.n_blocks, self.n_systems, BLOCK)

    def _flips(self) -> Flips:
        return Flips(
            rows=np.zeros(ROOM * (self.n_systems + 1), dtype=np.int64),
            added=np.zeros(self.n_systems + 1, dtype=np.int64),
            subtracted=np.zeros(self.n_systems + 1, dtype=np.int64),
        )

    def _refresh(self, k: int) -> None:
        kernels.refresh(self._couplings[k], self._systems[k], self._flips())

    def _advance(
        self, k: int, rules: Rules, notes: Notes, n_notes: int, first: int, stop: int
    ) -> None:
        margins = aligned(BLOCK * (self.n_temperatures + 1), np.float32)
        kernels.advance(
            self._couplings[k], self._systems[k], self._flips(), margins, rules, notes,
            n_notes, first, stop,
        )  # fmt: skip


def _couplings(
    matrix: Float64Array, fields: Float64Array, unit: float, n_blocks: int
) -> Couplings:
    """Cut a symmetric matrix into tiles of whole numbers."""
    n_spins = len(matrix)
    parts = [slice(b * BLOCK, min((b + 1) * BLOCK, n_spins)) for b in range(n_blocks)]
    found = [
        [a] + [b for b in range(n_blocks) if b != a and matrix[parts[a], parts[b]].any()]
        for a in range(n_blocks)
    ]
    first = np.cumsum([0] + [len(row) for row in found])
    tiles = aligned((int(first[-1]), BLOCK, BLOCK), np.int32)
    near = aligned((n_blocks + 1, BLOCK, BLOCK), np.float32)
    outer = np.zeros(n_blocks * BLOCK, dtype=np.int64)
    outer[:n_spins] = np.rint(fields / unit)
    up = outer.copy().reshape(n_blocks, BLOCK)
    for a, row in enumerate(found):
        for place, b in enumerate(row, first[a]):
            exact = np.rint(matrix[parts[a], parts[b]] / unit).astype(np.int64)
            # 2 J may pass 31 bits; sums modulo 2^32 are right all the same
            tiles[place, : exact.shape[0], : exact.shape[1]] = (2 * exact).astype(np.int32)
            up[b, : exact.shape[1]] += exact.sum(axis=0)
            if a == b:
                near[a, : exact.shape[0], : exact.shape[1]] = 2 * exact
    valid = np.full(n_blocks, ~np.uint64(0))
    if n_spins % BLOCK:
        valid[-1] = (1 << n_spins % BLOCK) - 1
    return Couplings(
        tiles=tiles.ravel(),
        first=first,
        columns=np.concatenate([np.array(row, dtype=np.int64) for row in found]),
        near=near.ravel(),
        inner=np.array([bool(tile.any()) for tile in near[:-1]]),
        valid=valid,
        up=up.astype(np.int32).ravel(),
        outer=outer,
        outside=np.asarray(outer.reshape(n_blocks, BLOCK).any(axis=1)),
    )
