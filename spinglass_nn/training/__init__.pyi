from .aging import TwoTime, two_time
from .aging_exponent import AgingFit, aging_exponent
from .history import History, Snapshots, TrainingRun, TrainingState
from .optimizers import SGD, Adam, Optimizer
from .schedules import Constant, Cosine, Schedule, StepDecay
from .trainer import log_spaced_steps, train_replicas

__all__ = [
    "SGD",
    "Adam",
    "AgingFit",
    "Constant",
    "Cosine",
    "History",
    "Optimizer",
    "Schedule",
    "Snapshots",
    "StepDecay",
    "TrainingRun",
    "TrainingState",
    "TwoTime",
    "aging_exponent",
    "log_spaced_steps",
    "train_replicas",
    "two_time",
]
