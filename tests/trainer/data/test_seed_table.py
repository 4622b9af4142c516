"""seed_table: the seed's published numbers come out of its data, and every broken file is refused with its place."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.kinds import ActivityKind
from trainer.data import seed_table
from trainer.data.activity import Activity
from trainer.data.offences import InvalidData

# The seed's own example of a data file: 10 fragments, 18 compounds, with -1 (github.com/Setogit/ntdemo, asset/data.json, MIT).
EXAMPLE = Path(__file__).parent / "seed_example.json"


def balanced_percents(activity: Activity, rank: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Cosines of the rows of U sqrt(S) in percent, straight from the definition."""
    left, singular, _ = np.linalg.svd(activity.counts_FT().toarray())
    rows = left[:, :rank] * np.sqrt(singular[:rank])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    percents: np.ndarray[Any, np.dtype[np.float64]] = 100 * rows @ rows.T
    return percents


def offences_of(document: object) -> list[tuple[str | None, str | None, str]]:
    text = (
        document
        if isinstance(document, bytes)
        else document.encode()
        if isinstance(document, str)
        else json.dumps(document).encode()
    )
    with pytest.raises(InvalidData) as caught:
        seed_table.parse(text, name="data.json")
    assert all(offence.file == "data.json" for offence in caught.value.offences)
    return [(offence.column, offence.value, offence.reason) for offence in caught.value.offences]


NEITHER = "is neither 1 (the compound contains the fragment) nor 0"
BEYOND = "is beyond ±1,000,000,000: no activity is that large"
TABLE = "comp_target_interaction"
GOOD: dict[str, Any] = {"fragment_comp": {"a": [1, 0], "b": [0, 1]}, "comp_target_interaction": [[1, 0, -1], [0, 0.5, 1]]}


def test_the_built_in_data_gives_the_published_similarities() -> None:
    activity = seed_table.built_in()
    assert activity.names == ["fA", "fB", "fC", "fD", "fE"]
    percents = balanced_percents(activity, rank=3)
    published = [42, 24, 80, 46, 98, 87, 62, 74, 62, 52]
    np.testing.assert_allclose(percents[np.triu_indices(5, 1)], published, atol=0.5)


def test_the_built_in_data_states_every_cell_also_where_it_is_0() -> None:
    activity = seed_table.built_in()
    assert activity.kind is ActivityKind.SIGNED
    assert (len(activity.compounds), len(activity.targets), len(activity.cells)) == (10, 10, 100)
    assert activity.fragments["support"].to_pylist() == [3, 3, 4, 4, 6]
    assert activity.fragments["shown"].to_pylist() == [True] * 5
    assert activity.targets["cells"].to_pylist() == [10] * 10
    assert activity.ingest == {"files": 1, "rows_read": 10, "rows_used": 10, "rows_rejected": 0}
    assert activity.source == "built-in"


def test_the_seeds_own_example_file_is_read() -> None:
    activity = seed_table.read(EXAMPLE)
    assert activity.names == list("ABCDEFGHIJ")
    assert (len(activity.compounds), len(activity.targets)) == (18, 10)
    assert activity.cells["value"].to_numpy().min() == -1
    assert activity.source == "seed_example.json"


def test_the_digest_changes_with_the_bytes_alone(tmp_path: Path) -> None:
    first, second, other = tmp_path / "a.json", tmp_path / "b.json", tmp_path / "c.json"
    first.write_text(json.dumps(GOOD))
    second.write_text(json.dumps(GOOD))
    other.write_text(json.dumps(GOOD, indent=1))
    assert seed_table.read(first).digest == seed_table.read(second).digest != seed_table.read(other).digest
    assert len(seed_table.read(first).digest) == 16


def test_rows_of_interactions_may_carry_compound_names() -> None:
    named = {**GOOD, "comp_target_interaction": {"aspirin": [1, 0, -1], "caffeine": [0, 0.5, 1]}}
    activity = seed_table.parse(json.dumps(named).encode(), name="data.json")
    assert activity.compounds["name"].to_pylist() == ["aspirin", "caffeine"]
    np.testing.assert_array_equal(activity.values_CT().toarray(), [[1, 0, -1], [0, 0.5, 1]])


def test_a_byte_order_mark_is_no_offence() -> None:
    assert seed_table.parse(b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), name="data.json").names == ["a", "b"]


def test_a_fragment_in_no_compound_is_kept() -> None:
    table = {**GOOD, "fragment_comp": {"a": [1, 0], "nowhere": [0, 0]}}
    activity = seed_table.parse(json.dumps(table).encode(), name="data.json")
    assert activity.fragments["support"].to_pylist() == [1, 0]


@pytest.mark.parametrize(
    ("change", "column", "value", "reason"),
    [
        ({"fragment_comp": {"a": [1, 0], "b": [0]}}, 'fragment_comp["b"]', None, "has 1 values where there are 2 compounds"),
        ({"fragment_comp": {"a": [1, 2]}}, 'fragment_comp["a"][1]', "2", NEITHER),
        ({"fragment_comp": {"a": [1, -1]}}, 'fragment_comp["a"][1]', "-1", NEITHER),
        ({"fragment_comp": {"a": [True, 0]}}, 'fragment_comp["a"][0]', "true", "is not a number"),
        ({"fragment_comp": {"a": "10"}}, 'fragment_comp["a"]', '"10"', "is no list of numbers"),
        ({"fragment_comp": {" ": [1, 0]}}, 'fragment_comp[" "]', None, "is no name for a fragment"),
        ({"fragment_comp": {"\ud800": [1, 0]}}, 'fragment_comp["?"]', None, "is no text: it holds half a surrogate pair"),
        ({"fragment_comp": [[1, 0]]}, "fragment_comp", "[…]", "is no object fragment name -> row"),
        ({"fragment_comp": {}}, "fragment_comp", None, "is empty"),
        ({TABLE: []}, TABLE, None, "is empty"),
        ({TABLE: [[], []]}, f"{TABLE}[0]", None, "is empty: there are no targets"),
        ({TABLE: [[1, 0], [1]]}, f"{TABLE}[1]", None, "has 1 values where there are 2 targets"),
        ({TABLE: [[1, "x"], [1, 0]]}, f"{TABLE}[0][1]", '"x"', "is not a number"),
        ({TABLE: [[1, None], [1, 0]]}, f"{TABLE}[0][1]", "null", "is not a number"),
        ({TABLE: [[1, float("nan")], [1, 0]]}, f"{TABLE}[0][1]", "NaN", "is not a finite number"),
        ({TABLE: [[1, -float("inf")], [1, 0]]}, f"{TABLE}[0][1]", "-Infinity", "is not a finite number"),
        ({TABLE: [[1, [2]], [1, 0]]}, f"{TABLE}[0][1]", "[…]", "is not a number"),
        ({TABLE: [[1, 10**400], [1, 0]]}, f"{TABLE}[0][1]", str(10**400), BEYOND),
        ({TABLE: [1, 2]}, f"{TABLE}[0]", "1", "is no list of numbers"),
        ({TABLE: 3}, TABLE, "3", "is no list of rows"),
        ({"targets": ["t"]}, "targets", None, "is unknown: a data file has fragment_comp and comp_target_interaction"),
    ],
)  # fmt: skip
def test_an_offence_is_named_with_its_field_and_value(
    change: dict[str, Any], column: str, value: str | None, reason: str
) -> None:
    assert offences_of({**GOOD, **change})[0] == (column, value, reason)


@pytest.mark.parametrize(
    ("document", "column", "value", "reason"),
    [
        ("[1, 2]", None, "[…]", "is no object with fragment_comp and comp_target_interaction"),
        ("null", None, "null", "is no object with fragment_comp and comp_target_interaction"),
        ('{"comp_target_interaction": [[1]]}', "fragment_comp", None, "is missing"),
        ("", None, "", "is not JSON: Expecting value at line 1, column 1"),
        ('{"a": 1,\n  "b" 2}', None, "2}", "is not JSON: Expecting ':' delimiter at line 2, column 7"),
        (b'{"a": "\xff"}', None, "ff", "at byte 7 is not UTF-8"),
        ("[" * 100_000, None, None, "is nested too deeply"),
        ('{"a": 1' + "0" * 5000 + "}", None, None, "holds an integer of thousands of digits"),
        (
            '{"fragment_comp": {"a": [1], "a": [0]}, "comp_target_interaction": [[1]]}',
            'fragment_comp["a"]',
            None,
            "stands there twice: a fragment has one row",
        ),
        (
            '{"fragment_comp": {"a": [1]}, "comp_target_interaction": [[1]], "fragment_comp": {}}',
            "fragment_comp",
            None,
            "stands there twice",
        ),
        (
            '{"fragment_comp": {"a": [1, 0]}, "comp_target_interaction": {"x": [1], "x": [0]}}',
            'comp_target_interaction["x"]',
            None,
            "stands there twice: a compound has one row",
        ),
    ],
    ids=range(11),
)
def test_a_document_of_another_shape_is_refused(
    document: str | bytes, column: str | None, value: str | None, reason: str
) -> None:
    assert (column, value, reason) in offences_of(document)


def test_a_syntax_error_names_its_line() -> None:
    with pytest.raises(InvalidData) as caught:
        seed_table.parse(b'{\n"fragment_comp": }', name="data.json")
    assert caught.value.offences[0].row == 2
    assert str(caught.value) == "data.json, row 2: } is not JSON: Expecting value at line 2, column 18"


def test_all_offences_are_counted_and_the_first_20_shown() -> None:
    table = {"fragment_comp": {"a": [5] * 30}, "comp_target_interaction": [[1]] * 30}
    with pytest.raises(InvalidData) as caught:
        seed_table.parse(json.dumps(table).encode(), name="data.json")
    assert [offence.column for offence in caught.value.offences] == [f'fragment_comp["a"][{index}]' for index in range(20)]
    assert caught.value.total == 30


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(GOOD))
    with pytest.raises(InvalidData, match="is larger than the 10 bytes a JSON table may have"):
        seed_table.read(path, limit_bytes=10)
