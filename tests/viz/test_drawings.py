"""matplotlib drawings."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.support.cosines import percent_matrix

from viz.answers import Fragment, Matrix, Space
from viz.drawings import ANNOTATED, draw_heat_map, draw_space


def _matrix(count: int) -> Matrix:
    vectors_FK = np.random.default_rng(0).normal(size=(count, 3))
    return Matrix(tuple(f"f{at}" for at in range(count)), percent_matrix(vectors_FK))


def _space(count: int, rank: int) -> Space:
    vectors_FK = np.random.default_rng(0).normal(size=(count, rank))
    fragments = tuple(Fragment(at, f"$f_{at}$", None, 3, None, shown=True) for at in range(count))
    return Space("run", fragments, vectors_FK, vectors_FK)


@pytest.mark.parametrize(("count", "numbers"), [(5, 25), (ANNOTATED, ANNOTATED**2), (ANNOTATED + 1, 0)])
def test_cells_carry_numbers_up_to_forty_by_forty(count: int, numbers: int) -> None:
    figure = Figure()
    draw_heat_map(figure, _matrix(count), title="t")
    assert len(figure.axes[0].texts) == numbers


def test_colours_span_minus_100_to_100() -> None:
    figure = Figure()
    draw_heat_map(figure, _matrix(4), title="t", note="the 4 of 9")
    assert figure.axes[0].images[0].get_clim() == (-100.0, 100.0)
    assert figure.axes[0].get_title(loc="left") == "t\nthe 4 of 9"


@pytest.mark.parametrize(("rank", "said"), [(1, "whole space"), (3, "whole space"), (8, "first three of 8 factors")])
def test_the_3d_page_says_how_much_of_the_model_it_shows(rank: int, said: str) -> None:
    figure = Figure()
    draw_space(figure, _space(5, rank), title="t")
    assert said in figure.axes[0].get_title(loc="left")


def test_names_with_dollar_signs_are_drawn_as_they_are() -> None:
    figure = Figure()
    draw_space(figure, _space(3, 3), title="t")
    figure.canvas.draw_idle()
    assert figure.axes[0].texts[0].get_text() == r" \$f_0\$"
