"""Monte Carlo of models whose interactions are of three or four spins."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.simd import aligned
from spinglass_nn.dynamics import _many_body_kernels as kernels
from spinglass_nn.dynamics._ladder_kernels import Notes, Rules
from spinglass_nn.dynamics._ladders import BLOCK, LadderEngine, unit_for
from spinglass_nn.dynamics._many_body_kernels import Tensor
from spinglass_nn.spins.models import refuse_if_larger
from spinglass_nn.spins.p_spin import PSpin


class ManyBodyEngine(LadderEngine):
    """Systems of p-spin models, p = 3 or 4, whose local fields are kept.

    A proposal costs O(1), a flip O(N²) for p = 3 and O(N³) for p = 4, of which only the part
    where partners multiply to -1 is done. Sweeps visit the spins in order, each in all systems
    at once, so that the couplings of a spin are read from far once a sweep. The couplings are
    expanded to all orders of their spins: 4 N³ bytes for p = 3, 2 N⁴ for p = 4. Energies are
    kept to about 10^-7 of the energy of the whole system.
    """

    name: ClassVar[str] = "many-body"

    def _prepared(self, model: Any) -> tuple[Tensor, float]:
        n, p, width = model.n_spins, model.p, self._width
        n_partners = n if p == 3 else n * (n - 1) // 2
        refuse_if_larger(4.0 * n * n_partners * width, f"couplings of {n} spins with p={p}")
        sizes = PSpin(n, p, couplings=np.abs(model.couplings)).local_fields(np.ones(n))
        largest = float(sizes.max())  # field on any spin
        unit = unit_for(largest, math.comb(n - 1, p - 1))
        tensor = Tensor(
            rows=aligned((n * n_partners * width,), np.int32),
            totals=aligned((n * width,), np.int32),
            up=aligned((width,), np.int32),
            energy=np.zeros(1, dtype=np.int64),
            n_spins=n, order=p, width=width, n_partners=n_partners,
        )  # fmt: skip
        expand = kernels.expand_three if p == 3 else kernels.expand_four
        expand(model.couplings, unit, tensor)
        return tensor, unit

    @property
    def _width(self) -> int:
        return -(-self.n_spins // 16) * 16

    def _field_shape(self) -> tuple[int, ...]:
        return (self.n_systems * self._width,)

    def _fields_by_system(self, fields: NDArray[np.int32]) -> NDArray[np.int32]:
        return fields.reshape(1, self.n_systems, self._width)

    def _refresh(self, k: int) -> None:
        kernels.refresh(self._couplings[k], self._systems[k])

    def _advance(
        self, k: int, rules: Rules, notes: Notes, n_notes: int, first: int, stop: int
    ) -> None:
        thresholds = aligned((self.n_systems * BLOCK,), np.float32)
        kernels.advance(
            self._couplings[k], self._systems[k], rules, thresholds, notes, n_notes, first, stop
        )
