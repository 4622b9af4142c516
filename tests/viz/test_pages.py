"""What pages make of what they are told, without a browser."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.support.components import text_of

from contracts.kinds import ChangeUnit
from viz.answers import Fragment
from viz.comparing import Comparison
from viz.figures.neighbourhood import Mapped, neighbourhood
from viz.language import LANGUAGES, _, speaking
from viz.pages.comparison import compared
from viz.pages.elements import in_unit
from viz.pages.many import lines_of
from viz.pages.predict import examples
from viz.pages.terms import TERMS, explained
from viz.palette import PALETTES
from viz.view import View

PALETTE = next(iter(PALETTES.values()))
ALIKE = Comparison(
    runs=("run-a", "run-b"),
    parameters=(),
    is_same_data=True,
    sources=("a.csv", "a.csv"),
    counts=(),
    shared_fragments=3,
    only=(0, 0),
    metrics=(("rmse", 0.6, 0.5), ("rmse_ridge", 0.8, 0.7)),
    similarity=None,
    nearest=10,
    compared=0,
    kept=None,
    moved=(),
)


def _told(comparison: Comparison) -> str:
    return text_of(compared(comparison, ("a", "b"), View()))


def test_the_better_one_is_named_where_both_were_judged_on_the_same_cells_and_by_no_yardstick() -> None:
    assert _told(ALIKE).count("better") == 1
    assert "not judged on the same cells" not in _told(ALIKE)


@pytest.mark.parametrize("name", ["holdout", "later", "seed", "objective"])
def test_no_run_is_the_better_one_where_other_cells_judged_them(name: str) -> None:
    told = _told(replace(ALIKE, parameters=((name, "1", "2"),)))
    assert "not judged on the same cells" in told
    assert "better" not in told.replace("which is the better one", "")


def test_names_of_molecules_are_one_line_that_the_service_takes() -> None:
    lines = lines_of(f"CCO\ta\tlong  name\x0b here\n\nCCN {'x' * 300}\nCCC")
    assert [(each.number, each.smiles, each.name) for each in lines] == [
        (1, "CCO", "a long name here"),
        (3, "CCN", "x" * 200),
        (4, "CCC", ""),
    ]


@pytest.mark.parametrize("counts", [None, [np.nan] * 3])
def test_a_map_of_a_run_that_counted_nothing_has_one_colour_and_no_scale(counts: list[float] | None) -> None:
    mapped = Mapped(
        ("a", "b", "c"), (1, 2, 3), np.zeros((3, 2)), told_F=None if counts is None else np.array(counts), counted=True
    )
    marker = neighbourhood(mapped, PALETTE, revision="1").data[0].marker
    assert marker.color == PALETTE.point
    assert marker.colorbar.tickvals is None


def test_what_nobody_counted_has_no_colour_beside_what_was() -> None:
    mapped = Mapped(("a", "b", "c"), (1, 2, 3), np.zeros((3, 2)), told_F=np.array([np.nan, 1.0, 100.0]), counted=True)
    marker = json.loads(neighbourhood(mapped, PALETTE, revision="1").to_json())["data"][0]["marker"]
    assert marker["color"] == [None, 0.0, 2.0]
    assert marker["colorbar"]["ticktext"] == ["1", "10", "100"]


def test_a_map_of_sizes_has_more_numbers_on_its_scale_than_decades() -> None:
    mapped = Mapped(("a", "b", "c"), (1, 2, 3), np.zeros((3, 2)), told_F=np.array([1.0, 6.0, 30.0]), counted=True)
    assert neighbourhood(mapped, PALETTE, revision="1").data[0].marker.colorbar.ticktext == ("1", "2", "5", "10", "20")


@pytest.mark.parametrize(
    ("told", "ends", "middle"),
    [([-1.2, 0.4, 3.7], (-4.0, 4.0), PALETTE.diverging[4]), ([0.0, 1.0, 3.0], (0.0, 3.0), PALETTE.diverging[6])],
)
def test_a_property_below_zero_is_neutral_at_zero(told: list[float], ends: tuple[float, float], middle: str) -> None:
    mapped = Mapped(("a", "b", "c"), (1, 2, 3), np.zeros((3, 2)), told_F=np.array(told))
    marker = neighbourhood(mapped, PALETTE, revision="1").data[0].marker
    assert (list(marker.color), (marker.cmin, marker.cmax)) == (told, ends)
    assert dict(marker.colorscale)[0.5] == middle


def test_a_fragment_is_called_as_it_is_though_a_message_is_called_so() -> None:
    with speaking("ja"):
        told = text_of(examples(View(), [Fragment(0, "Words", smiles=None, support=1, scaffolds=None, shown=True)]))
    assert told == "例：Words"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_heading_is_explained_with_a_unit_behind_it_and_without(language: str) -> None:
    with speaking(language):
        told = [explained(heading) for heading in (_("Expected change"), in_unit(_("Expected change"), ChangeUnit.LOG))]
        meaning = _(TERMS["Expected change"])
    assert [getattr(each, "title", None) for each in told] == [meaning] * 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_terms_are_called_alike(language: str) -> None:
    with speaking(language):
        assert len({_(term) for term in TERMS}) == len(TERMS)
