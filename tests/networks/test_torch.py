"""The same networks in PyTorch: outputs after copying weights, gradients, Hessian products."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spinglass_nn.networks import Replicas, evaluate, gradient, hessian_vector_product, logits

torch = pytest.importorskip("torch")

MODULES = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "identity": torch.nn.Identity}
TOLERANCE = {np.float64: 1e-13, np.float32: 2e-5}
both_precisions = pytest.mark.parametrize("dtype", [np.float64, np.float32])
networks_of_each_kind = pytest.mark.parametrize(
    ("sizes", "activation", "bias", "loss"),
    [
        ((6, 5, 4), "relu", True, "cross_entropy"),
        ((6, 5, 4, 3), "tanh", True, "cross_entropy"),
        ((6, 3), "identity", False, "cross_entropy"),
        ((6, 5, 4, 3), "relu", False, "squared_error"),
        ((6, 5, 4), "tanh", False, "squared_hinge"),
        ((6, 5, 1), "tanh", True, "squared_hinge"),
    ],
)


def sequential(net, theta):
    """A torch.nn.Sequential with the weights of a flat vector."""
    modules, dtype = [], torch.from_numpy(theta).dtype
    for layer in net.layers(theta):
        n_out, n_in = layer.weight.shape
        linear = torch.nn.Linear(n_in, n_out, bias=net.bias, dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(layer.weight))
            if net.bias:
                linear.bias.copy_(torch.from_numpy(layer.bias))
        modules += [linear, MODULES[net.activation]()]
    return torch.nn.Sequential(*modules[:-1])


def loss_of(net, out, labels):
    y = torch.from_numpy(labels)
    if net.loss == "cross_entropy":
        return torch.nn.functional.cross_entropy(out, y)
    if net.n_outputs == 1:
        t = (2 * y - 1)[:, None].to(out.dtype)
    else:
        t = torch.nn.functional.one_hot(y, net.n_outputs).to(out.dtype)
        t = t if net.loss == "squared_error" else 2 * t - 1
    if net.loss == "squared_error":
        return 0.5 * ((out - t) ** 2).sum(dim=1).mean()
    return 0.5 * (torch.relu(1 - t * out) ** 2).sum(dim=1).mean()


def scalar_loss(net, inputs, labels):
    """The loss as a function of the flat vector, for automatic differentiation."""

    def value(theta):
        values, place = inputs, 0
        for k, (n_in, n_out) in enumerate(zip(net.sizes[:-1], net.sizes[1:], strict=True)):
            weight = theta[place : place + n_out * n_in].reshape(n_out, n_in)
            place += n_out * n_in
            values = values @ weight.T
            if net.bias:
                values = values + theta[place : place + n_out]
                place += n_out
            if k < net.n_layers - 1:
                values = MODULES[net.activation]()(values)
        return loss_of(net, values, labels)

    return value


def assert_close(found, expected, dtype):
    expected = expected.detach().numpy()
    assert found.dtype == expected.dtype == dtype
    assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * abs(expected).max())


@both_precisions
@networks_of_each_kind
def test_outputs_and_loss(draw_case, sizes, activation, bias, loss, dtype):
    case = draw_case(sizes, n=300, activation=activation, bias=bias, loss=loss)
    theta, inputs = case.theta.astype(dtype), case.inputs.astype(dtype)
    out = sequential(case.net, theta)(torch.from_numpy(inputs))
    assert_close(logits(case.net, theta, inputs), out, dtype)
    found = evaluate(case.net, theta, case.data)
    assert found.loss == pytest.approx(
        float(loss_of(case.net, out.detach(), case.labels)), rel=TOLERANCE[dtype]
    )


@both_precisions
@networks_of_each_kind
def test_gradient_and_hessian_product(draw_case, sizes, activation, bias, loss, dtype):
    case = draw_case(sizes, n=300, activation=activation, bias=bias, loss=loss)
    theta, vector = case.theta.astype(dtype), case.vector.astype(dtype)
    value = scalar_loss(case.net, torch.from_numpy(case.inputs.astype(dtype)), case.labels)
    point = torch.from_numpy(theta).requires_grad_()
    (slope,) = torch.autograd.grad(value(point), point)
    assert_close(gradient(case.net, theta, case.data), slope, dtype)
    _, product = torch.autograd.functional.hvp(
        value, torch.from_numpy(theta), torch.from_numpy(vector)
    )
    assert_close(hessian_vector_product(case.net, theta, vector, case.data), product, dtype)


def test_weights_of_a_torch_model_come_in_by_from_layers(draw_case):
    case = draw_case((6, 5, 4, 3), n=50)
    torch.manual_seed(0)
    model = sequential(case.net, case.theta.astype(np.float32))
    linear = [m for m in model if isinstance(m, torch.nn.Linear)]
    layers = [(m.weight.detach().numpy(), m.bias.detach().numpy()) for m in linear]
    replicas = Replicas.from_layers(case.net, [layers])
    inputs = case.inputs.astype(np.float32)
    out = model(torch.from_numpy(inputs))
    assert_close(logits(case.net, replicas[0], inputs), out, np.float32)
