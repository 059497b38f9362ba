"""Words that the modules of this report share."""

from __future__ import annotations

from spinglass_nn.studies.recipes.barney2024.parameters import WORDS


def epoch_of(step: int, epoch_steps: int) -> str:
    """A step as an epoch."""
    return "untrained" if step == 0 else f"epoch {step / epoch_steps:.3g}"


def named(kind: str) -> str:
    """A kind of network at the beginning of a sentence."""
    word = WORDS[kind]
    return word[0].upper() + word[1:]
