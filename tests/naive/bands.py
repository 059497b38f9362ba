"""Elastic bands and curves from their definitions, one pivot and one number at a time."""

from __future__ import annotations

import itertools
import math


def difference(a, b):
    return [float(x) - float(y) for x, y in zip(a, b, strict=True)]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def norm(a):
    return math.sqrt(dot(a, a))


def tangent(before, here, after, losses):
    """Henkelman and Jonsson (2000), equations 8 to 11; the unit tangent at one pivot."""
    lower, middle, upper = losses
    ahead, back = difference(after, here), difference(here, before)
    if upper > middle > lower:
        t = ahead
    elif upper < middle < lower:
        t = back
    else:
        most = max(abs(upper - middle), abs(lower - middle))
        least = min(abs(upper - middle), abs(lower - middle))
        if upper > lower:
            t = [most * x + least * y for x, y in zip(ahead, back, strict=True)]
        elif upper < lower:
            t = [least * x + most * y for x, y in zip(ahead, back, strict=True)]
        else:
            t = [x + y for x, y in zip(ahead, back, strict=True)]
    length = norm(t)
    return [x / length for x in t]


def spaced(nodes):
    """Inner nodes moved along the polyline to equal distances."""
    nodes = [[float(x) for x in node] for node in nodes]
    lengths = [norm(difference(b, a)) for a, b in itertools.pairwise(nodes)]
    step, new = sum(lengths) / len(lengths), [nodes[0]]
    for k in range(1, len(lengths)):
        left, leg = k * step, 0
        while leg < len(lengths) - 1 and left > lengths[leg]:
            left -= lengths[leg]
            leg += 1
        t = left / lengths[leg]
        new.append(
            [(1 - t) * x + t * y for x, y in zip(nodes[leg], nodes[leg + 1], strict=True)]
        )
    return [*new, nodes[-1]]


def resampled(nodes, n_between):
    """Points at equal distances along a polyline, found by walking it; its ends among them."""
    legs = list(itertools.pairwise([[float(x) for x in node] for node in nodes]))
    step = sum(norm(difference(b, a)) for a, b in legs) / (n_between + 1)
    found, to_go = [legs[0][0]], step
    for a, b in legs:
        length, walked = norm(difference(b, a)), 0.0
        while len(found) <= n_between and length - walked > to_go:
            walked += to_go
            t, to_go = walked / length, step
            found.append([(1 - t) * x + t * y for x, y in zip(a, b, strict=True)])
        to_go -= length - walked
    return [*found, legs[-1][1]]


def band_step(nodes, velocities, losses, gradients, *, rate, momentum, spring, climbing):
    """One step of all inner pivots; losses of all nodes, gradients of the inner ones."""
    top = max(range(1, len(nodes) - 1), key=lambda k: losses[k])
    new, speeds = [nodes[0]], []
    for k in range(1, len(nodes) - 1):
        tau = tangent(nodes[k - 1], nodes[k], nodes[k + 1], losses[k - 1 : k + 2])
        g = [float(x) for x in gradients[k - 1]]
        along = dot(g, tau)
        climbs = climbing and k == top
        force = [x - (2 if climbs else 1) * along * t for x, t in zip(g, tau, strict=True)]
        if math.isfinite(spring) and not climbs:
            ahead = norm(difference(nodes[k + 1], nodes[k]))
            back = norm(difference(nodes[k], nodes[k - 1]))
            force = [x - spring * (ahead - back) * t for x, t in zip(force, tau, strict=True)]
        v = [momentum * x + f for x, f in zip(velocities[k - 1], force, strict=True)]
        speeds.append(v)
        new.append([float(x) - rate * y for x, y in zip(nodes[k], v, strict=True)])
    new.append(nodes[-1])
    if math.isinf(spring) and not climbing:
        new = spaced(new)
    return new, speeds


def bezier_point(controls, t):
    """De Casteljau: interpolate between neighbours until one point is left."""
    points = [[float(x) for x in control] for control in controls]
    while len(points) > 1:
        points = [
            [(1 - t) * x + t * y for x, y in zip(a, b, strict=True)]
            for a, b in itertools.pairwise(points)
        ]
    return points[0]


def polygon_point(controls, t):
    """The point of a chain of equally long stretches of t."""
    legs = len(controls) - 1
    leg = min(int(t * legs), legs - 1)
    s = t * legs - leg
    a, b = controls[leg], controls[leg + 1]
    return [(1 - s) * float(x) + s * float(y) for x, y in zip(a, b, strict=True)]
