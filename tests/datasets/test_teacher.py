from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import kstest

from spinglass_nn.datasets import bayes_error, gaussian_mixture, teacher_student
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.networks import MLP, Replica, initialize


def forward(replica, x):
    """A network of tanh units, layer by layer."""
    layers = replica.layers
    for k, (weight, bias) in enumerate(layers):
        x = x @ weight.T + (0 if bias is None else bias)
        if k < len(layers) - 1:
            x = np.tanh(x)
    return x


@pytest.fixture
def teacher():
    net = MLP(sizes=(6, 3, 2), activation="tanh", loss="squared_error")
    return initialize(net, rng=8)[0]


def test_targets_are_the_teachers_outputs(teacher):
    data = teacher_student(6, 30, teacher=teacher, n_test=10, rng=1)
    np.testing.assert_allclose(data.targets, forward(teacher, data.inputs), atol=1e-13)
    test = data.test
    np.testing.assert_allclose(test.targets, forward(teacher, test.inputs), atol=1e-13)
    assert repr(data) == "<teacher-student (regression): 30 x 6, regression, 10 held out>"
    assert teacher_student(6, 5, teacher=teacher, n_test=0).test is None


def test_labels_are_the_teachers_largest_output(teacher):
    data = teacher_student(6, 300, teacher=teacher, task="classification", rng=1)
    assert data.labels.tolist() == forward(teacher, data.inputs).argmax(axis=1).tolist()
    assert data.n_classes == 2


def test_one_output_labels_by_its_sign():
    net = MLP(sizes=(4, 1), loss="squared_hinge")
    replica = Replica(net, np.array([1.0, 0, 0, 0, 0]))
    data = teacher_student(4, 200, teacher=replica, task="classification", rng=1)
    assert data.labels.tolist() == (data.inputs[:, 0] > 0).astype(int).tolist()


def test_inputs_are_standard_normal():
    data = teacher_student(10, 400, rng=3)
    assert kstest(data.inputs.ravel(), "norm").pvalue > 1e-4
    assert not np.array_equal(data.inputs[:10], data.test.inputs[:10])


def test_noise_on_targets(teacher):
    clean, noisy = (teacher_student(6, 4000, teacher=teacher, noise=s, rng=1) for s in (0, 0.3))
    np.testing.assert_array_equal(clean.inputs, noisy.inputs)
    noise = (noisy.targets - clean.targets).ravel() / 0.3
    assert kstest(noise, "norm").pvalue > 1e-4
    assert noisy.name == "teacher-student (regression, noise 0.3)"


def test_noise_on_labels():
    net = MLP(sizes=(6, 8, 4))
    clean, noisy = (
        teacher_student(
            6, 4000, teacher=initialize(net, rng=2)[0], noise=p, task="classification", rng=1
        )
        for p in (0, 0.2)
    )
    flipped = np.count_nonzero(clean.labels != noisy.labels)
    assert abs(flipped - 800) / math.sqrt(4000 * 0.2 * 0.8) < 4
    assert set(noisy.labels) <= {0, 1, 2, 3}


def test_same_seed_same_data_and_teacher():
    first, again, other = (teacher_student(5, 20, rng=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.targets, again.targets)
    assert not np.array_equal(first.targets, other.targets)
    longer = teacher_student(5, 40, rng=1)
    np.testing.assert_array_equal(longer.test.targets, first.test.targets)


def test_teacher_of_a_given_architecture():
    data = teacher_student(5, 20, teacher=MLP(sizes=(5, 7, 3), loss="squared_error"), rng=1)
    assert data.targets.shape == (20, 3)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        (dict(teacher=MLP(sizes=(4, 2))), ShapeError, "teacher must take 5 inputs"),
        (dict(teacher="mlp"), ParameterError, "teacher must be an MLP or a Replica, got 'mlp'"),
        (dict(noise=-1), ParameterError, "noise must not be negative"),
        (dict(noise=2, task="classification"), ParameterError, r"noise must lie in \[0, 1\]"),
        (dict(task="regressions"), ParameterError, "did you mean 'regression'"),
        (dict(n_test=-1), ParameterError, "n_test must be at least 0"),
    ],
)
def test_teacher_errors(kwargs, error, message):
    with pytest.raises(error, match=message):
        teacher_student(5, 10, **kwargs)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_classes_are_equal_in_number_and_centres_equally_far(n_classes):
    data = gaussian_mixture(6, 30001, n_classes, separation=4.0, rng=1)
    counts = np.bincount(data.labels, minlength=n_classes)
    assert counts.max() - counts.min() <= 1
    means = np.array([data.inputs[data.labels == c].mean(axis=0) for c in range(n_classes)])
    error = math.sqrt(2 * n_classes / 30001)  # of the distance of two means
    for a in range(n_classes):
        for b in range(a):
            shift = 5 * error**2 / 4  # of a length, by its perpendicular noise
            assert abs(np.linalg.norm(means[a] - means[b]) - 4 - shift / 2) < 4 * error
    assert np.linalg.norm(means.mean(axis=0)) < 0.05
    within = data.inputs - means[data.labels]
    assert abs(within.var() - 1) < 4 * math.sqrt(2 / within.size)


@pytest.mark.parametrize(("separation", "n_classes"), [(1.0, 2), (3.0, 2), (2.0, 3), (2.0, 6)])
def test_bayes_error_by_simulation(separation, n_classes):
    data = gaussian_mixture(7, 40000, n_classes, separation=separation, n_test=0, rng=5)
    # The classes' own means stand for the centres; with this many samples they cost nothing
    # visible (relative excess about n_inputs * n_classes / n_samples).
    means = np.array([data.inputs[data.labels == c].mean(axis=0) for c in range(n_classes)])
    distance = ((data.inputs[:, None] - means) ** 2).sum(axis=2)
    rate = np.mean(distance.argmin(axis=1) != data.labels)
    p = bayes_error(separation, n_classes)
    assert abs(rate - p) / math.sqrt(p * (1 - p) / len(data)) < 4


@pytest.mark.parametrize("separation", [0.0, 0.5, 2.0, 8.0])
def test_bayes_error_of_two_classes(separation):
    assert bayes_error(separation) == pytest.approx(ndtr(-separation / 2), rel=1e-12)


def test_bayes_error_limits():
    for k in (3, 5, 10):
        assert bayes_error(0.0, k) == pytest.approx(1 - 1 / k, abs=1e-9)
        assert bayes_error(30.0, k) < 1e-12
    errors = [bayes_error(2.0, k) for k in range(2, 8)]
    assert errors == sorted(errors)


def test_integral_agrees_with_the_closed_form_of_two(monkeypatch):
    from scipy.integrate import quad

    shift = 1.5 / math.sqrt(2)
    value = quad(
        lambda u: math.exp(-u * u / 2) / math.sqrt(2 * math.pi) * ndtr(u + shift), -12, 12
    )[0]
    assert 1 - value == pytest.approx(bayes_error(1.5), abs=1e-10)


def test_mixture_in_the_fewest_dimensions():
    data = gaussian_mixture(2, 50, 3, rng=1)
    assert data.inputs.shape == (50, 2)
    assert data.n_classes == 3
    with pytest.raises(ParameterError, match="n_inputs must be at least 2, got 1"):
        gaussian_mixture(1, 50, 3)
    with pytest.raises(ParameterError, match="separation must not be negative"):
        gaussian_mixture(2, 50, separation=-1)


def test_mixture_is_fixed_by_its_seed():
    first, again = (gaussian_mixture(3, 50, rng=9) for _ in range(2))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    np.testing.assert_array_equal(first.test.labels, again.test.labels)
