"""Numbers as a reader wants them."""

import math

import numpy as np
import pytest

from spinglass_nn.reports._wording import marked, number
from spinglass_nn.statistics import Estimate


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (Estimate(math.nan, 0.1), "–"),
        (Estimate(0.5, math.nan), "0.5"),
        (Estimate(0.458, 0.0091), "0.4580 ± 0.0091"),
        (Estimate(-0.0001, 0.02), "0.000 ± 0.020"),
        (Estimate(12345.6, 120.0), "12346 ± 120"),
        (Estimate(-3.12e-5, 4e-6), "(−3.12 ± 0.40) × 10⁻⁵"),
        (Estimate(2.0e6, 3e4), "(2.000 ± 0.030) × 10⁶"),
        (-0.25, "−0.25"),
        (np.float32(0.5), "0.5"),
        (1.5e-7, "1.5 × 10⁻⁷"),
        (60_000, "60000"),
        (True, "yes"),
        ([8, 32], "8, 32"),
        ((), "–"),
        ("train loss ≤ 0.2", "train loss ≤ 0.2"),
    ],
)
def test_cells(value, text):
    assert number(value).replace("\N{NO-BREAK SPACE}", " ") == text


def test_code_between_backquotes_and_nothing_else():
    assert marked("run `a <b>` & go") == "run <code>a &lt;b&gt;</code> &amp; go"
    assert marked("a lone ` stays") == "a lone ` stays"


def test_a_number_and_its_error_stay_on_one_line():
    assert marked("0.35 ± 0.01, 98 %") == "0.35\xa0±\xa00.01, 98\xa0%"
    assert marked("`a ± b`") == "<code>a ± b</code>"
