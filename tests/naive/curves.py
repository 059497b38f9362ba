"""Barriers and swaps from their definitions."""

from __future__ import annotations


def barrier(losses):
    """Largest height above the chord of equally spaced points, and its place."""
    best, place = -float("inf"), 0.0
    for k, loss in enumerate(losses):
        t = k / (len(losses) - 1)
        height = loss - (1 - t) * losses[0] - t * losses[-1]
        if height > best:
            best, place = height, t
    return best, place


def swapped(theta, sizes, bias, i, j):
    """Flat parameters of a network with one hidden layer, units i and j exchanged."""
    d, m, c = sizes
    new = theta.copy()
    for column in range(d):
        new[i * d + column], new[j * d + column] = theta[j * d + column], theta[i * d + column]
    start = m * d
    if bias:
        new[start + i], new[start + j] = theta[start + j], theta[start + i]
        start += m
    for row in range(c):
        new[start + row * m + i] = theta[start + row * m + j]
        new[start + row * m + j] = theta[start + row * m + i]
    return new
