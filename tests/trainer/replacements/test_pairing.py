"""From molecules to measured replacements."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from chemistry.cuts import HYDROGEN
from chemistry.standardisation import standardise
from trainer.replacements.events import Events
from trainer.replacements.members import MEMBERS, digest, members
from trainer.replacements.pairing import EVENTS, MOST_MEMBERS, paired

ROW = pa.schema(
    [
        ("context", pa.int64()),
        ("target", pa.int32()),
        ("fragment", pa.string()),
        ("compound", pa.int32()),
        ("turned", pa.bool_()),
        ("value", pa.float64()),
    ]
)


def rows_of(smiles: Sequence[str]) -> list[dict[str, object]]:
    batch = pa.RecordBatch.from_pydict(
        {"compound": pa.array(range(len(smiles)), pa.int32()), "smiles": [standardise(each) for each in smiles]}
    )
    (found,) = members([batch])
    assert found.schema == MEMBERS
    rows: list[dict[str, object]] = found.to_pylist()
    return rows


def events_of(
    rows: Sequence[tuple[int, int, str, int, float]], batch: int = 1000, turned: Mapping[int, bool] | None = None
) -> list[tuple[str, str, int, int, int, float, float]]:
    """`turned` says of compounds which way round their linker is."""
    whole = [(*row[:4], (turned or {}).get(row[3]), row[4]) for row in sorted(rows)]
    columns = [pa.array(column, field.type) for column, field in zip(zip(*whole, strict=True), ROW, strict=True)]
    table = pa.Table.from_arrays(columns, schema=ROW)
    found = pa.Table.from_batches(list(paired(table.to_batches(max_chunksize=batch))), schema=EVENTS)
    return [tuple(row.values()) for row in found.to_pylist()]


def test_compounds_that_differ_by_one_group_have_the_rest_in_common() -> None:
    rows = rows_of(["Clc1ccccc1CN", "Fc1ccccc1CN"])
    by = {(row["context"], row["fragment"]): row["compound"] for row in rows if row["whole"] is None}
    shared = {context for context, name in by if name == "*Cl"} & {context for context, name in by if name == "*F"}
    assert len(shared) >= 1


def test_a_hydrogen_is_a_group_where_the_molecule_without_the_other_is_a_compound() -> None:
    rows = rows_of(["Clc1ccc(C(=O)O)cc1"])
    wholes = {row["whole"] for row in rows if row["fragment"] == HYDROGEN}
    assert digest(standardise("OC(=O)c1ccccc1")) in wholes
    assert all(row["compound"] is None for row in rows if row["fragment"] == HYDROGEN)


def test_leaves_are_paired_by_all_the_other_leaves_each_as_often_as_it_occurs() -> None:
    one, two = rows_of(["O=C(NCc1ccccc1)c1ccncc1"]), rows_of(["O=C(NCc1ccccc1)c1ccccc1"])
    contexts = [{row["context"]: row["fragment"] for row in rows if row["whole"] is None} for rows in (one, two)]
    replaced = {(contexts[0][context], contexts[1][context]) for context in contexts[0].keys() & contexts[1].keys()}
    assert ("*c1ccncc1", "*c1ccccc1") in replaced


def test_only_pairs_at_the_same_target_with_as_many_open_ends_are_events() -> None:
    rows = [(1, 0, "*Cl", 0, 6.0), (1, 0, "*F", 1, 5.0), (1, 1, "*F", 1, 7.0), (1, 0, "*C*", 2, 9.0), (2, 0, "*Br", 3, 4.0)]
    assert events_of(rows) == [("*Cl", "*F", 0, 0, 1, 6.0, 5.0)]


def test_a_linker_takes_the_place_of_another_the_way_its_ends_are_like_the_others() -> None:
    """Amide and ester with the hetero atom at the same side are a pair, with it at opposite sides they are none."""
    rows = [(1, 0, "*NC(*)=O", 0, 6.0), (1, 0, "*OC(*)=O", 1, 5.0)]
    paired_ones = {ways: events_of(rows, turned=dict(enumerate(ways))) for ways in product((True, False), repeat=2)}
    assert {ways for ways, events in paired_ones.items() if events} == {(True, True), (False, False)}
    assert paired_ones[True, True] == [("*NC(*)=O", "*OC(*)=O", 0, 0, 1, 6.0, 5.0)]


def test_linkers_whose_ends_say_nothing_are_paired_either_way() -> None:
    rows = [(1, 0, "*c1ccc(*)cc1", 0, 6.0), (1, 0, "*c1ccc(*)nc1", 1, 5.0)]  # carbon of a ring at each of four ends
    for ways in ((None, True), (None, False)):
        assert len(events_of(rows, turned={1: ways[1]})) == 1
    rows = [(1, 0, "*c1ccc(*)nc1", 0, 6.0), (1, 0, "*c1ncc(*)cn1", 1, 5.0)]
    for turned in (True, False):
        assert len(events_of(rows, turned={0: True, 1: turned})) == 1
    rows = [(1, 0, "*NC(*)=O", 0, 6.0), (1, 0, "*NC(=O)N*", 1, 5.0)]
    assert len(events_of(rows, turned={0: True})) == 1


def test_molecules_with_linkers_between_the_same_ends_have_their_surroundings_in_common() -> None:
    one, two = rows_of(["O=C(Nc1ccc(Cl)cc1)c1cccnc1"]), rows_of(["O=C(Oc1ccc(Cl)cc1)c1cccnc1"])
    amide, ester = (
        {row["context"]: row["turned"] for row in rows if row["fragment"] == name}
        for rows, name in ((one, "*NC(*)=O"), (two, "*OC(*)=O"))
    )
    assert amide.items() & ester.items()


def test_the_earlier_name_comes_first_and_a_fragment_is_no_replacement_of_itself() -> None:
    rows = [(1, 0, "*F", 0, 5.0), (1, 0, "*Cl", 1, 6.0), (1, 0, "*Cl", 2, 8.0)]
    assert sorted(events_of(rows)) == [("*Cl", "*F", 0, 1, 0, 6.0, 5.0), ("*Cl", "*F", 0, 2, 0, 8.0, 5.0)]


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_groups_that_cross_batches_stay_whole(batch: int) -> None:
    names = ["*Cl", "*F", "*Br", "*C"]
    rows = [
        (context, target, names[compound % 4], compound, 0.5 * compound)
        for context in range(5)
        for target in range(2)
        for compound in range(4)
    ]
    assert sorted(events_of(rows, batch)) == sorted(events_of(rows))
    assert len(events_of(rows)) == 5 * 2 * 6


def test_very_many_compounds_of_one_surroundings_are_capped() -> None:
    rows = [(1, 0, "*Cl" if compound % 2 else "*F", compound, 1.0) for compound in range(MOST_MEMBERS + 50)]
    assert len(events_of(rows)) == 153 * (MOST_MEMBERS - 153)  # of 153 with the first name, and 153 with the other


def table(*rows: tuple[str, str, int, int, int, float, float]) -> pa.Table:
    columns = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), EVENTS, strict=True)]
    return pa.Table.from_arrays(columns, schema=EVENTS)


def test_an_event_that_two_surroundings_tell_is_counted_once() -> None:
    found = Events.of(table(("*Cl", "*F", 0, 1, 2, 6.0, 5.0), ("*Cl", "*F", 0, 1, 2, 6.0, 5.0)), ["*Cl", "*F"])
    assert len(found) == 1


def test_pairs_of_compounds_count_once_whatever_the_number_of_targets() -> None:
    found = Events.of(
        table(("*Cl", "*F", 0, 1, 2, 6.0, 5.0), ("*Cl", "*F", 1, 1, 2, 6.0, 9.0), ("*Cl", "*F", 0, 3, 4, 6.0, 6.5)),
        ["*Cl", "*F"],
    ).pairs()
    assert found.measurements_P.tolist() == [2]
    assert found.change_P[0] == pytest.approx((2.0 + 0.5) / 2)
    assert found.shift_P[0] == pytest.approx((1.0 + 0.5) / 2)


def test_numbers_of_groups_decide_the_order_and_the_sign() -> None:
    found = Events.of(table(("*Cl", "*F", 0, 1, 2, 6.0, 5.0)), ["*F", "*Cl"])
    assert (found.first_N[0], found.second_N[0]) == (0, 1)
    assert (found.first_compound_N[0], found.second_compound_N[0]) == (2, 1)
    assert found.difference_N[0] == 1.0


def test_halves_share_no_compound() -> None:
    found = Events.of(table(("*Cl", "*F", 0, 1, 2, 6.0, 5.0), ("*Cl", "*F", 0, 0, 3, 6.0, 5.0)), ["*Cl", "*F"])
    chosen = np.array([False, True, True, False])
    assert len(found.among(chosen)) == 1
    assert len(found.among(~chosen)) == 1
