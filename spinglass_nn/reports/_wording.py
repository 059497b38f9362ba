"""Numbers and marked text as HTML wants them."""

from __future__ import annotations

import math
import numbers
import re

from markupsafe import Markup, escape

ABSENT = "–"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_CODE = re.compile(r"`([^`]+)`")


def number(value: object) -> str:
    """Write a cell: estimates with their error, floats to four digits, None as a dash."""
    if value is None:
        return ABSENT
    if hasattr(value, "mean") and hasattr(value, "error") and not callable(value.mean):
        return with_error(float(value.mean), float(value.error))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        return _plain(float(value))
    if isinstance(value, (list, tuple)):
        return ", ".join(number(item) for item in value) or ABSENT
    return str(value)


def with_error(mean: float, error: float) -> str:
    """Write a mean and its error, rounded to two digits of the error.

    Its spaces do not break.

    >>> with_error(0.45812, 0.0091).split()
    ['0.4581', '±', '0.0091']
    >>> with_error(-0.0000312, 0.000004).split()
    ['(−3.12', '±', '0.40)', '×', '10⁻⁵']
    """
    if not math.isfinite(mean):
        return ABSENT
    if not math.isfinite(error) or error <= 0:
        return _plain(mean)
    exponent = math.floor(math.log10(max(abs(mean), error)))
    scale = 0 if -4 < exponent < 5 else exponent
    digits = max(0, 1 - math.floor(math.log10(error)) + scale)
    shown = round(mean / 10.0**scale, digits) + 0.0  # no minus zero
    body = f"{shown:.{digits}f} ± {error / 10.0**scale:.{digits}f}"
    text = body if scale == 0 else f"({body}) × 10{_raised(scale)}"
    return _minus(text).replace(" ", "\N{NO-BREAK SPACE}")


def marked(text: str) -> Markup:
    """Escape text; what stands between backquotes becomes code."""
    parts = _CODE.split(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(_kept(part))
        for place, part in enumerate(parts)
    )


def _kept(text: str) -> str:
    """Keep a number and its error, or its percent sign, on one line."""
    return text.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}").replace(
        " %", "\N{NO-BREAK SPACE}%"
    )


def _plain(value: float) -> str:
    if not math.isfinite(value):
        return ABSENT
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    power = f" × 10{_raised(int(exponent))}" if exponent else ""
    return _minus(mantissa + power).replace(" ", "\N{NO-BREAK SPACE}")


def _raised(exponent: int) -> str:
    return str(exponent).translate(_SUPERSCRIPTS)


def _minus(text: str) -> str:
    """Turn hyphens before digits into minus signs."""
    return text.replace("-", "−")
