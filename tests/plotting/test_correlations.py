"""The heat map of rank correlations says what the grid says."""

import numpy as np
import pytest

import spinglass_nn as sg


@pytest.fixture(scope="module")
def grid():
    rng = np.random.default_rng(3)
    x = rng.normal(size=200)
    measures = {"top_eigenvalue": x, "F1": rng.normal(size=200)}
    targets = {"gap": -x + 0.1 * rng.normal(size=200), "loss": 0.12 * x + rng.normal(size=200)}
    return sg.statistics.spearman_grid(measures, targets, relevant=0.2, rng=1)


def test_every_cell_has_its_number_and_its_mark(grid):
    ax = sg.plotting.rank_correlations(grid)
    written = np.array([text.get_text() for text in ax.texts]).reshape(2, 2)
    for text, value, verdict in zip(
        written.ravel(), grid.correlation.ravel(), grid.verdicts.ravel(), strict=True
    ):
        assert text.startswith(f"{value:+.2f}".replace("-", "−"))
        assert text.endswith("●") == (verdict == "correlated")
        assert text.endswith("?") == (verdict == "cannot tell")
    assert written[0, 0].startswith("−")
    assert written[0, 0].endswith("●")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["top eigenvalue", "F1"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["gap", "loss"]
    assert "200 independent points" in ax.get_xlabel()
    assert ax.images[0].get_clim() == (-1, 1)


def test_draws_on_the_axes_it_gets(grid):
    ax = sg.plotting.rank_correlations(grid)
    assert sg.plotting.rank_correlations(grid, ax=ax) is ax
