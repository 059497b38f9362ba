"""Data whose structure is known: labels from a teacher network, mixtures of Gaussians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.linalg import helmert
from scipy.special import ndtr

from spinglass_nn._core import check
from spinglass_nn._core.random import Seed, Stream, seed_of
from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.networks import MLP, Replica, initialize, logits
from spinglass_nn.typing import RNG, Float64Array, IntArray

_HIDDEN = 4  # units of the default teacher
_TRAIN, _TEST, _STRUCTURE = 0, 1, 2  # indices of random streams


def teacher_student(
    n_inputs: int,
    n_samples: int,
    *,
    teacher: MLP | Replica | None = None,
    noise: float = 0.0,
    task: str = "regression",
    n_test: int = 1000,
    rng: RNG = None,
) -> Dataset:
    r"""Gaussian inputs with the answers of a teacher network.

    .. math:: x \sim N(0, 1)^d, \quad y = f_T(x) + \epsilon, \quad \epsilon \sim N(0, \sigma^2)

    Parameters
    ----------
    n_inputs : int
        Dimension d of the inputs.
    n_samples : int
        Number of training samples.
    teacher : MLP or Replica, optional
        A `Replica` is taken with its weights; for an `MLP` weights are drawn. Default: an
        MLP with 4 tanh units (regression, one output; classification, two).
    noise : float
        Regression: standard deviation σ of the noise on each target. Classification:
        probability that a label is replaced by another class, drawn uniformly.
    task : {"regression", "classification"}
        Targets are the teacher's outputs, or labels its largest output (the sign of a
        single one).
    n_test : int
        Number of test samples of the same law, noise included; 0 for no test set.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    Dataset
        Inputs (n_samples, n_inputs) in float64.

    Raises
    ------
    ParameterError
        If a number makes no sense or the task is unknown.
    ShapeError
        If the teacher does not take ``n_inputs`` inputs.

    References
    ----------
    D. Saad and S. A. Solla, Phys. Rev. E 52 (1995) 4225.

    Examples
    --------
    >>> teacher_student(20, 200, rng=1)
    <teacher-student (regression): 200 x 20, regression, 1000 held out>
    """
    n_inputs = check.count(n_inputs, "n_inputs")
    n_samples = check.count(n_samples, "n_samples")
    n_test = check.count(n_test, "n_test", minimum=0)
    classes = check.choice(task, "task", ("regression", "classification")) != "regression"
    noise = (
        check.within(noise, "noise", 0, 1) if classes else check.non_negative(noise, "noise")
    )
    seed = seed_of(rng)
    replica = _teacher(teacher, n_inputs, classes, seed)
    name = f"teacher-student ({task}{f', noise {noise:g}' if noise else ''})"

    def made(n: int, index: int, title: str, test: Dataset | None) -> Dataset:
        inputs = seed.generator(Stream.DATA, index).standard_normal((n, n_inputs))
        outputs = logits(replica.network, replica, inputs).astype(np.float64)
        generator = seed.generator(Stream.LABELS, index)
        if not classes:
            targets = outputs + noise * generator.standard_normal(outputs.shape)
            return Dataset(inputs, None, targets, None, title, None, test)
        n_classes = max(2, outputs.shape[1])
        labels = _largest(outputs)
        wrong = generator.random(n) < noise
        labels[wrong] += generator.integers(1, n_classes, int(wrong.sum()))
        return Dataset(inputs, labels % n_classes, None, n_classes, title, None, test)

    held_out = made(n_test, _TEST, f"{name}, test", None) if n_test else None
    return made(n_samples, _TRAIN, name, held_out)


def gaussian_mixture(
    n_inputs: int,
    n_samples: int,
    n_classes: int = 2,
    *,
    separation: float = 2.0,
    n_test: int = 1000,
    rng: RNG = None,
) -> Dataset:
    r"""Gaussian clouds of unit variance, one a class, all centres equally far apart.

    The centres form a regular simplex around the origin, turned at random. The least error
    any classifier can reach is `bayes_error`; for two classes it is
    :math:`\Phi(-\Delta/2)`, with Δ the separation and Φ the normal distribution function.

    Parameters
    ----------
    n_inputs : int
        Dimension of the inputs, at least ``n_classes - 1``.
    n_samples : int
        Number of training samples; classes are equal in number up to one.
    n_classes : int
        Number of clouds.
    separation : float
        Distance Δ between any two centres, in standard deviations.
    n_test : int
        Number of test samples of the same law; 0 for no test set.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    Dataset
        Inputs (n_samples, n_inputs) in float64.

    Raises
    ------
    ParameterError
        If a number makes no sense, or the simplex does not fit into ``n_inputs`` dimensions.

    Examples
    --------
    >>> gaussian_mixture(5, 100, separation=3.0, rng=1)
    <Gaussian mixture (separation 3): 100 x 5, 2 classes, 1000 held out>
    """
    n_samples = check.count(n_samples, "n_samples")
    n_classes = check.count(n_classes, "n_classes", minimum=2)
    n_inputs = check.count(n_inputs, "n_inputs", minimum=n_classes - 1)
    n_test = check.count(n_test, "n_test", minimum=0)
    separation = check.non_negative(separation, "separation")
    seed = seed_of(rng)
    frame = _frame(seed.generator(Stream.DATA, _STRUCTURE), n_inputs, n_classes - 1)
    # Rows of this matrix are sqrt(2) apart, for e_i - e_j is orthogonal to (1, ..., 1).
    corners = helmert(n_classes).T / math.sqrt(2)
    centres = separation * corners @ frame.T
    name = f"Gaussian mixture (separation {separation:g})"

    def made(n: int, index: int, title: str, test: Dataset | None) -> Dataset:
        generator = seed.generator(Stream.DATA, index)
        labels = generator.permutation(np.arange(n, dtype=np.int64) % n_classes)
        inputs = generator.standard_normal((n, n_inputs)) + centres[labels]
        return Dataset(inputs, labels, None, n_classes, title, None, test)

    held_out = made(n_test, _TEST, f"{name}, test", None) if n_test else None
    return made(n_samples, _TRAIN, name, held_out)


def bayes_error(separation: float, n_classes: int = 2) -> float:
    r"""Least error rate that any classifier can reach on a `gaussian_mixture`.

    .. math:: 1 - \int \varphi(u)\, \Phi(u + \Delta/\sqrt 2)^{K-1}\, du

    The best rule takes the nearest centre; projected on the corners of the simplex, the right
    one must beat K - 1 others. For K = 2 this is :math:`\Phi(-\Delta/2)`.

    Parameters
    ----------
    separation : float
        Distance Δ between any two centres, in standard deviations.
    n_classes : int
        Number K of classes.

    Returns
    -------
    float
        Probability of a wrong class.

    References
    ----------
    J. G. Proakis, Digital Communications: orthogonal and simplex signals.

    Examples
    --------
    >>> round(bayes_error(2.0), 4)
    0.1587
    """
    separation = check.non_negative(separation, "separation")
    n_classes = check.count(n_classes, "n_classes", minimum=2)
    if n_classes == 2:
        return float(ndtr(-separation / 2))
    shift = separation / math.sqrt(2)

    def wrong(u: float) -> float:
        density = math.exp(-u * u / 2) / math.sqrt(2 * math.pi)
        return float(density * (1 - ndtr(u + shift) ** (n_classes - 1)))

    return float(quad(wrong, -12, 12, epsabs=1e-12, limit=200)[0])


def _teacher(
    teacher: MLP | Replica | None, n_inputs: int, classes: bool, seed: Seed
) -> Replica:
    if teacher is None:
        loss = "cross_entropy" if classes else "squared_error"
        teacher = MLP(sizes=(n_inputs, _HIDDEN, 1 + classes), activation="tanh", loss=loss)
    network = teacher.network if isinstance(teacher, Replica) else teacher
    if not isinstance(network, MLP):
        raise ParameterError(f"teacher must be an MLP or a Replica, got {teacher!r}")
    if network.n_inputs != n_inputs:
        raise ShapeError(
            f"teacher must take {n_inputs} inputs as n_inputs says, got {network.n_inputs}"
        )
    if isinstance(teacher, Replica):
        return teacher
    entropy = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.key, _STRUCTURE))
    return initialize(network, n_replicas=1, rng=entropy)[0]


def _largest(outputs: Float64Array) -> IntArray:
    one = outputs.shape[1] == 1
    labels = outputs[:, 0] > 0 if one else outputs.argmax(axis=1)
    return np.asarray(labels, dtype=np.int64)


def _frame(generator: np.random.Generator, n: int, k: int) -> NDArray[Any]:
    """K orthonormal columns in n dimensions, uniform over all such frames."""
    q, r = np.linalg.qr(generator.standard_normal((n, k)))
    frame: NDArray[Any] = q * np.sign(np.diag(r))
    return frame
