"""Symmetries from their definitions, unit by unit and permutation by permutation."""

from __future__ import annotations

import itertools

import numpy as np


def permuted_layers(layers, orders):
    """New (weight, bias) pairs in which unit j of hidden layer d is unit orders[d][j]."""
    made = []
    for depth, (weight, bias) in enumerate(layers):
        n_out, n_in = weight.shape
        rows = orders[depth] if depth < len(orders) else range(n_out)
        columns = orders[depth - 1] if depth > 0 else range(n_in)
        new = np.empty_like(weight)
        shift = None if bias is None else np.empty_like(bias)
        for j in range(n_out):
            for k in range(n_in):
                new[j, k] = weight[rows[j], columns[k]]
            if bias is not None:
                shift[j] = bias[rows[j]]
        made.append((new, shift))
    return made


def overlap(layers_a, layers_b):
    """Inner product of all weights and biases."""
    total = 0.0
    for (wa, ba), (wb, bb) in zip(layers_a, layers_b, strict=True):
        total += sum(x * y for x, y in zip(wa.ravel(), wb.ravel(), strict=True))
        if ba is not None:
            total += sum(x * y for x, y in zip(ba, bb, strict=True))
    return total


def best_overlap(layers_a, layers_b, hidden_sizes):
    """Largest inner product over all permutations of b's hidden units, by trying them all."""
    choices = [list(itertools.permutations(range(size))) for size in hidden_sizes]
    return max(
        overlap(layers_a, permuted_layers(layers_b, orders))
        for orders in itertools.product(*choices)
    )


def norms(layers, hidden, unit):
    """In-norm (bias included) and out-norm of one hidden unit."""
    weight, bias = layers[hidden]
    inner = sum(w * w for w in weight[unit]) + (0.0 if bias is None else bias[unit] ** 2)
    outer = sum(w * w for w in layers[hidden + 1][0][:, unit])
    return np.sqrt(inner), np.sqrt(outer)


def annealed_orders(layers_a, layers_b, orders, temperatures, generator):
    """Swaps under Metropolis' rule, each judged by all inner products made again."""
    orders = [list(order) for order in orders]
    here = overlap(layers_a, permuted_layers(layers_b, orders))
    for temperature in temperatures:
        for order in orders:
            for i in range(len(order) if len(order) > 1 else 0):
                j = int(generator.random() * (len(order) - 1))
                j += j >= i
                order[i], order[j] = order[j], order[i]
                there = overlap(layers_a, permuted_layers(layers_b, orders))
                gain = there - here
                if gain >= 0 or generator.random() < np.exp(gain / temperature):
                    here = there
                else:
                    order[i], order[j] = order[j], order[i]
    return orders
