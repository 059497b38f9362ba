"""What the kernels of the multi-spin engine look up: which lane is whose, and the lattice.

Eight words of 64 bits a site make a block of 512 lanes. A word holds all temperatures of some
replicas of one sample (the lowest bit the coldest), a column of words belongs to one sample,
and the columns of a sample stand side by side. Arrays of words have eight words of zeros before
the first site and at least as many after the last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.simd import N_WORDS, aligned
from spinglass_nn.dynamics._multispin_sweep_kernels import N_BITS
from spinglass_nn.spins.edwards_anderson import EdwardsAnderson
from spinglass_nn.spins.graphs import IsingGraph
from spinglass_nn.typing import Float64Array, IntArray

Int32Array = NDArray[np.int32]
WordArray = NDArray[np.uint64]

ALL = np.uint64(2**64 - 1)
SLOTS = (4, 6, 8)
_IDLE = 1 / 8  # probability not to make a flip that costs nothing


class Lattice(NamedTuple):
    """Bonds by site: ``table`` (n_spins, slots, 2) flat, where words of neighbour and bond begin.

    ``slots`` has an entry for each slot: kernels are compiled for its length. ``chance_at``
    (n_spins,) is where the chances of a site begin.
    """

    slots: tuple[int, ...]
    table: Int32Array
    chance_at: IntArray


class Ends(NamedTuple):
    """Where the words of the ends of bonds or links begin; a multiple of 8, (0, 0) at the end."""

    tails: Int32Array
    heads: Int32Array


class Waves(NamedTuple):
    """Planes of sites with the same place along an axis.

    Planes ``first_plane[a]`` to ``first_plane[a + 1]`` belong to axis a, and the words of the
    sites of plane p begin at ``sites[first_site[p]:first_site[p + 1]]``, filled up with zeros
    to a multiple of 8. ``phases`` (n_planes, 2) are the cosine and sine of each, ``sizes`` its
    number of sites.
    """

    first_plane: IntArray
    first_site: IntArray
    sites: Int32Array
    phases: Float64Array
    sizes: IntArray


class Partners(NamedTuple):
    """Whom cluster moves pair: lanes in ``first`` with those so many words and bits further on.

    ``first`` is (n_blocks, 8).
    """

    offset: int
    shift: int
    n_temperatures: int
    first: WordArray


class Compared(NamedTuple):
    """What measurements of pairs of replicas look up.

    Pass p compares blocks ``passes[p, :2]``, the second shifted by words and bits
    ``passes[p, 2:]``, and rows ``first_entry[p]`` to ``first_entry[p + 1]`` of ``entries`` say
    whose overlaps these are: sample, pair, column, bit. Link l is ``tails[l]``, ``heads[l]``.
    """

    passes: IntArray
    first_entry: IntArray
    entries: IntArray
    sites: Int32Array
    n_links: int
    tails: Int32Array
    heads: Int32Array
    waves: Waves


class Tables(NamedTuple):
    """All that the parts of an engine share.

    ``places`` (n_samples, n_replicas, 3) is block, column and lowest bit of each ladder,
    ``ends`` the bits of the coldest and of the hottest systems, 8 words each, ``gaps``
    (n_temperatures - 1,) by how much neighbours' inverse temperatures differ, times 2 |J|.
    """

    n_spins: int
    n_bonds: int
    unit: float
    measure_every: int
    cluster_every: int
    exchange: bool
    lattice: Lattice
    bonds: Ends
    partners: Partners
    compared: Compared
    places: IntArray
    chances: WordArray
    gaps: Float64Array
    ends: WordArray


class Scratch(NamedTuple):
    """Room for what is counted; ``counts`` is ``planes`` (n_blocks, 256) seen as int32."""

    planes: WordArray
    counts: Int32Array
    waiting: WordArray
    joint: WordArray
    cluster: WordArray
    real: Float64Array
    imaginary: Float64Array


class Part(NamedTuple):
    """What belongs to one group alone; arrays of words are by block.

    ``levels`` (n_samples, n_replicas, n_temperatures) counts the unsatisfied bonds.
    """

    spins: WordArray
    signs: WordArray
    used: WordArray
    moves: WordArray
    labels: WordArray
    number: IntArray
    exchange: WordArray
    clusters: WordArray
    levels: IntArray
    masks: WordArray
    tallies: WordArray
    tally_counts: Int32Array
    tried: IntArray
    scratch: Scratch


@dataclass(frozen=True, slots=True)
class Layout:
    """Which lane each system has.

    Parameters
    ----------
    n_replicas, n_temperatures : int
        Systems of one sample.
    """

    n_replicas: int
    n_temperatures: int

    @property
    def per_word(self) -> int:
        """Replicas in one word, an even number if there are several words."""
        fit = 64 // self.n_temperatures
        if self.n_replicas <= fit:
            return self.n_replicas
        return fit - fit % 2 if fit > 1 else 1

    @property
    def n_columns(self) -> int:
        """Columns of one sample."""
        return math.ceil(self.n_replicas / self.per_word)

    @property
    def n_samples(self) -> int:
        """Samples of one group."""
        return max(1, N_WORDS // self.n_columns)

    @property
    def n_blocks(self) -> int:
        """Blocks of one group, more than one only if a sample needs them."""
        return math.ceil(self.n_columns / N_WORDS)

    def places(self) -> IntArray:
        """Block, column and lowest bit (n_samples, n_replicas, 3) of each ladder of a group."""
        sample, replica = np.indices((self.n_samples, self.n_replicas))
        column = sample * self.n_columns + replica // self.per_word
        bit = replica % self.per_word * self.n_temperatures
        return np.stack([column // N_WORDS, column % N_WORDS, bit], axis=-1)

    def lanes(self, replicas: slice, bits: int, n_samples: int | None = None) -> WordArray:
        """Words (n_blocks, 8) with some bits of each ladder, relative to its lowest, set."""
        words = aligned((self.n_blocks, N_WORDS), np.uint64)
        for block, column, bit in self.places()[:n_samples, replicas].reshape(-1, 3):
            words[block, column] |= np.uint64(bits << int(bit))
        return words

    @property
    def everyone(self) -> int:
        """A word with the bits of one ladder set, from the lowest."""
        return (1 << self.n_temperatures) - 1

    def copies(self) -> int:
        """A word with the lowest bit of each ladder set."""
        return sum(1 << r * self.n_temperatures for r in range(self.per_word))


def size_of(n_spins: int) -> int:
    """Words of an array with eight a site, and zeros before and after."""
    return N_WORDS * (2 + math.ceil(n_spins / 8) * 8)


def bonds_of(model: EdwardsAnderson | IsingGraph) -> tuple[IntArray, IntArray, Float64Array]:
    """Bonds (tails, heads, couplings) that are there, by tail; double ones twice."""
    if isinstance(model, IsingGraph):
        return model.bonds
    table = model.neighbors
    site, axis = np.nonzero(model.couplings.T)
    return site, table[site, 2 * axis], model.couplings[axis, site]


def lattice_of(n_spins: int, tails: IntArray, heads: IntArray) -> Lattice:
    """Bonds by site, with bonds of a site with itself where it has too few.

    The word of bond b begins at 8 b; after the last one, filled up to a multiple of 8, come a
    word of zeros (always satisfied) and one of ones (never).
    """
    degree = np.bincount(np.concatenate([tails, heads]), minlength=n_spins)
    slots = min(s for s in SLOTS if s >= degree.max(initial=0))
    always = math.ceil(tails.size / 8) * 8
    table = np.empty((n_spins, slots, 2), dtype=np.int64)
    table[:, :, 0] = np.arange(n_spins)[:, None]
    spare = np.arange(slots) - degree[:, None]  # number of the slot among those left over
    never = spare < (slots - degree[:, None]) // 2
    table[:, :, 1] = np.where(never, always + 1, always)
    ends, others = np.concatenate([tails, heads]), np.concatenate([heads, tails])
    order = np.argsort(ends, kind="stable")
    first = np.cumsum(degree) - degree
    slot = np.arange(ends.size) - first[ends[order]]
    table[ends[order], slot, 0] = others[order]
    table[ends[order], slot, 1] = np.tile(np.arange(tails.size), 2)[order]
    table[:, :, 0] += 1
    return Lattice(
        slots=(0,) * slots,
        table=(N_WORDS * table).astype(np.int32).ravel(),
        chance_at=degree % 2 * (N_BITS * slots // 2 * N_WORDS),
    )


def probabilities(slots: int, unit: float, temperatures: Float64Array) -> Float64Array:
    """Chances of a flip (2, slots / 2, n_temperatures) by number of bonds unsatisfied.

    The second table is for sites of odd degree, which have one satisfied bond too many. There
    the flip of least cost is the reverse of one that is not always made, and shares its
    probability.
    """
    unsatisfied = np.arange(slots // 2)
    cost = 2 * unit * np.stack([slots - 2 * unsatisfied, slots - 1 - 2 * unsatisfied])
    chances: Float64Array = np.exp(-cost[:, :, None] / temperatures)
    chances[1, -1] *= 1 - _IDLE
    return chances


def in_bits(chances: Float64Array, copies: int) -> WordArray:
    """Chances (..., n_levels, n_temperatures) as words (..., N_BITS, n_levels) of their bits.

    The highest bit comes first; temperature t is bit t, and again where ``copies`` has bits.
    """
    largest = (1 << N_BITS) - 1
    scaled = np.minimum((chances * 2.0**N_BITS).astype(np.uint64), np.uint64(largest))
    place = np.arange(N_BITS - 1, -1, -1, dtype=np.uint64)[:, None, None]
    bits = (scaled[..., None, :, :] >> place) & np.uint64(1)
    words = bits << np.arange(chances.shape[-1], dtype=np.uint64)
    total: WordArray = words.sum(axis=-1, dtype=np.uint64) * np.uint64(copies)
    return total


def words_of(sites: IntArray) -> Int32Array:
    """Where the words of sites begin, filled up with 0, words of zeros, to a multiple of 8."""
    return np.pad(N_WORDS * (sites + 1), (0, -sites.size % 8)).astype(np.int32)


def waves_of(shape: tuple[int, ...], waves: Float64Array) -> Waves:
    """Planes of a lattice, for each axis of ``waves`` (n_axes, n_spins, 2)."""
    shape = shape[: len(waves)]  # none are wanted, or all
    place = np.indices(shape).reshape(len(shape), math.prod(shape))
    sites, sizes, phases = [], [], []
    for coordinate, wave in zip(place, waves, strict=True):
        for x in range(coordinate.max() + 1):
            found = np.flatnonzero(coordinate == x)
            sizes.append(found.size)
            sites.append(words_of(found))
            phases.append(wave[found[0]])
    return Waves(
        first_plane=np.cumsum([0, *shape]),
        first_site=np.cumsum([0, *(s.size for s in sites)]),
        sites=np.concatenate([*sites, words_of(np.zeros(0, np.int64))]),
        phases=np.array(phases, dtype=np.float64).reshape(-1, 2),
        sizes=np.array(sizes, dtype=np.int64),
    )


def passes_of(layout: Layout) -> tuple[IntArray, IntArray, IntArray]:
    """Passes, first entries and entries that compare all pairs of replicas."""
    places = layout.places()
    a, b = np.triu_indices(layout.n_replicas, 1)
    first, second = places[:, a], places[:, b]  # (n_samples, n_pairs, 3)
    columns, bits = (second - first)[..., 1], (second - first)[..., 2]
    shape = columns.shape
    keys = np.stack([first[..., 0], second[..., 0], columns,
                     np.maximum(-bits, 0), np.maximum(bits, 0)], axis=-1)  # fmt: skip
    passes, which = np.unique(keys.reshape(-1, 5), axis=0, return_inverse=True)
    which = which.ravel()
    sample, pair = np.indices(shape)
    rows = np.stack([sample, pair, first[..., 1], first[..., 2]], axis=-1).reshape(-1, 4)
    counts = np.bincount(which, minlength=len(passes))
    first_entry = np.concatenate([[0], np.cumsum(counts)])
    return passes, first_entry, rows[np.argsort(which, kind="stable")]
