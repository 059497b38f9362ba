"""What the modules of this report hand over to be drawn, and the words they share."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spinglass_nn.studies.recipes.barney2024.parameters import WORDS

# by name: what was drawn, its caption, words for those who cannot see it
Drawn = dict[str, tuple[Figure | Axes, str, str]]


def epoch_of(step: int, epoch_steps: int) -> str:
    """A step as an epoch."""
    return "untrained" if step == 0 else f"epoch {step / epoch_steps:.3g}"


def named(kind: str) -> str:
    """A kind of network at the beginning of a sentence."""
    word = WORDS[kind]
    return word[0].upper() + word[1:]
