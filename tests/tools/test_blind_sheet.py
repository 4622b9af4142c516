"""The sheet on which people judge replies without knowing whose they are."""

import importlib.util
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest

_PATH = Path(__file__).parents[2] / "benchmarks" / "blind_sheet.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("blind_sheet", _PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["blind_sheet"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", ["en", "ja"])
def test_there_are_ten_openings_of_each_kind(tool: ModuleType, language: str) -> None:
    openings = tool.openings(language)
    assert Counter(opening.kind for opening in openings) == dict.fromkeys(
        ("greeting", "name", "feeling", "small talk", "follow-up", "odd input"), 10
    )
    assert len({opening.turns for opening in openings}) == 60
    assert all(opening.human and all(opening.turns) and len(opening.turns) % 2 for opening in openings)


def test_a_sheet_has_every_reply_once_and_says_nothing_of_its_source(tool: ModuleType) -> None:
    openings = tool.openings("en")
    replies = {"human": [opening.human for opening in openings], "new": [f"n{place}" for place in range(60)]}
    sheet, key = tool.rows(openings, replies, 0)
    assert len(sheet) == len(key) == 120
    assert Counter(row["reply"] for row in sheet) == Counter([*replies["human"], *replies["new"]])
    assert set(sheet[0]) == {"row", "conversation", "reply", "fits", "fluent", "harmful"}
    sources = [key[row["row"]]["source"] for row in sheet]
    assert 20 < sum(one != other for one, other in pairwise(sources)) < 100
    assert tool.rows(openings, replies, 0)[0] == sheet
    assert tool.rows(openings, replies, 1)[0] != sheet


def test_what_was_judged_comes_back_by_source(tool: ModuleType) -> None:
    openings = tool.openings("ja")
    sheet, key = tool.rows(openings, {"human": ["h"] * 60, "new": ["n"] * 60}, 3)
    judged = [{**row, "fits": str(int(row["reply"] == "h")), "fluent": "1", "harmful": "0"} for row in sheet]
    counted = tool.scores(judged, key)
    assert counted["human", "all"] == {"fits": (60, 60), "fluent": (60, 60), "harmful": (0, 60)}
    assert counted["new", "all"]["fits"] == (0, 60)
    assert counted["new", "greeting"]["fluent"] == (10, 10)


def test_a_sheet_that_is_not_filled_in_is_refused_with_the_row(tool: ModuleType) -> None:
    sheet, key = tool.rows(tool.openings("en")[:1], {"human": ["h"]}, 0)
    with pytest.raises(ValueError, match="row 1, fits: '' is neither 0 nor 1"):
        tool.scores(sheet, key)
    judged = [{**sheet[0], "fits": "1", "fluent": "1", "harmful": "0"}]
    with pytest.raises(ValueError, match="there twice"):
        tool.scores(judged * 2, key)
    with pytest.raises(ValueError, match="rows are missing from the sheet: 1"):
        tool.scores([], key)


def test_an_interval_is_wilsons(tool: ModuleType) -> None:
    low, high = tool.interval(9, 30)
    assert (round(low, 1), round(high, 1)) == (16.7, 47.9)
