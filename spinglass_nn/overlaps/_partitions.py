"""Ways to cut points into clusters, from which a verdict takes the least tree-like."""

from __future__ import annotations

from spinglass_nn.overlaps._null_draws import OVERLAP_UNITS
from spinglass_nn.overlaps._stars import directions
from spinglass_nn.overlaps.clustering import cluster
from spinglass_nn.overlaps.metric import Distances
from spinglass_nn.typing import IntArray

_MOST_CLUSTERS = 24


def partitions(sample: Distances) -> list[IntArray]:
    """Cuts of average linkage into 2 to n/2 clusters, by distance and by direction.

    Points far from the centre of a wide cluster are far from each other, and are cut off one by
    one; their directions from the centre of all points tell that they belong together.
    """
    trees = [cluster(sample, optimal_order=False)]
    if sample.kind not in OVERLAP_UNITS:
        trees.append(cluster(directions(sample), optimal_order=False))
    most = min(sample.n_points // 2, _MOST_CLUSTERS)
    found: dict[bytes, IntArray] = {}
    for tree in trees:
        for number in range(2, most + 1):
            labels = tree.labels(number)
            found.setdefault(labels.tobytes(), labels)
    return list(found.values())
