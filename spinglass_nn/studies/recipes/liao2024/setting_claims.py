"""Claims about the setting itself, which a run can only share or not."""

from __future__ import annotations

from spinglass_nn.datasets.dataset import Dataset
from spinglass_nn.studies import claims as rules
from spinglass_nn.studies.claims import ABSTRACT, Claim
from spinglass_nn.studies.recipes.liao2024.parameters import Parameters

# what the abstract names
_PAPER_DATA = ("mnist", "cifar10")


def decide(p: Parameters, data: Dataset) -> list[Claim]:
    """Claims about architecture and data."""
    shared = p.data in _PAPER_DATA
    return [
        Claim(
            "C1",
            "The landscape is that of a network with one hidden layer of ReLU units",
            ABSTRACT,
            "setting",
            "architecture of this run",
            None,
            f"none: {data.n_inputs}-{p.width}-{data.n_classes}, ReLU, cross-entropy",
            rules.SUPPORTED,
            "by construction: nothing else was trained, and nothing here speaks of deeper networks",
        ),
        Claim(
            "C2",
            "The experiments are on MNIST and CIFAR10",
            ABSTRACT,
            "setting",
            "data of this run",
            None,
            f"none: {data.name}, {data.n_samples} training samples",
            rules.CANNOT_TELL,
            "one of the paper's data sets; the other takes a run of its own"
            if shared
            else "neither of the paper's data sets: run with data=mnist and data=cifar10 to see",
        ),
    ]
