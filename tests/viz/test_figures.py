"""Plotly figures from arrays."""

import numpy as np
import pytest
from plotly.io import to_json

from viz.answers import Curve, Matrix
from viz.figures.curve import training_curve
from viz.figures.heat_map import heat_map
from viz.figures.scale import Scale
from viz.figures.space import LABELLED, Points, plane, space
from viz.figures.style import short
from viz.ordering import cluster
from viz.palette import PALETTES

_LIGHT = PALETTES["light"]


def _points(count: int, rank: int, chosen: int | None = None) -> Points:
    vectors_FK = np.random.default_rng(0).normal(size=(count, rank))
    percent = None if chosen is None else np.linspace(100, -100, count)[np.abs(np.arange(count) - chosen)]
    return Points(tuple(f"f{at}" for at in range(count)), tuple(range(count)), vectors_FK, chosen, percent)


def test_a_small_set_is_named_and_joined_to_the_origin() -> None:
    points = _points(5, 3)
    lines, markers, *_ = space(points, _LIGHT, revision="a").data
    assert tuple(markers.text) == points.names
    assert np.array_equal(np.asarray(lines.x)[1::3], points.positions_FK[:, 0])
    assert not np.asarray(lines.x)[0::3].any()
    assert np.isnan(np.asarray(lines.x)[2::3].astype(float)).all()


def test_a_large_set_has_neither_names_nor_lines() -> None:
    markers, *_ = space(_points(LABELLED + 1, 3), _LIGHT, revision="a").data
    assert markers.mode == "markers"
    assert len(markers.x) == LABELLED + 1
    assert markers.marker.line.width is None, "rings of thousands hide the points"


@pytest.mark.parametrize("stretch", [1.0, 40.0, 0.0])
def test_scales_are_equal_so_that_angles_are_true_and_nothing_leaves_the_box(stretch: float) -> None:
    drawn = _points(5, 3)
    points = Points(drawn.names, drawn.support_F, drawn.positions_FK * [stretch, 1.0, 0.0])
    scene = space(points, _LIGHT, revision="a").layout.scene
    axes = (scene.xaxis, scene.yaxis, scene.zaxis)
    ratios = [scene.aspectratio[letter] for letter in "xyz"]
    spans = [axis.range[1] - axis.range[0] for axis in axes]
    assert np.divide(ratios, spans) == pytest.approx([ratios[0] / spans[0]] * 3)
    assert max(ratios) == pytest.approx(1.2)
    for axis, column in zip(axes, points.columns().T, strict=True):
        assert axis.range[0] < min(0.0, *column) <= max(0.0, *column) < axis.range[1]


@pytest.mark.parametrize("rank", [1, 2, 7])
def test_any_rank_has_three_columns(rank: int) -> None:
    points = _points(6, rank)
    columns = points.columns()
    assert columns.shape == (6, 3)
    assert np.array_equal(columns[:, : min(rank, 3)], points.positions_FK[:, :3])
    assert not columns[:, rank:].any()


def test_vectors_of_equal_length_keep_their_direction() -> None:
    points = _points(6, 3).unit()
    assert np.linalg.norm(points.columns(), axis=1) == pytest.approx(1.0)
    zero = Points(("z",), (1,), np.zeros((1, 3))).unit()
    assert not zero.columns().any()


def test_the_chosen_fragment_colours_the_others_by_similarity_centred_at_zero() -> None:
    figure = space(_points(50, 3, chosen=7), _LIGHT, revision="a")
    marker = figure.data[0].marker
    assert (marker.cmin, marker.cmax) == (-100, 100)
    assert marker.color[7] == 100.0
    assert figure.data[0].customdata[7][0] == "f7"
    assert figure.data[1].marker.color == _LIGHT.accent


def test_hover_and_click_carry_name_and_support() -> None:
    figure = plane(_points(3000, 4), _LIGHT, axes=(0, 2), revision="a")
    assert figure.data[0].type == "scattergl"
    assert tuple(figure.data[0].customdata[11]) == ("f11", 11)
    assert figure.data[0].hoverinfo == "none", "the page shows a card instead"
    assert figure.layout.yaxis.title.text == "factor 3"


def test_the_heat_map_stands_in_the_trees_order_in_colours_that_fit() -> None:
    matrix = Matrix(("a", "b", "c"), np.array([[100.0, -99.5, 99.5], [-99.5, 100.0, -98.0], [99.5, -98.0, 100.0]]))
    ordering = cluster(matrix.percent_FF)
    figure = heat_map(matrix, ordering, _LIGHT, revision="a", chosen="b")
    cells = figure.data[0]
    assert (cells.zmin, cells.zmax) == (-100, 100)
    names = [matrix.names[leaf] for leaf in ordering.leaves_F]
    assert cells.z[0][1] == matrix.percent_FF[ordering.leaves_F[0], ordering.leaves_F[1]]
    assert list(figure.layout.xaxis.ticktext) == [f"<b>{name}</b>" if name == "b" else name for name in names]
    assert len(figure.data) == 1 + 2


def test_colours_fit_the_values_and_leave_out_what_stands_beside_itself() -> None:
    assert Scale.of(np.array([[100.0, 42.0], [67.0, 100.0]])) == Scale(40, 70)
    assert Scale.of(np.array([100.0, 55.0, 55.0])) == Scale(40, 60)
    assert Scale.of(np.array([100.0, -12.0, 31.0])) == Scale(-40, 40)
    assert Scale.of(np.array([100.0])) == Scale(0, 100)
    assert Scale(-40, 40).colours(_LIGHT)[4] == (0.5, _LIGHT.diverging[4])
    assert Scale(40, 70).colours(_LIGHT)[0] == (0.0, _LIGHT.diverging[4])
    assert Scale(-40, 40).ticks()["ticktext"] == ["−40 %", "−20", "0", "20", "40 %"]


def test_one_fragment_alone_has_a_heat_map() -> None:
    matrix = Matrix(("only",), np.array([[100.0]]))
    figure = heat_map(matrix, cluster(matrix.percent_FF), _LIGHT, revision="a")
    assert figure.data[0].z.tolist() == [[100.0]]


def test_a_loss_of_zero_is_left_out_of_the_logarithmic_axis() -> None:
    figure = training_curve(Curve(np.array([0, 1, 2]), np.array([4.0, 1e-3, 0.0])), _LIGHT, revision="a")
    assert figure.layout.yaxis.type == "log"
    assert np.isnan(figure.data[0].y[2])
    assert figure.layout.yaxis.dtick == 1


def test_an_empty_curve_is_a_figure_too() -> None:
    empty = Curve(np.zeros(0, dtype=np.int64), np.zeros(0))
    assert len(training_curve(empty, _LIGHT, revision="a").data[0].x) == 0


def test_the_largest_figures_stay_small_enough_to_send() -> None:
    large = to_json(plane(_points(3400, 3, chosen=0), _LIGHT, axes=(0, 1), revision="a"))
    assert len(large) < 400_000


def test_long_names_keep_both_ends() -> None:
    assert short("c1ccccc1") == "c1ccccc1"
    assert short("A" * 30 + "B" * 30) == "A" * 11 + "…" + "B" * 10
    assert len(short("x" * 99)) == 22
