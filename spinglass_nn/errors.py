"""Errors of the package: each derives from `SpinglassError` and from the built-in it is.

Messages read: what it is about, what was required, what was found.
"""

from __future__ import annotations

from typing import Any


class SpinglassError(Exception):
    """Root of every error this package raises on purpose."""


class ParameterError(SpinglassError, ValueError):
    """A parameter has a value that makes no sense."""


class ShapeError(SpinglassError, ValueError):
    """An array has the wrong shape, or shapes do not chain."""


class DataError(SpinglassError, ValueError):
    """Numbers from outside (data, weights) cannot be used: NaN, wrong labels, empty."""


class FormatError(SpinglassError, ValueError):
    """A file is truncated, foreign, or of a version this package does not know."""


class MissingDependency(SpinglassError, ImportError):
    """An optional package is needed; the message says which extra installs it."""


class StudyError(SpinglassError, RuntimeError):
    """A study cannot run as asked: another study's folder, an unknown key."""


class NotConverged(SpinglassError, RuntimeError):
    """An iteration ended before its tolerance was met.

    Attributes
    ----------
    last : object
        What had been reached when it stopped.
    """

    def __init__(self, message: str, last: Any = None) -> None:
        super().__init__(message)
        self.last = last


class ChainTooShort(SpinglassError, RuntimeError):
    """A chain is too short for the number asked of it.

    Attributes
    ----------
    estimate : object
        The number it gave all the same; not to be trusted.
    """

    def __init__(self, message: str, estimate: Any = None) -> None:
        super().__init__(message)
        self.estimate = estimate


class Interrupted(SpinglassError, KeyboardInterrupt):
    """A long run was interrupted; nothing is lost.

    Attributes
    ----------
    state : object
        Hand it back as ``state=`` to go on to the same bits.
    """

    def __init__(self, message: str, state: Any = None) -> None:
        super().__init__(message)
        self.state = state
