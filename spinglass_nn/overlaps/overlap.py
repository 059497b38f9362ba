"""Overlaps and distances between points: raw, after matching, in function space."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import Replica, Replicas
from spinglass_nn.overlaps import _matched, _pairs, activations
from spinglass_nn.overlaps._networks import (
    label_overlaps,
    matched_overlaps,
    networks_of,
    orders_by,
    unit,
)
from spinglass_nn.overlaps.metric import CONVENTIONS, Distances
from spinglass_nn.overlaps.points import (
    Points,
    function_points,
    is_spins,
    labels_of,
    norms,
    spin_points,
    weight_points,
)
from spinglass_nn.overlaps.spin_overlaps import differing_spins, link_overlaps
from spinglass_nn.spins import SpinModel
from spinglass_nn.typing import Float64Array, LabelledData, ProgressLike

KINDS = tuple(CONVENTIONS)
# what is compared, and which symmetries can be removed first
ALIGN = {
    "weights": ("permutations", "balanced"),
    "spins": (),
    "links": (),
    "activations": ("permutations", "balanced", "activations"),
    "labels": (),
    "logits": (),
}


def matrix(
    points: Points,
    *,
    of: str = "weights",
    align: str | None = None,
    layer: int | None = None,
    data: LabelledData | NDArray[Any] | None = None,
    model: SpinModel | ArrayLike | None = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Float64Array:
    r"""Overlaps of all pairs of points.

    - "weights": the cosine :math:`q_{ab} = x_a \cdot x_b / (|x_a| |x_b|)` of the points as
      they are: parameters of networks, of all layers or of one; spins; any vectors.
    - "spins": the same for spins ±1, :math:`q_{ab} = N^{-1}\sum_i s_i^a s_i^b`, counted.
    - "links": :math:`q_{ab} = N_l^{-1}\sum_{(ij)} s_i^a s_j^a s_i^b s_j^b` over the links of
      ``model``. A lattice counts both bonds along a periodic axis of length 2, as
      `spinglass_nn.dynamics` does (`spinglass_nn.spins.exact` takes them for one).
    - "activations": agreement, beyond chance, of which hidden ReLU units are on for which
      samples: :math:`q = \sum_j (p_j - e_j) / \sum_j (1 - e_j)` over hidden units, with
      :math:`p_j` the share of samples on which both are on or both off, and
      :math:`e_j = f_{aj} f_{bj} + (1 - f_{aj})(1 - f_{bj})` what units that are on for shares
      f of the samples reach if they are independent (Cohen's kappa, pooled over units).
    - "labels": agreement of predictions beyond chance, :math:`q_{ab} = (C p_{ab} - 1)/(C - 1)`,
      with p the share of equal predictions and C the number of classes (the overlap of Potts
      spins); chance means equally frequent classes.
    - "logits": cosine of the logits, centred over the classes of each sample. Their mean is
      zero by that, so this is their correlation over all samples and classes.

    Overlaps of spins, links, labels and activations are ratios of exact counts. Those of
    float64 vectors are exact to some 1e-16; of float32 vectors to 1.5e-5 at worst and to 1e-7 as
    a rule, since products are made in float32 and added up in float64 256 at a time.
    `distances` keeps the digits of near points.

    Parameters
    ----------
    points : Replicas, sequence of Replica, or array (n_points, n_dimensions)
        Networks, or any vectors (spin configurations, labels for ``of="labels"``).
    of : {"weights", "spins", "links", "activations", "labels", "logits"}
        What is compared.
    align : {None, "permutations", "balanced", "activations"}
        Remove the symmetries of networks first, pair by pair: permutations of hidden units by
        their weights; rescaling of ReLU units to equal in- and outgoing norm and then
        permutations. For activations, units may also be paired by these, such that q is
        as large as it can be (or nearly: its numerator is). Matching raises the overlap of networks
        that have nothing in common, too: compare with untrained ones.
    layer : int, optional
        Only the parameters of this layer, or the activations of this hidden layer. Matching
        still regards all layers. `layer_matrices` gives all layers.
    data : Dataset or array (n_samples, n_inputs), optional
        Where predictions or activations are compared.
    model : SpinModel or integer array (n_links, 2), optional
        Whose links are compared, or the links themselves.
    n_threads : int, optional
        Threads; the result does not depend on it.
    progress : bool or callable
        Show the matching of pairs.

    Returns
    -------
    array (n_points, n_points)
        Symmetric, unit diagonal, in [-1, 1].

    Raises
    ------
    DataError
        If a point is a zero vector, has NaN entries, or is not ±1 where spins are wanted; if
        predictions or activations do not vary at all.
    ParameterError
        If an option does not fit the points.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> sg.overlaps.matrix([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]).round(3).tolist()
    [[1.0, 0.0, 0.707], [0.0, 1.0, 0.707], [0.707, 0.707, 1.0]]
    >>> ring = [(0, 1), (1, 2), (2, 3), (3, 0)]
    >>> spins = [[1, 1, 1, 1], [1, 1, -1, -1]]
    >>> float(sg.overlaps.matrix(spins, of="links", model=ring)[0, 1])
    0.0
    """
    check.choice(of, "of", ALIGN)
    _check_options(of, align, layer, model)
    if of == "weights":
        return _weight_overlaps(points, align, layer, n_threads, progress)
    if of in ("spins", "links"):
        rows = spin_points(points)
        if of == "spins":
            return _spin_overlaps(rows, n_threads)
        return unit(link_overlaps(rows, model, n_threads))  # type: ignore[arg-type]
    if of == "labels":
        return label_overlaps(points, data, n_threads)
    if of == "logits":
        if data is None:
            raise ParameterError("data must be given to compare logits of networks")
        rows = function_points(networks_of(points), data, of="logits", n_threads=n_threads)
        return _cosines(rows, n_threads)
    found = activations.patterns(networks_of(points), data, n_threads, layer)
    orders_of = None if align is None else orders_by(networks_of(points), align, layer)
    return unit(activations.pattern_overlaps(found, orders_of, n_threads, progress))


def layer_matrices(
    points: Replicas,
    *,
    align: str | None = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Float64Array:
    r"""Overlaps of the parameters of each layer, for all pairs of networks.

    The overlap of all parameters is their mean, weighted with the norms of the layers:
    :math:`q = \sum_l |x_a^l| |x_b^l| q_l / (|x_a| |x_b|)`.

    Parameters
    ----------
    points : Replicas or sequence of Replica
        Networks.
    align : {None, "permutations", "balanced"}
        As for `matrix`; units are matched by all their weights, once for all layers.
    n_threads : int, optional
        Threads; the result does not depend on it.
    progress : bool or callable
        Show the matching of pairs.

    Returns
    -------
    array (n_layers, n_points, n_points)
        Cosines of weights and biases, layer by layer.

    Raises
    ------
    DataError
        If a layer of a network is zero.
    ParameterError
        If the points are not networks, or have no such symmetry.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> replicas = sg.networks.initialize(sg.networks.MLP((4, 8, 2)), n_replicas=3, rng=0)
    >>> raw, matched = (layer_matrices(replicas, align=a) for a in (None, "permutations"))
    >>> raw.shape, bool(matched[0, 0, 1] > raw[0, 0, 1])
    ((2, 3, 3), True)
    """
    replicas = networks_of(points)
    layers = range(replicas.network.n_layers)
    if align is None:
        return np.stack([matrix(replicas, layer=k, n_threads=n_threads) for k in layers])
    check.choice(align, "align", ALIGN["weights"])
    return matched_overlaps(replicas, align, list(layers), n_threads, progress)


def distances(
    points: Points,
    *,
    kind: str = "euclidean",
    data: LabelledData | NDArray[Any] | None = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Distances:
    """Distances of all pairs of points.

    - "euclidean": ``|x_a - x_b|``.
    - "aligned euclidean": the same after the hidden units of b were permuted to match a,
      each pair on its own (matching everything to one reference would distort).
    - "balanced euclidean": aligned euclidean in the balanced gauge, in which the in- and
      outgoing weights of each ReLU unit have equal norm.
    - "1 - overlap": 1 - q; half the squared distance of the directions.
    - "(1 - overlap)/2": half of that; from 0 to 1.
    - ``"1 - |overlap|"``: 1 - abs(q), for points that are known up to a sign only.
    - "angle": arccos q in radians: a metric, as the others of q are not in general.
    - "hamming": share of differing spins, which is (1 - q)/2; points must be spins ±1.
    - "disagreement": share of ``data`` on which the predicted labels differ.

    For distances from other overlaps (links, activations, logits) see `from_overlaps`.

    Distances of spins, and Euclidean ones of small integers, are exact but for the last
    rounding. For float32 points products are made in float32; the relative error of ``d^2`` (of
    d itself for those that are linear in q) stays below 2.5e-4, and is 1e-6 as a rule: pairs
    with ``d^2`` below a sixteenth of the sum of their squared distances from the centre are
    made again in float64, the nearest pairs from the differences of their components. Equal
    points have distance zero, however many they are.

    Parameters
    ----------
    points : Replicas, sequence of Replica, or array (n_points, n_dimensions)
        Networks or any vectors; integer labels (n_points, n_samples) for "disagreement".
    kind : str
        One of the nine.
    data : Dataset or array (n_samples, n_inputs), optional
        Where predictions are compared.
    n_threads : int, optional
        Threads; the result does not depend on it.
    progress : bool or callable
        Show the matching of pairs.

    Returns
    -------
    Distances
        Values, kind and convention.

    Raises
    ------
    DataError
        If there are fewer than two points, NaN entries, zero vectors where directions are
        needed, or entries other than ±1 where spins are.
    ParameterError
        If the kind does not fit the points.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> sg.overlaps.distances([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]).values[0].round(9).tolist()
    [0.0, 5.0, 1.0]
    >>> found = sg.overlaps.distances([[1, 1, -1, 1], [1, 1, 1, 1]], kind="hamming")
    >>> float(found.values[0, 1]), found.convention
    (0.25, 'd = (1 - q)/2 of spins ±1, the share of spins that differ')
    """
    check.choice(kind, "kind", KINDS)
    if kind == "disagreement":
        labels = labels_of(points, data, n_threads)
        return _made(1.0 - _pairs.agreement(labels, n_threads), kind, labels.shape[1])
    if kind in ("aligned euclidean", "balanced euclidean"):
        replicas = networks_of(points)
        balanced = kind.startswith("balanced")
        values = _matched.aligned(
            replicas, _separation, balanced=balanced, n_threads=n_threads, progress=progress
        )
        return _made(values, kind, replicas.network.n_parameters)
    rows = spin_points(points) if kind == "hamming" else weight_points(points)
    if kind == "euclidean":
        squares = _pairs.squared_distances(rows, n_threads=n_threads)
        return _made(np.sqrt(squares), kind, rows.shape[1])
    return _made(_of_directions(rows, kind, n_threads), kind, rows.shape[1])


def _of_directions(rows: NDArray[Any], kind: str, n_threads: int | None) -> Float64Array:
    """Distances that are functions of q, from 1 - q, which keeps its digits where q is 1."""
    absolute = kind == "1 - |overlap|"
    if kind == "hamming" or is_spins(rows):
        differ = differing_spins(rows, n_threads)
        if absolute:
            differ = np.minimum(differ, rows.shape[1] - differ)
        below = 2 * differ / rows.shape[1]
    else:
        below = _pairs.squared_distances(
            rows, scale=norms(rows), absolute=absolute, n_threads=n_threads
        )
        below /= 2  # half the squared distance of directions
    if kind == "angle":
        below = 2 * np.arcsin(np.sqrt(np.minimum(below / 2, 1.0)))
    elif kind in ("hamming", "(1 - overlap)/2"):
        below = below / 2
    return np.asarray(below, dtype=np.float64)


def _made(values: Float64Array, kind: str, n_dimensions: int) -> Distances:
    np.fill_diagonal(values, 0.0)
    return Distances(values, kind, CONVENTIONS[kind], n_dimensions)


def _check_options(of: str, align: str | None, layer: int | None, model: Any) -> None:
    if align is not None and align not in ALIGN[of]:
        if not ALIGN[of]:
            raise ParameterError(
                f"align must be None for of={of!r}, which knows no order of hidden units; "
                f"got {align!r}"
            )
        check.choice(align, "align", ALIGN[of])
    if layer is not None and of not in ("weights", "activations"):
        raise ParameterError(f"layer must be None for of={of!r}, got {layer}")
    if (model is None) == (of == "links"):
        wanted = "given" if of == "links" else "None"
        raise ParameterError(f"model must be {wanted} for of={of!r}, got {model!r}")


def _weight_overlaps(
    points: Points,
    align: str | None,
    layer: int | None,
    n_threads: int | None,
    progress: ProgressLike,
) -> Float64Array:
    rows = weight_points(points, layer=layer)
    if align is not None:
        found = matched_overlaps(networks_of(points), align, [layer], n_threads, progress)
        return np.asarray(found[0])
    return _spin_overlaps(rows, n_threads) if is_spins(rows) else _cosines(rows, n_threads)


def _cosines(rows: NDArray[Any], n_threads: int | None) -> Float64Array:
    return unit(_pairs.cosines(rows, norms(rows), n_threads))


def _spin_overlaps(rows: NDArray[Any], n_threads: int | None) -> Float64Array:
    n_spins = rows.shape[1]
    return unit((n_spins - 2 * differing_spins(rows, n_threads)) / n_spins)


def _separation(a: Replica, b: Replica) -> float:
    return float(np.linalg.norm(a.weights - b.weights))
