from .curvature import Curvature
from .initializers import initialize, random_points
from .loading import load_replicas
from .losses import (
    Evaluation,
    accuracy,
    evaluate,
    gradient,
    hessian_vector_product,
    logits,
    loss,
    predictions,
)
from .mlp import MLP, Layer
from .parameters import Parameters, Replica, Replicas, stack

__all__ = [
    "MLP",
    "Curvature",
    "Evaluation",
    "Layer",
    "Parameters",
    "Replica",
    "Replicas",
    "accuracy",
    "evaluate",
    "gradient",
    "hessian_vector_product",
    "initialize",
    "load_replicas",
    "logits",
    "loss",
    "predictions",
    "random_points",
    "stack",
]
