"""Averages over blocks of time that grow with the run, so that memory does not.

Blocks hold a power of two of measurements. When all are full, neighbours are joined and the
blocks to come are twice as long: a run of any length is kept in 16 to 32 blocks, and its
averages over doubling times (first half, its first half, ...) are sums of whole blocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.dynamics._record import Record
from spinglass_nn.typing import Float64Array, IntArray

N_BLOCKS = 32


class Blocks:
    """Sums over blocks, and histograms since the last two doublings of time.

    Parameters
    ----------
    record : Record
        Where engines add up; its sums are taken from at the end of every block.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        totals = record.totals
        self.sums = np.zeros((N_BLOCKS, *totals.sums.shape))
        self.overlap_counts = np.zeros_like(totals.overlap_counts)
        self.link_counts = np.zeros_like(totals.link_counts)
        self.place = np.array([0, 1, 0])  # whole blocks, their length, measurements in all

    @property
    def n_measures(self) -> int:
        """Measurements so far."""
        return int(self.place[2])

    def until_boundary(self) -> int:
        """Measurements until `advance` must be called next."""
        n_whole, length, done = (int(value) for value in self.place)
        return (n_whole + 1) * length - done

    def advance(self, n_measures: int) -> None:
        """Note measurements made; they do not cross a boundary."""
        self.place[2] += n_measures
        n_whole, length, done = (int(value) for value in self.place)
        if done == (n_whole + 1) * length:
            self._close()
        if done & (done - 1) == 0:  # a power of two
            self._hand_over()

    def _close(self) -> None:
        self.sums[self.place[0]] = self.record.totals.sums
        self.record.totals.sums[:] = 0
        self.place[0] += 1
        if self.place[0] == N_BLOCKS:
            half = N_BLOCKS // 2
            self.sums[:half] = self.sums[0::2] + self.sums[1::2]
            self.sums[half:] = 0
            self.place[:2] = half, 2 * self.place[1]

    def _hand_over(self) -> None:
        for kept, counts in (
            (self.overlap_counts, self.record.totals.overlap_counts),
            (self.link_counts, self.record.totals.link_counts),
        ):
            kept[:] = counts
            counts[:] = 0

    def averages(self) -> tuple[Float64Array, IntArray]:
        """Block averages (n_blocks, n_samples, n_temperatures, n_columns) and their lengths."""
        n_whole, length, done = (int(value) for value in self.place)
        lengths = np.full(n_whole, length)
        sums = self.sums[:n_whole]
        rest = done - n_whole * length
        if rest:
            lengths = np.append(lengths, rest)
            sums = np.concatenate([sums, self.record.totals.sums[None]])
        return sums / lengths[:, None, None, None], lengths

    def window_start(self) -> int:
        """First measurement that counts: the last power of two but one."""
        return window_start(self.n_measures)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that changes, by reference."""
        return {
            "sums": self.sums,
            "overlap_counts": self.overlap_counts,
            "link_counts": self.link_counts,
            "place": self.place,
        }


def window_start(n_measures: int) -> int:
    """First of n measurements that counts: half the last power of two, so 1/4 to 1/2 of n."""
    return (1 << (n_measures.bit_length() - 1)) // 2 if n_measures > 1 else 0
