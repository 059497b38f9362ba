"""Protocol (b): straight paths between permuted copies and between solutions."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.landscape import LossCurve, interpolate, loss_curve, loss_curves, swap_chain
from spinglass_nn.networks import Replica, Replicas, loss
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters, probe
from spinglass_nn.studies.recipes.liao2024.solutions import Solutions
from spinglass_nn.studies.task import Context
from spinglass_nn.symmetries import match, random_permutation
from spinglass_nn.typing import Float64Array

STAGES = ("untrained", "early", "trained")


@result()
class Interpolation:
    """Barriers between copies of one solution, and between independent solutions.

    Parameters
    ----------
    fractions : array (n_fractions,)
        Shares of hidden units moved.
    barriers : array (n_fractions, n_permutations)
        b1: barrier on the straight line to the permuted copy; permutation k is of solution
        k, around again where there are more.
    peaks : array (n_fractions, n_permutations)
        Where on the line the barrier stands, 0 to 1.
    accuracy_barriers : array (n_fractions, n_permutations)
        How far the train accuracy falls below the chord on the same lines.
    swap_barriers : array (n_permutations,)
        Barrier of one single swap.
    copies : tuple of LossCurve
        The curves at the largest share.
    chain : LossCurve
        b2: a random permutation of the first solution as a chain of single swaps.
    chain_direct : LossCurve
        The straight line to the same copy.
    pairs, matched, shuffled : tuple of LossCurve
        b4, b5, b6: two independent solutions; the second matched to the first; the second
        permuted at random.
    own : array (n_pairs, 2)
        Barrier from each solution of a pair to its own copy, under the permutation that
        shuffled the second.
    stages : tuple of str
        Points of training, of the same runs.
    stage_losses : array (n_stages, n_pairs)
        Mean loss of the two ends.
    stage_barriers : array (n_stages, n_pairs, 2)
        Barrier between them, as they are and matched.
    similarity : array (n_pairs, 2)
        Overlap of the pairs before and after matching.
    untrained_similarity : array (n_pairs,)
        The same after matching of untrained networks: what matching alone does.
    copy_error : float
        Largest difference of the loss between a solution and its copies, in float64.
    """

    fractions: Float64Array
    barriers: Float64Array
    peaks: Float64Array
    accuracy_barriers: Float64Array
    swap_barriers: Float64Array
    copies: tuple[LossCurve, ...]
    chain: LossCurve
    chain_direct: LossCurve
    pairs: tuple[LossCurve, ...]
    matched: tuple[LossCurve, ...]
    shuffled: tuple[LossCurve, ...]
    own: Float64Array
    stages: tuple[str, ...]
    stage_losses: Float64Array
    stage_barriers: Float64Array
    similarity: Float64Array
    untrained_similarity: Float64Array
    copy_error: float


def run(context: Context) -> Interpolation:
    """Interpolate between copies and between solutions."""
    p: Parameters = context.parameters
    found: Solutions = context.results["solutions"]
    solutions, net = found.independent, found.independent.network
    data = probe(p, context.shared, test=True)
    single = 2 / net.hidden_sizes[0]
    fractions = [max(f, single) for f in p.fractions]  # a permutation moves at least two
    curves = [_to_copies(context, data, solutions, f, (1, i)) for i, f in enumerate(fractions)]
    swaps = _to_copies(context, data, solutions, single, (2,))
    whole = random_permutation(net, rng=context.rng(3))
    chain = swap_chain(solutions[0], whole, n_points_per_leg=5)
    direct = interpolate(solutions[0], whole.apply(solutions[0]), n_points=p.n_points)
    pairs = solution_pairs(len(solutions), p.n_pairs)
    lines = []
    with track(len(pairs), "paths between solutions", context.progress) as tick:
        for n, pair in enumerate(pairs):
            lines.append(_pair_lines(context, data, solutions, pair, (4, n)))
            tick(1)
    earlier = [_stage(context, data, points, pairs) for points in (found.initial, found.early)]
    stages = [*earlier, [(curves[0], curves[1]) for curves, _ in lines]]
    return Interpolation(
        fractions=np.array(fractions),
        barriers=np.array([[c.barrier for c in row] for row in curves]),
        peaks=np.array([[c.barrier_position for c in row] for row in curves]),
        accuracy_barriers=np.array([[c.accuracy_barrier for c in row] for row in curves]),
        swap_barriers=np.array([c.barrier for c in swaps]),
        copies=tuple(curves[-1]),
        chain=loss_curve(net, data, chain, n_threads=context.n_threads),
        chain_direct=loss_curve(net, data, direct, n_threads=context.n_threads),
        pairs=tuple(curves[0] for curves, _ in lines),
        matched=tuple(curves[1] for curves, _ in lines),
        shuffled=tuple(curves[2] for curves, _ in lines),
        own=np.array([[c.barrier for c in curves[3:]] for curves, _ in lines]),
        stages=STAGES,
        stage_losses=np.array(
            [[(raw.loss[0] + raw.loss[-1]) / 2 for raw, _ in stage] for stage in stages]
        ),
        stage_barriers=np.array(
            [[(raw.barrier, matched.barrier) for raw, matched in stage] for stage in stages]
        ),
        similarity=np.array([s for _, s in lines]),
        untrained_similarity=np.array(
            [match(found.initial[a], found.initial[b]).similarity_after for a, b in pairs]
        ),
        copy_error=_copy_error(context, data, solutions[0]),
    )


def _to_copies(
    context: Context,
    data: Dataset,
    solutions: Replicas,
    fraction: float,
    index: tuple[int, ...],
) -> list[LossCurve]:
    """Curves to copies of one solution after the other."""
    total, curves = context.parameters.n_permutations, []
    with track(total, f"paths to copies, {fraction:.0%} moved", context.progress) as tick:
        for k in range(total):
            solution = solutions[k % len(solutions)]
            curves.append(_to_copy(context, data, solution, fraction, (*index, k)))
            tick(1)
    return curves


def _to_copy(
    context: Context,
    data: Dataset,
    solution: Replica,
    fraction: float,
    index: tuple[int, ...],
) -> LossCurve:
    p: Parameters = context.parameters
    permutation = random_permutation(
        solution.network,
        fraction=fraction,
        kind="cycle" if fraction < 1 else "uniform",
        rng=context.rng(*index),
    )
    path = interpolate(
        solution,
        permutation.apply(solution),
        n_points=p.n_points,
        name=f"copy with {fraction:.0%} of units moved",
    )
    return loss_curve(solution.network, data, path, n_threads=context.n_threads)


def solution_pairs(n_solutions: int, n_pairs: int) -> list[tuple[int, int]]:
    """Pairs that share no solution as long as there are enough, then neighbours again."""
    disjoint = [(2 * k, 2 * k + 1) for k in range(n_solutions // 2)]
    shifted = [(2 * k + 1, (2 * k + 2) % n_solutions) for k in range(n_solutions // 2)]
    return (disjoint + shifted)[:n_pairs]


def _pair_lines(
    context: Context,
    data: Dataset,
    solutions: Replicas,
    pair: tuple[int, int],
    index: tuple[int, ...],
) -> tuple[list[LossCurve], tuple[float, float]]:
    """Independent, matched, shuffled, and both to their own copies; overlaps of the pair."""
    p: Parameters = context.parameters
    a, b = solutions[pair[0]], solutions[pair[1]]
    matched = match(a, b)
    shuffled = random_permutation(solutions.network, rng=context.rng(*index))
    ends = [
        (a, b, "independent"),
        (a, matched.apply(b), "matched"),
        (a, shuffled.apply(b), "shuffled"),
        (a, shuffled.apply(a), "own copy"),
        (b, shuffled.apply(b), "own copy"),
    ]
    paths = [interpolate(*end[:2], n_points=p.n_points, name=end[2]) for end in ends]
    curves = loss_curves(solutions.network, data, paths, n_threads=context.n_threads)
    return list(curves), (matched.similarity_before, matched.similarity_after)


def _stage(
    context: Context, data: Dataset, points: Replicas, pairs: list[tuple[int, int]]
) -> list[tuple[LossCurve, LossCurve]]:
    """Lines of every pair at one point of training, as they are and matched."""
    lines = []
    for a, b in ((points[i], points[j]) for i, j in pairs):
        lines += [
            interpolate(a, end, n_points=context.parameters.n_points)
            for end in (b, match(a, b).apply(b))
        ]
    curves = loss_curves(points.network, data, lines, test=False, n_threads=context.n_threads)
    return list(zip(curves[::2], curves[1::2], strict=True))


def _copy_error(context: Context, data: Dataset, solution: Replica) -> float:
    """Copies have the loss of the original: the largest difference found, in float64."""
    exact = Replica(solution.network, solution.weights.astype(np.float64))
    copies = [
        random_permutation(exact.network, rng=context.rng(5, k)).apply(exact).weights
        for k in range(4)
    ]
    losses = loss(
        exact.network, np.stack([exact.weights, *copies]), data, n_threads=context.n_threads
    )
    return float(np.abs(losses[1:] - losses[0]).max())
