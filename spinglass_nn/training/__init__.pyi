from .history import History, Snapshots, TrainingRun, TrainingState
from .optimizers import SGD, Adam, Optimizer
from .schedules import Constant, Cosine, Schedule, StepDecay
from .trainer import log_spaced_steps, train_replicas

__all__ = [
    "SGD",
    "Adam",
    "Constant",
    "Cosine",
    "History",
    "Optimizer",
    "Schedule",
    "Snapshots",
    "StepDecay",
    "TrainingRun",
    "TrainingState",
    "log_spaced_steps",
    "train_replicas",
]
