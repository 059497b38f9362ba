"""Where a number came from: versions, machine and time, for reports."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from spinglass_nn._version import __version__

_PACKAGES = ("numpy", "numba", "scipy")


def provenance() -> dict[str, str]:
    """Versions, machine and time, in words.

    Returns
    -------
    dict of str
        ``spinglass_nn``, ``python``, ``numpy``, ``numba``, ``scipy`` (versions),
        ``platform``, ``cpu`` (model), ``cores`` (that this process may use, of all) and
        ``date`` (UTC, ISO 8601).

    Examples
    --------
    >>> sorted(provenance())[:4]
    ['cores', 'cpu', 'date', 'numba']
    """
    return {
        "spinglass_nn": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        **{name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cores": _cores(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def _cpu() -> str:
    """The processor's name for itself; Linux tells it in a file only."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name" and value.strip():
            return value.strip()
    return platform.processor() or platform.machine() or "unknown"


def _cores() -> str:
    total = os.cpu_count() or 1
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        usable = total
    return f"{usable} of {total}"
