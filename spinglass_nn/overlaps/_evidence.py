"""Evidence against a null model: many statistics, many samples, one corrected p-value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.overlaps._null_draws import Draw, from_squares, squares_of
from spinglass_nn.overlaps.metric import Distances
from spinglass_nn.overlaps.ultrametric import MEASURES, tree_measures
from spinglass_nn.typing import Float64Array, IntArray

# those that do not take concentration of distances for a tree
USED = tuple(k for k, measure in enumerate(MEASURES) if not measure.concentrates)
TREE_WARDS = np.array([1.0 if MEASURES[k].side == "high" else -1.0 for k in USED])

Plan = Callable[[np.random.Generator, Float64Array], Float64Array]
Tick = Callable[[int], None]


class Comparison(NamedTuple):
    """Samples beside one null model each.

    Parameters
    ----------
    draws : array (n_null, n_samples, n_statistics)
        Statistics of the null draws.
    mean, sd : arrays (n_samples, n_statistics)
        Of the draws and the sample together: were it one more draw, nothing would tell it.
    scores : array (n_samples, n_statistics)
        How far the samples lie towards trees, in standard deviations.
    drawn : array (n_null, n_samples, n_statistics)
        The same of the null draws.
    """

    draws: Float64Array
    mean: Float64Array
    sd: Float64Array
    scores: Float64Array
    drawn: Float64Array


def statistics_of(values: Float64Array) -> Float64Array:
    """The statistics used, of a matrix of distances."""
    pairs = values[np.triu_indices(values.shape[0], 1)]
    return tree_measures(np.ascontiguousarray(values), pairs)[list(USED)]


def draw_statistics(
    draw: Draw, seed: Seed, place: tuple[int, ...], n_draws: int, n_threads: int | None
) -> Float64Array:
    """Statistics (n_draws, n_statistics) of draws, each from a stream of its own."""

    def one(index: int) -> Float64Array:
        return statistics_of(draw(seed.generator(Stream.NULLS, *place, index)))

    return np.array(threads.run(one, range(n_draws), n_threads))


def compared(observed: Float64Array, draws: Float64Array) -> Comparison:
    """Scores of one sample (n_statistics,) and of its draws (n_null, n_statistics)."""
    together = np.concatenate([draws, observed[None]])
    mean, sd = together.mean(axis=0), together.std(axis=0, ddof=1)
    sd = np.where(sd > 1e-12, sd, np.inf)  # a statistic that does not vary tells nothing
    scores = TREE_WARDS * (observed - mean) / sd
    drawn = TREE_WARDS * (draws - mean) / sd
    return Comparison(draws[:, None], mean[None], sd[None], scores[None], drawn[:, None])


def in_null_units(comparison: Comparison, observed: Float64Array) -> Float64Array:
    """Deviations (n_samples, n_statistics) towards trees in standard deviations of draws."""
    sd = comparison.draws.std(axis=0, ddof=1)
    deviations = observed - comparison.draws.mean(axis=0)
    found: Float64Array = TREE_WARDS * deviations / np.where(sd > 1e-12, sd, np.inf)
    return found


def joined(parts: Sequence[Comparison]) -> Comparison:
    """Several samples as one comparison."""
    return Comparison(
        np.concatenate([part.draws for part in parts], axis=1),
        np.concatenate([part.mean for part in parts]),
        np.concatenate([part.sd for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.drawn for part in parts], axis=1),
    )


def corrected(comparison: Comparison, scores: Float64Array) -> Float64Array:
    """P-values of statistics averaged over samples, corrected for the number of statistics.

    The largest score of each draw is what chance alone makes of so many statistics, related
    as they are (Westfall and Young's single step).
    """
    mean = scores.mean(axis=-2)
    largest = comparison.drawn.mean(axis=1).max(axis=1)
    beyond = (largest[:, None] >= mean[..., None, :]).sum(axis=-2)
    found: Float64Array = (1 + beyond) / (1 + largest.size)
    return found


def control_scores(
    comparison: Comparison,
    controls: Sequence[Draw],
    seed: Seed,
    n_controls: int,
    n_threads: int | None,
) -> Float64Array:
    """Scores (n_controls, n_samples, n_statistics) of positive controls under the null."""
    found = [
        draw_statistics(draw, seed, (1, sample), n_controls, n_threads)
        for sample, draw in enumerate(controls)
    ]
    deviations = np.stack(found, axis=1) - comparison.mean
    scores: Float64Array = TREE_WARDS * deviations / comparison.sd
    return scores


def half_a_tree(found: Distances, null: Draw) -> Draw:
    """Null draws, half of whose variance of squared distances is made that of a tree.

    The tree has three levels of two branches each; points are dealt to its eight leaves.
    """
    upper = np.triu_indices(found.n_points, 1)

    def draw(generator: np.random.Generator) -> Float64Array:
        squares = squares_of(Distances(null(generator), found.kind))
        pairs = squares[upper]
        tree = _depth(generator.integers(0, 2, (found.n_points, 3)))
        part = tree[upper]
        spread = part.std()
        if spread > 0:
            tree = (tree - part.mean()) / spread * pairs.std()
        mean = pairs.mean()
        return from_squares(mean + np.sqrt(0.5) * (squares - mean - tree), found)

    return draw


def _depth(bits: IntArray) -> Float64Array:
    """How many leading bits two points share."""
    same = bits[:, None, :] == bits[None, :, :]
    depth: Float64Array = np.cumprod(same, axis=2).sum(axis=2).astype(np.float64)
    return depth


def second_level(found: Distances, labels: IntArray, null: Draw) -> Draw | None:
    """Draws of clusters without hierarchy, with half a level added above or below.

    Four clusters or more are dealt to two groups, and what is in different groups is moved
    apart by half of what separates clusters; fewer clusters are split in two, each half
    that far from the other. None where clusters are not separated.
    """
    squares = squares_of(found)
    same = labels[:, None] == labels[None, :]
    pairs = np.triu(np.ones_like(same), 1)
    if not (same & pairs).any() or not (~same & pairs).any():
        return None
    gap = float(squares[~same & pairs].mean() - squares[same & pairs].mean())
    n_clusters = int(labels.max()) + 1
    if gap <= 0:
        return None

    def draw(generator: np.random.Generator) -> Float64Array:
        drawn = squares_of(Distances(null(generator), found.kind)).copy()
        if n_clusters >= 4:
            group = generator.permutation(n_clusters) % 2
            apart = group[labels][:, None] != group[labels][None, :]
        else:
            half = generator.permutation(found.n_points) % 2
            apart = (half[:, None] != half[None, :]) & same
        drawn[apart] += gap / 2
        return from_squares(drawn, found)

    return draw
