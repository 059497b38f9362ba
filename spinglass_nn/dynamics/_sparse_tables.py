"""What the kernels of the sparse engine are handed: tuples of arrays, made here."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.simd import aligned
from spinglass_nn._core.streams import States, stream_states
from spinglass_nn.dynamics._engine import Setting
from spinglass_nn.dynamics._geometry import Geometry
from spinglass_nn.dynamics._reluctance import quantum_of, reluctance
from spinglass_nn.spins.graphs import IsingGraph
from spinglass_nn.typing import Float64Array, IntArray

Floats = NDArray[np.float32]
Words = NDArray[np.uint64]
Indices = NDArray[np.int32]

_PLACES = 512  # sites that are packed at a time


class Network(NamedTuple):
    """A graph for sweeps: bonds of coupling 0 left out, neighbours ascending.

    Parameters
    ----------
    first : array (n_spins + 1,)
        Where the bonds of each spin begin; without sign, which spares loops a test.
    middle : array (n_spins,)
        Where its bonds to later spins begin.
    neighbors : array (n_entries,)
        The other end of each bond.
    couplings, fields : arrays (n_entries,) and (n_spins,)
        In float32, as the sweeps use them.
    exact, exact_fields : arrays
        The same in float64.
    free : array
        Spins that nothing acts on.
    quantum : float
        What all couplings and fields are multiples of; 0 if there is no such number.
    """

    first: Words
    middle: Words
    neighbors: Indices
    couplings: Floats
    fields: Floats
    exact: Float64Array
    exact_fields: Float64Array
    free: Indices
    quantum: float


class Systems(NamedTuple):
    """The systems of one sample; lane r * n_temperatures + c is system c of replica r.

    Parameters
    ----------
    blocks : array (n_blocks, 2)
        First vector of 16 lanes and number of vectors, 4, 2 or 1, of each block.
    starts, widths : arrays (n_lanes,)
        Where the spins of a lane begin, and how many vectors lie between two of them.
    spins : array
        Block by block, site by site, ±1.
    scales : array (n_lanes,)
        -T ln 2 / 2 in the units of `halvings`.
    idle : array (16,)
        In the same units, where Metropolis refuses flips that cost nothing.
    sums, energy : arrays (2 n_lanes,), (n_lanes,)
        Energies as pairs of float32, and after a sweep in one float64.
    states : array
        Random words of each block.
    """

    blocks: IntArray
    starts: IntArray
    widths: IntArray
    spins: Floats
    scales: Floats
    idle: Floats
    sums: Floats
    energy: Float64Array
    states: Words


class Ladders(NamedTuple):
    """Where the systems of one sample are on their ladders of temperatures.

    Parameters
    ----------
    scale_at : array (n_temperatures,)
        Thresholds, as in `Systems`.
    order : array (n_replicas, n_temperatures)
        Which system of a replica is at each temperature.
    labels : array (n_replicas, n_temperatures)
        Which end of the ladder each system saw last.
    inverse_temperatures : array (n_temperatures,)
        1 / T.
    exchanges, clusters : arrays (n_replicas, 4), (4,)
        Scalar random streams.
    lowest : array (1,)
        Lowest energy as the sweeps compute it.
    n_sweeps : array (1,)
        Sweeps so far.
    """

    scale_at: Floats
    order: IntArray
    labels: IntArray
    inverse_temperatures: Float64Array
    exchanges: States
    clusters: States
    lowest: Float64Array
    n_sweeps: IntArray


class Room(NamedTuple):
    """Scratch memory of one sample; see `_sparse_bits_kernels` for packed forms."""

    bits: Words  # (n_systems, n_words)
    row_of: IntArray  # (n_lanes,)
    rows: Words  # (512,)
    sites: Words  # one word a place, and one that stays 0
    joint: Words  # (n_words,)
    inside: Words  # (n_words,)
    stack: Indices  # (n_spins,)
    planes: Words
    real: Float64Array  # (64,)
    imaginary: Float64Array  # (64,)


class Tables(NamedTuple):
    """What is measured, by places of packed sites; a pair with the empty place is one site."""

    bits_wanted: bool
    sites_wanted: bool
    n_links: int
    links: Indices  # (n_links, 2)
    sites: Indices  # (n_spins, 2)
    layers: IntArray
    first_plane: IntArray  # (n_axes + 1,)
    plane_starts: IntArray  # (n_planes + 1,)
    plane_sites: Indices  # (n_axes n_spins, 2)
    cosines: Float64Array  # (n_planes,)
    sines: Float64Array  # (n_planes,)


class Plan(NamedTuple):
    """The setting, as far as kernels need it.

    Between two measurements all blocks go ``outer`` times through ``inner`` sweeps each: if
    systems neither exchange nor form clusters, a block does all its sweeps while it is in the
    cache.
    """

    exchange: bool
    outer: int
    inner: int
    cluster_every: int


def network_of(graph: IsingGraph) -> Network:
    """Tables of a graph for sweeps."""
    n = graph.n_spins
    site = np.repeat(np.arange(n), np.diff(graph.first))
    kept = graph.couplings != 0
    site, neighbors, exact = site[kept], graph.neighbors[kept], graph.couplings[kept]
    first = np.concatenate([[0], np.cumsum(np.bincount(site, minlength=n))])
    middle = first[:-1] + np.bincount(site[neighbors < site], minlength=n)
    free = (np.diff(first) == 0) & (graph.fields == 0)
    return Network(
        first=first.astype(np.uint64),
        middle=middle.astype(np.uint64),
        neighbors=neighbors.astype(np.int32),
        couplings=exact.astype(np.float32),
        fields=graph.fields.astype(np.float32),
        exact=exact,
        exact_fields=np.array(graph.fields),
        free=np.flatnonzero(free).astype(np.int32),
        quantum=quantum_of(exact, graph.fields),
    )


def blocks_of(n_systems: int) -> IntArray:
    """First vector and number of vectors of the blocks that hold so many lanes."""
    n_vectors = -(-n_systems // 16)
    widths = [4] * (n_vectors // 4) + [w for w in (2, 1) if n_vectors % 4 & w]
    starts = np.cumsum([0, *widths])[:-1]
    return np.stack([starts, widths], axis=1).astype(np.int64)


def systems_of(n_systems: int, n_spins: int) -> Systems:
    """Room for the systems of a sample; spins and random states are not set."""
    blocks = blocks_of(n_systems)
    n_lanes = 16 * int(blocks[:, 1].sum())
    widths = np.repeat(blocks[:, 1], 16 * blocks[:, 1])
    begins = np.repeat(16 * blocks[:, 0], 16 * blocks[:, 1])
    systems = Systems(
        blocks=blocks,
        starts=begins * n_spins + np.arange(n_lanes) - begins,
        widths=widths,
        spins=aligned(n_lanes * n_spins, np.float32),
        scales=aligned(n_lanes, np.float32),
        idle=aligned(16, np.float32),
        sums=aligned(2 * n_lanes, np.float32),
        energy=np.zeros(n_lanes),
        states=aligned(32 * len(blocks), np.uint64),
    )
    systems.spins[:] = 1.0  # lanes that are not used run along
    systems.scales[:] = -1.0
    return systems


def ladders_of(setting: Setting, sample: int) -> Ladders:
    """The ladders of a sample, each in order; the temperatures are not set."""
    n_replicas, n_temperatures = setting.n_replicas, len(setting.temperatures)
    return Ladders(
        scale_at=np.zeros(n_temperatures, dtype=np.float32),
        order=np.tile(np.arange(n_temperatures), (n_replicas, 1)),
        labels=np.zeros((n_replicas, n_temperatures), dtype=np.int64),
        inverse_temperatures=np.zeros(n_temperatures),
        exchanges=_exchange_streams(setting, sample),
        clusters=stream_states(setting.seed, Stream.CLUSTERS, 1, sample)[0],
        lowest=np.full(1, np.inf),
        n_sweeps=np.zeros(1, dtype=np.int64),
    )


def _exchange_streams(setting: Setting, sample: int) -> States:
    if setting.exchange:
        return stream_states(setting.seed, Stream.EXCHANGE, setting.n_replicas, sample)
    return np.zeros((setting.n_replicas, 4), dtype=np.uint64)


def room_of(n_systems: int, n_spins: int, n_links: int, n_lanes: int) -> Room:
    """Scratch memory of one sample."""
    n_words = -(-n_spins // _PLACES) * 8
    n_planes = max(3, max(n_spins, n_links).bit_length()) + 1
    return Room(
        bits=aligned((n_systems, n_words), np.uint64),
        row_of=np.arange(n_lanes),
        rows=aligned(_PLACES, np.uint64),
        sites=aligned(64 * n_words + 8, np.uint64),
        joint=aligned(n_words, np.uint64),
        inside=aligned(n_words, np.uint64),
        stack=np.zeros(n_spins, dtype=np.int32),
        planes=aligned(n_planes, np.uint64),
        real=np.zeros(64),
        imaginary=np.zeros(64),
    )


def tables_of(geometry: Geometry, n_links: int, observables: tuple[str, ...]) -> Tables:
    """Links, layers and planes of equal phase, by the places of packed sites."""
    n = geometry.n_spins
    empty = 64 * (-(-n // _PLACES) * 8)
    place = places(np.arange(n))
    alone = np.stack([place, np.full(n, empty)], axis=1)
    starts, sites, cosines, sines, first = [0], [np.zeros(0, dtype=np.int64)], [], [], [0]
    for wave in geometry.waves:
        values, which = np.unique(np.round(wave, 12), axis=0, return_inverse=True)
        sites.append(np.argsort(which.ravel(), kind="stable"))
        starts.extend((starts[-1] + np.cumsum(np.bincount(which.ravel()))).tolist())
        cosines.extend(values[:, 0].tolist())
        sines.extend(values[:, 1].tolist())
        first.append(len(cosines))
    of_sites = bool({"link_overlap", "structure", "layers"} & set(observables))
    return Tables(
        bits_wanted=bool(observables),
        sites_wanted=of_sites,
        n_links=n_links,
        links=np.ascontiguousarray(places(geometry.links), dtype=np.int32),
        sites=alone.astype(np.int32),
        layers=np.asarray(geometry.layers, dtype=np.int64),
        first_plane=np.array(first, dtype=np.int64),
        plane_starts=np.array(starts, dtype=np.int64),
        plane_sites=np.ascontiguousarray(alone[np.concatenate(sites)], dtype=np.int32),
        cosines=np.array(cosines, dtype=np.float64),
        sines=np.array(sines, dtype=np.float64),
    )


def places(sites: Any) -> IntArray:
    """Where the words of sites stand among packed sites."""
    found: IntArray = (sites & ~(_PLACES - 1)) + 8 * (sites & 63) + ((sites >> 6) & 7)
    return found


def scales_at(temperatures: Float64Array, unit: float) -> Floats:
    """-T ln 2 / 2 in the units of the random variates; finite for infinite T."""
    finite = np.minimum(temperatures, 1e30)
    return (-0.5 * math.log(2.0) * unit * finite).astype(np.float32)


def idle_at(quantum: float, temperatures: Float64Array, unit: float) -> float:
    """Where flips that cost nothing are refused, in the units of the random variates."""
    return reluctance(quantum, temperatures) / math.log(2.0) / unit


def draw_words(seed: Seed, sample: int, states: Words, bits: Words, n_spins: int) -> None:
    """Fill the random states of a sample, and packed random configurations."""
    generator = seed.generator(Stream.MOVES, sample)
    states[:] = generator.integers(0, 2**64, states.shape, dtype=np.uint64)
    bits[:] = generator.integers(0, 2**64, bits.shape, dtype=np.uint64)
    used = np.arange(64 * bits.shape[1]) < n_spins
    bits &= np.packbits(used, bitorder="little").view("<u8").astype(np.uint64)


def set_scales(systems: Systems, ladders: Ladders) -> None:
    """Thresholds of the lanes from the temperatures they have now."""
    n_replicas, n_temperatures = ladders.order.shape
    lanes = ladders.order + n_temperatures * np.arange(n_replicas)[:, None]
    systems.scales[lanes] = ladders.scale_at


def rows_of(ladders: Ladders, n_lanes: int) -> IntArray:
    """The row of each lane among configurations ordered by replica and temperature."""
    n_replicas, n_temperatures = ladders.order.shape
    lanes = ladders.order + n_temperatures * np.arange(n_replicas)[:, None]
    rows: IntArray = np.zeros(n_lanes, dtype=np.int64)
    rows[lanes.ravel()] = np.arange(lanes.size)
    return rows


def unpacked(bits: Words, n_spins: int) -> NDArray[np.int8]:
    """Spins (n_systems, n_spins) of packed configurations."""
    octets = bits.astype("<u8", copy=False).view(np.uint8)
    down = np.unpackbits(octets, axis=1, count=n_spins, bitorder="little")
    found: NDArray[np.int8] = 1 - 2 * down.view(np.int8)
    return found


def packed(spins: NDArray[np.int8], n_words: int) -> Words:
    """Packed configurations (n_systems, n_words) of spins (n_systems, n_spins)."""
    octets = np.zeros((len(spins), 8 * n_words), dtype=np.uint8)
    found = np.packbits(spins < 0, axis=1, bitorder="little")
    octets[:, : found.shape[1]] = found
    return octets.view("<u8").astype(np.uint64)
