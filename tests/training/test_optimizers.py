"""The compiled steps against the definitions, and against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from naive import training as naive

import spinglass_nn as sg
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.training import SGD, Adam, Constant, Cosine, StepDecay, train_replicas

SEED = 11

OPTIMIZERS = {
    "sgd": SGD(learning_rate=0.3),
    "sgd-decay": SGD(learning_rate=0.3, weight_decay=0.02),
    "momentum": SGD(learning_rate=0.1, momentum=0.9),
    "momentum-decay": SGD(learning_rate=0.1, momentum=0.8, weight_decay=0.03),
    "nesterov": SGD(learning_rate=0.1, momentum=0.9, nesterov=True),
    "nesterov-decay": SGD(learning_rate=0.1, momentum=0.7, nesterov=True, weight_decay=0.01),
    "adam": Adam(learning_rate=0.02),
    "adam-moments": Adam(learning_rate=0.02, beta1=0.7, beta2=0.95, epsilon=1e-4),
    "adam-decay": Adam(learning_rate=0.02, weight_decay=0.05),
    "adamw": Adam(learning_rate=0.02, weight_decay=0.05, decoupled=True),
}

SCHEDULES = {
    "constant": (Constant(), naive.constant),
    "step-decay": (StepDecay(every=1.5, ratio=0.5), naive.step_decay(1.5, 0.5)),
    "cosine": (Cosine(n_epochs=2.5), naive.cosine(2.5, 0.0, 0.0)),
    "warm-up": (
        Cosine(n_epochs=3, floor=0.1, warm_up=1.25),
        naive.cosine(3, 0.1, 1.25),
    ),
}


def orders(n_samples, n_epochs, index=0):
    """Minibatch orders as documented: one stream per replica and epoch."""
    return [
        Seed(SEED).generator(Stream.MINIBATCHES, index, epoch).permutation(n_samples)
        for epoch in range(n_epochs)
    ]


def start_of(net, index=0):
    return sg.networks.initialize(net, first_replica=index, rng=SEED).weights[0]


def stepper(optimizer, n):
    """The naive optimizer with its memory inside."""
    memory = [0.0] * n, [0.0] * n

    def step(theta, g, rate, number):
        nonlocal memory
        if isinstance(optimizer, Adam):
            theta, memory = naive.adam(
                theta,
                memory,
                g,
                rate,
                number,
                beta1=optimizer.beta1,
                beta2=optimizer.beta2,
                epsilon=optimizer.epsilon,
                weight_decay=optimizer.weight_decay,
                decoupled=optimizer.decoupled,
            )
            return theta
        theta, velocity = naive.sgd(
            theta,
            memory[0],
            g,
            rate,
            momentum=optimizer.momentum,
            nesterov=optimizer.nesterov,
            weight_decay=optimizer.weight_decay,
        )
        memory = velocity, memory[1]
        return theta

    return step


def trained(net, data, optimizer, *, n_epochs=3, batch_size=16):
    """Parameters after every step, as the package makes them (through its snapshots)."""
    n_steps = n_epochs * -(-data.n_samples // batch_size)
    run = train_replicas(
        net,
        data,
        n_epochs=n_epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        snapshots=range(n_steps + 1),
        record_every=100,
        n_threads=1,
        rng=SEED,
    )
    return run.snapshots.weights[0]


def expected(net, data, optimizer, factor=naive.constant, *, n_epochs=3, batch_size=16):
    start = start_of(net)
    return naive.train(
        net,
        start,
        data.inputs,
        data.labels,
        orders(data.n_samples, n_epochs),
        batch_size,
        optimizer.learning_rate,
        stepper(optimizer, start.size),
        factor,
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_step_is_the_definition(net, clouds, name):
    optimizer = OPTIMIZERS[name]
    found = trained(net, clouds, optimizer)
    assert found.shape == (13, net.n_parameters)  # 50 samples: 4 steps an epoch, the last of 2
    np.testing.assert_allclose(found, expected(net, clouds, optimizer), rtol=1e-12, atol=1e-12)
    assert np.abs(found[-1] - found[0]).max() > 0.01


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("kind", ["momentum", "adamw"])
def test_schedules_step_by_step(net, clouds, name, kind):
    schedule, factor = SCHEDULES[name]
    base = OPTIMIZERS[kind]
    if kind == "momentum":
        optimizer = SGD(base.learning_rate, base.momentum, schedule=schedule)
    else:
        optimizer = Adam(
            base.learning_rate,
            weight_decay=base.weight_decay,
            decoupled=True,
            schedule=schedule,
        )
    np.testing.assert_allclose(
        trained(net, clouds, optimizer),
        expected(net, clouds, optimizer, factor),
        rtol=1e-12,
        atol=1e-12,
    )


@pytest.mark.parametrize("loss", ["squared_error", "squared_hinge"])
@pytest.mark.parametrize("sizes", [(4, 3), (4, 6, 5, 3)])
@pytest.mark.parametrize(("activation", "bias"), [("tanh", True), ("relu", False)])
def test_other_networks_and_losses(clouds, loss, sizes, activation, bias):
    net = sg.networks.MLP(sizes=sizes, activation=activation, bias=bias, loss=loss)
    optimizer = SGD(learning_rate=0.05, momentum=0.5)
    np.testing.assert_allclose(
        trained(net, clouds, optimizer, n_epochs=2),
        expected(net, clouds, optimizer, n_epochs=2),
        rtol=1e-12,
        atol=1e-12,
    )


def test_batches_of_one_and_of_everything(net, clouds):
    optimizer = SGD(learning_rate=0.05)
    for batch_size in (1, 50, 1000):
        np.testing.assert_allclose(
            trained(net, clouds, optimizer, n_epochs=1, batch_size=batch_size),
            expected(net, clouds, optimizer, n_epochs=1, batch_size=batch_size),
            rtol=1e-12,
            atol=1e-12,
        )


def test_full_batch_descent_follows_the_gradient(net, clouds):
    theta = start_of(net)
    run = train_replicas(
        net, clouds, n_epochs=1, batch_size=50, optimizer=SGD(0.2), rng=SEED, n_threads=1
    )
    step = 0.2 * sg.networks.gradient(net, theta, clouds)
    np.testing.assert_allclose(run.replicas.weights[0], theta - step, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_single_precision_stays_close_to_double(net, clouds, name):
    settings = {"n_epochs": 2, "optimizer": OPTIMIZERS[name], "rng": SEED, "n_threads": 1}
    single = train_replicas(net, clouds, dtype=np.float32, **settings)
    double = train_replicas(net, clouds, dtype=np.float64, **settings)
    assert single.replicas.weights.dtype == np.float32
    assert double.replicas.weights.dtype == np.float64
    np.testing.assert_allclose(
        single.replicas.weights, double.replicas.weights, rtol=0, atol=2e-5
    )


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_are_vectorised(name):
    schedule, factor = SCHEDULES[name]
    epochs = np.linspace(0, 4, 81)
    np.testing.assert_allclose(
        schedule.factor(epochs), [factor(e) for e in epochs], rtol=0, atol=1e-14
    )


def torch_optimizer(torch, parameters, optimizer):
    if isinstance(optimizer, Adam):
        kind = torch.optim.AdamW if optimizer.decoupled else torch.optim.Adam
        return kind(
            parameters,
            lr=optimizer.learning_rate,
            betas=(optimizer.beta1, optimizer.beta2),
            eps=optimizer.epsilon,
            weight_decay=optimizer.weight_decay,
        )
    return torch.optim.SGD(
        parameters,
        lr=optimizer.learning_rate,
        momentum=optimizer.momentum,
        nesterov=optimizer.nesterov,
        weight_decay=optimizer.weight_decay,
    )


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twenty_steps_equal_pytorch(net, clouds, name):
    torch = pytest.importorskip("torch")
    optimizer = OPTIMIZERS[name]
    layers = [
        (torch.tensor(layer.weight), torch.tensor(layer.bias))
        for layer in net.layers(start_of(net))
    ]
    parameters = [p.requires_grad_() for layer in layers for p in layer]
    theirs = torch_optimizer(torch, parameters, optimizer)
    inputs, labels = torch.tensor(clouds.inputs), torch.tensor(clouds.labels)
    for order in orders(50, 5):
        for rows in np.split(order, range(16, 50, 16)):
            (w1, b1), (w2, b2) = layers
            hidden = torch.relu(inputs[rows] @ w1.T + b1)
            loss = torch.nn.functional.cross_entropy(hidden @ w2.T + b2, labels[rows])
            theirs.zero_grad()
            loss.backward()
            theirs.step()
    flat = np.concatenate([p.detach().numpy().ravel() for p in parameters])
    ours = trained(net, clouds, optimizer, n_epochs=5)
    assert len(ours) == 21
    np.testing.assert_allclose(ours[-1], flat, rtol=0, atol=1e-11)
