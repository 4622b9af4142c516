"""What is published beyond factors says how alike fragments look, and how far they were studied together."""

import numpy as np
import pyarrow as pa
import pytest
import scipy.sparse
from tests.support.counts import planted

from contracts.kinds import SimilarityKind
from contracts.tables import TABLES
from trainer.data.seed_table import built_in
from trainer.similarity.cosines import directions_FK, percents_FF
from trainer.similarity.environments import tanimoto
from trainer.similarity.pairs import Likeness, shares
from trainer.similarity.profiles import combined_FF, structural_FF

SMILES: list[str | None] = ["*c1ccccc1", "*c1ccc(*)cc1", "*C(=O)O", "*O*", "*C(C)=O", "*c1ccncc1", "*N(C)C"]


def made(smiles: list[str | None]) -> tuple[Likeness, np.ndarray]:
    """The built-in facts with other fragments' structures, and directions."""
    activity = built_in()
    count = len(activity.fragments)
    column = activity.fragments.schema.get_field_index("smiles")
    field = activity.fragments.schema.field("smiles")
    fragments = activity.fragments.set_column(column, field, pa.array(smiles[:count], pa.string()))
    rows_FK = directions_FK(planted(0, count, 9, [3, 2, 1]))
    return Likeness.of(type(activity)(**{**vars(activity), "fragments": fragments}), rows_FK), rows_FK


PAIRS = tuple(index.ravel().astype(np.int32) for index in np.indices((5, 5)))


def test_structure_is_tanimoto_of_the_published_environments() -> None:
    likeness, _ = made(SMILES)
    table = likeness.tables()["likeness"]
    table.validate(full=True)
    assert table.schema.equals(TABLES["likeness"].schema)
    sets = table["environments"].to_pylist()
    size = 1 + max(max(each) for each in sets)
    rows = scipy.sparse.csr_array([[float(number in each) for number in range(size)] for each in sets])
    found_FF = likeness.pairs["structure"](*PAIRS).reshape(5, 5)
    np.testing.assert_allclose(found_FF, structural_FF(rows), atol=1e-4)
    np.testing.assert_allclose(found_FF, tanimoto(SMILES, *PAIRS).reshape(5, 5), atol=1e-4)


def test_coassay_is_the_product_of_the_published_rows() -> None:
    likeness, _ = made(SMILES)
    table = likeness.tables()["likeness"]
    rows = np.zeros((5, likeness.coassay_FT.shape[1]))
    for fragment, (targets, values) in enumerate(zip(table["targets"].to_pylist(), table["coassay"].to_pylist(), strict=True)):
        rows[fragment, targets] = values
    np.testing.assert_allclose(likeness.pairs["coassay"](*PAIRS).reshape(5, 5), 100 * rows @ rows.T, atol=1e-4)


def test_combined_is_the_rank_sum_of_function_and_structure_over_all_pairs() -> None:
    likeness, rows_FK = made(SMILES)
    structure_FF = tanimoto(SMILES, *PAIRS).reshape(5, 5).astype(np.float64)
    expected_FF = combined_FF(percents_FF(rows_FK), structure_FF)
    found_FF = likeness.pairs["combined"](*PAIRS).reshape(5, 5)
    other = np.triu_indices(5, 1)
    # Shares of 10 pairs lie half a pair inside of 0 and 1, rank sums at them.
    np.testing.assert_allclose(found_FF[other], 5.0 + 0.9 * expected_FF[other], atol=1e-3)
    np.testing.assert_array_equal(np.diag(found_FF), 100.0)


def test_ranks_are_published_as_they_are_used() -> None:
    likeness, _ = made(SMILES)
    table = likeness.tables()["ranks"]
    assert table.schema.equals(TABLES["ranks"].schema)
    assert table["similarity"].to_pylist() == ["function", "structure"]
    for row in table.to_pylist():
        percents_S, shares_S = likeness.knots[SimilarityKind(row["similarity"])]
        np.testing.assert_array_equal(row["percents"], percents_S)
        np.testing.assert_array_equal(row["shares"], shares_S)
        assert (np.diff(percents_S) > 0).all()
        assert (np.diff(shares_S) >= 0).all()


def test_without_structures_only_coassay_is_known_and_no_ranks_are_published() -> None:
    likeness, _ = made([None] * 5)
    assert likeness.pairs.keys() == {"coassay"}
    assert len(likeness.tables()["ranks"]) == 0
    assert likeness.tables()["likeness"]["environments"].to_pylist() == [None] * 5


@pytest.mark.parametrize(("percent", "share"), [(-100, 0), (0, 0.25), (50, 0.5), (75, 0.75), (100, 1)])
def test_shares_are_linear_between_knots(percent: float, share: float) -> None:
    found = shares(np.array([percent, np.nan]), np.array([-100.0, 0, 50, 100]), np.array([0, 0.25, 0.5, 1.0]))
    assert found[0] == share
    assert np.isnan(found[1])
