"""facts: duplicates are merged by mean, ids follow names, evidence is counted; held against a plain definition."""

from collections import defaultdict
from statistics import fmean
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.evidence import MODELLED_SUPPORT, SHOWN_SCAFFOLDS, SHOWN_SUPPORT
from contracts.kinds import ActivityKind
from contracts.tables import TABLES
from trainer.spark.ingest.facts import Facts, facts_of
from trainer.tables.cells import Relation
from trainer.tables.merging import MixedEndpoints
from trainer.tables.records import MOLECULES
from trainer.tables.series import Series

Record = dict[str, Any]


def a_record(parent: str, row: int, cells: dict[str, float], **more: Any) -> Record:
    """A record whose scaffold and fragments depend on its parent alone, as those of molecules do."""
    return {
        "kind": "activity",
        "file": 0,
        "first": row,
        "rows": [row],
        "compound": "",
        "parent": parent,
        "scaffold": parent[:1],
        "fragments": sorted({f"f{letter}" for letter in parent}),
        "cells": [{"target": target, "value": value} for target, value in cells.items()],
        **more,
    }


def facts(records: list[Record], kind: ActivityKind | None = None, *, apart: bool = False) -> Facts:
    return facts_of(pa.Table.from_pylist(records, schema=MOLECULES), kind, endpoint_in_target=apart)


def named_cells(found: Facts) -> dict[tuple[str, str], tuple[float, float]]:
    compounds, targets = found.compounds["smiles"].to_pylist(), found.targets["name"].to_pylist()
    return {
        (compounds[cell["compound"]], targets[cell["target"]]): (cell["value"], cell["weight"])
        for cell in found.cells.to_pylist()
    }


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    parents = draw(st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1, max_size=30))
    cells = st.dictionaries(st.sampled_from(["T1", "T2", "T10"]), st.floats(-10, 10), max_size=3)
    return [a_record(parent, row, draw(cells)) for row, parent in enumerate(parents, start=1)]


@given(records())
def test_facts_are_what_the_definition_says(given_records: list[Record]) -> None:
    found = facts(given_records, ActivityKind.REAL)
    parents = sorted({record["parent"] for record in given_records})
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for record in given_records:
        for cell in record["cells"]:
            values[record["parent"], cell["target"]].append(cell["value"])
    holders: dict[str, set[str]] = defaultdict(set)
    for record in given_records:
        for name in record["fragments"]:
            holders[name].add(record["parent"])
    modelled = sorted(name for name, compounds in holders.items() if len(compounds) >= MODELLED_SUPPORT)

    assert found.compounds["smiles"].to_pylist() == parents
    assert found.compounds["rows"].to_pylist() == [sum(r["parent"] == parent for r in given_records) for parent in parents]
    assert found.targets["name"].to_pylist() == sorted({target for _, target in values})
    assert {key: weight for key, (_, weight) in named_cells(found).items()} == {key: len(many) for key, many in values.items()}
    for key, (value, _) in named_cells(found).items():
        assert value == pytest.approx(fmean(values[key]), abs=1e-12)
    assert found.counts["measurements"] == sum(map(len, values.values()))
    assert found.found == len(holders)
    assert found.fragments["name"].to_pylist() == modelled
    assert found.fragments["support"].to_pylist() == [len(holders[name]) for name in modelled]
    assert found.fragments["scaffolds"].to_pylist() == [len({parent[:1] for parent in holders[name]}) for name in modelled]
    assert {(row["fragment"], row["compound"], row["count"]) for row in found.membership.to_pylist()} == {
        (modelled.index(name), parents.index(parent), 1.0) for name in modelled for parent in holders[name]
    }


@given(records(), st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(given_records: list[Record], random: Any) -> None:
    shuffled = given_records[:]
    random.shuffle(shuffled)
    first, second = (facts(some, ActivityKind.REAL) for some in (given_records, shuffled))
    for name in ("fragments", "compounds", "targets", "cells", "membership"):
        assert getattr(first, name).equals(getattr(second, name)), name


def test_tables_have_the_declared_schemas() -> None:
    found = facts([a_record("ab", 1, {"T": 1.0})])
    for name in ("fragments", "compounds", "targets", "membership"):
        assert getattr(found, name).schema.equals(TABLES[name].schema)
    assert found.cells.schema.equals(TABLES["activity"].schema)


def test_a_fragment_is_shown_with_enough_compounds_of_enough_scaffolds() -> None:
    def shown(compounds: int, scaffolds: int) -> list[bool]:
        many = [
            a_record(f"p{index}", index, {"T": 1.0}, fragments=["f"], scaffold=str(index % scaffolds))
            for index in range(1, compounds + 1)
        ]
        flags: list[bool] = facts(many).fragments["shown"].to_pylist()
        return flags

    assert shown(SHOWN_SUPPORT, SHOWN_SCAFFOLDS) == [True]
    assert shown(SHOWN_SUPPORT - 1, SHOWN_SCAFFOLDS) == [False]
    assert shown(SHOWN_SUPPORT, SHOWN_SCAFFOLDS - 1) == [False]


def test_a_compound_is_called_what_its_first_row_calls_it() -> None:
    found = facts([a_record("ab", 2, {"T": 1.0}, compound="second"), a_record("ab", 1, {"T": 1.0}, compound="first")])
    assert found.compounds["name"].to_pylist() == ["first"]
    assert facts([a_record("ab", 1, {"T": 1.0})]).compounds["name"].to_pylist() == ["ab"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.0, 1.0], ActivityKind.BINARY),
        ([1.0, 0.0], ActivityKind.BINARY),
        ([0.0, 0.0], ActivityKind.BINARY),
        ([5.5, 1.0], ActivityKind.REAL),
    ],
)
def test_the_values_tell_the_kind(values: list[float], kind: ActivityKind) -> None:
    found = facts([a_record("ab", row, {"T": value}) for row, value in enumerate(values, start=1)])
    assert found.kind is kind


def test_a_given_kind_is_kept() -> None:
    assert facts([a_record("ab", 1, {"T": 1.0})], ActivityKind.BINARY).kind is ActivityKind.BINARY


def stating(parent: str, row: int, *cells: tuple[Series, float, Relation]) -> Record:
    listed = [{"target": series.text, "value": value, "relation": int(sign), "row": row} for series, value, sign in cells]
    return {**a_record(parent, row, {}), "cells": listed}


T = Series("T")


def test_the_tightest_bounds_stay_beside_the_mean_of_the_values() -> None:
    found = facts(
        [
            stating("ab", 1, (T, 5.0, Relation.EXACT), (T, 4.0, Relation.ABOVE), (T, 8.0, Relation.BELOW)),
            stating("ab", 2, (T, 6.0, Relation.ABOUT), (T, 4.5, Relation.ABOVE), (T, 7.0, Relation.BELOW)),
            stating("cd", 3, (T, 6.0, Relation.ABOUT)),
        ]
    )
    assert [(cell["value"], cell["relation"], cell["weight"]) for cell in found.cells.to_pylist()] == [
        (5.5, "=", 2),
        (6.0, "~", 1),
    ]
    assert [(cell["value"], cell["relation"]) for cell in found.bounds.to_pylist()] == [(7.0, "<"), (4.5, ">")]
    assert (found.counts["bounds"], found.counts["bounds_measured"], found.counts["approximate"]) == (2, 4, 2)
    assert found.targets["cells"].to_pylist() == [2]


def test_the_majority_of_labels_stays_and_a_tie_is_left_out() -> None:
    votes = [("ab", 1.0), ("ab", 0.0), ("ab", 1.0), ("cd", 1.0), ("cd", 0.0)]
    found = facts([stating(parent, row, (T, value, Relation.EXACT)) for row, (parent, value) in enumerate(votes, start=1)])
    assert found.kind is ActivityKind.BINARY
    assert [cell["value"] for cell in found.cells.to_pylist()] == [1.0]
    assert (found.counts["conflicts"], found.counts["ties"]) == (2, 1)
    assert [(tie.row, tie.value) for tie in found.ties] == [(4, 1.0), (5, 0.0)]


def test_organisms_of_one_target_stay_apart_and_titles_stand_beside_ids() -> None:
    human, rat = (Series("1", organism, title="5-HT1A") for organism in ("Human", "Rat"))
    found = facts(
        [
            stating(
                "ab", 1, (human, 5.0, Relation.EXACT), (rat, 6.0, Relation.EXACT), (Series("2", "Human"), 7.0, Relation.EXACT)
            )
        ]
    )
    assert found.targets["name"].to_pylist() == ["1 (Human)", "1 (Rat)", "2"]
    assert found.targets["title"].to_pylist() == ["5-HT1A", "5-HT1A", None]


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (("ab", "IC50"), ("ab", "Ki"), False),
        (("ab", "IC50"), ("cd", "EC50"), False),
        (("ab", "IC50"), ("cd", "Ki"), True),
        (("ab", "IC50"), ("ab", ""), True),
    ],
)
def test_endpoints_are_not_averaged_unless_asked(first: tuple[str, str], second: tuple[str, str], together: bool) -> None:  # noqa: FBT001
    given_records = [
        stating(parent, row, (Series("T", endpoint=endpoint), 5.0 + row, Relation.EXACT))
        for row, (parent, endpoint) in enumerate((first, second))
    ]
    if together:
        assert facts(given_records).targets["name"].to_pylist() == ["T"]
        return
    with pytest.raises(MixedEndpoints) as caught:
        facts(given_records)
    assert set(caught.value.endpoints) == {first[1], second[1]}
    assert facts(given_records, apart=True).targets["name"].to_pylist() == sorted([f"T {first[1]}", f"T {second[1]}"])
