"""Activity: the facts hold together, and counts are the seed's A B."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.seed_json import seed_json

from trainer.data import seed_table
from trainer.data.activity import data_digest
from trainer.data.offences import InvalidData, Offence


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[int]], list[list[float]]]:
    fragments, compounds, targets = (draw(st.integers(1, 6)) for _ in range(3))
    number = st.one_of(st.sampled_from([-1, 0, 1]), st.floats(-1e6, 1e6))
    membership = draw(
        st.lists(st.lists(st.integers(0, 1), min_size=compounds, max_size=compounds), min_size=fragments, max_size=fragments)
    )
    values = draw(st.lists(st.lists(number, min_size=targets, max_size=targets), min_size=compounds, max_size=compounds))
    return membership, values


@given(tables())
def test_counts_equal_the_dense_product(table: tuple[list[list[int]], list[list[float]]]) -> None:
    membership, values = table
    activity = seed_table.parse(seed_json(membership, values), name="data.json")
    np.testing.assert_allclose(activity.counts_FT().toarray(), np.array(membership, float) @ np.array(values, float), atol=1e-6)


def test_a_table_with_another_schema_is_refused() -> None:
    activity = seed_table.built_in()
    with pytest.raises(TypeError, match="fragments has the schema"):
        replace(activity, fragments=activity.fragments.drop_columns(["shown"]))


def test_tables_are_named_as_in_the_store() -> None:
    activity = seed_table.built_in()
    assert activity.tables["activity"] is activity.cells
    assert all(isinstance(table, pa.Table) for table in activity.tables.values())


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_digests_agree_exactly_when_their_parts_do(left: list[bytes], right: list[bytes]) -> None:
    assert (data_digest(left) == data_digest(right)) == (left == right)


def test_invalid_data_says_what_is_wrong_first_and_how_much_more_there_is() -> None:
    offences = [Offence("assays.csv", row, "pIC50", "abc", "is not a number") for row in range(1, 31)]
    error = InvalidData(offences)
    assert str(error) == "assays.csv, row 1, pIC50: abc is not a number (and 29 more offences)"
    assert (len(error.offences), error.total) == (20, 30)
    assert str(InvalidData(offences[:2])).endswith("(and 1 more offence)")
    assert str(InvalidData(offences[:1])) == "assays.csv, row 1, pIC50: abc is not a number"


def test_a_long_or_blank_value_is_shown_so_that_it_can_be_recognised() -> None:
    assert "'x y'" in str(Offence("a.csv", 1, "t", "x y", "is not a number"))
    assert "''" in str(Offence("a.csv", 1, "t", "", "is not a number"))
    assert "C" * 60 + "…" in str(Offence("a.csv", 1, "smiles", "C" * 100, "is no molecule"))
