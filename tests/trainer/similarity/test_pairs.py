"""What is published beyond factors says how alike fragments look, and how far they were studied together."""

import numpy as np
import pyarrow as pa

from contracts.tables import TABLES
from trainer.data.seed_table import built_in
from trainer.similarity.environments import tanimoto
from trainer.similarity.pairs import Likeness

SMILES: list[str | None] = ["*c1ccccc1", "*c1ccc(*)cc1", "*C(=O)O", "*O*", "*C(C)=O", "*c1ccncc1", "*N(C)C"]


def made(smiles: list[str | None]) -> Likeness:
    """The built-in facts with other fragments' structures."""
    activity = built_in()
    count = len(activity.fragments)
    column = activity.fragments.schema.get_field_index("smiles")
    field = activity.fragments.schema.field("smiles")
    fragments = activity.fragments.set_column(column, field, pa.array(smiles[:count], pa.string()))
    return Likeness.of(type(activity)(**{**vars(activity), "fragments": fragments}))


def beside(likeness: Likeness) -> pa.Table:
    """The table `neighbours` of all pairs, with what is known of them."""
    pairs = {"fragment": pa.array(PAIRS[0]), "other": pa.array(PAIRS[1])}
    columns = [pairs.get(field.name, pa.nulls(25, field.type)) for field in TABLES["neighbours"].schema]
    return likeness.beside(pa.table(columns, schema=TABLES["neighbours"].schema))


PAIRS = tuple(index.ravel().astype(np.int32) for index in np.indices((5, 5)))


def test_structure_is_tanimoto_of_the_published_environments() -> None:
    likeness = made(SMILES)
    table = likeness.tables()["likeness"]
    table.validate(full=True)
    assert table.schema.equals(TABLES["likeness"].schema)
    sets = [set(environments) for environments in table["environments"].to_pylist()]
    shared_FF = np.array([[100 * len(one & other) / len(one | other) for other in sets] for one in sets])
    found_FF = beside(likeness)["structure"].to_numpy().reshape(5, 5)
    np.testing.assert_allclose(found_FF, shared_FF, atol=1e-4)
    np.testing.assert_allclose(found_FF, tanimoto(SMILES, *PAIRS).reshape(5, 5), atol=1e-4)


def test_coassay_is_the_product_of_the_published_rows() -> None:
    likeness = made(SMILES)
    table = likeness.tables()["likeness"]
    rows = np.zeros((5, likeness.coassay_FT.shape[1]))
    for fragment, (targets, values) in enumerate(zip(table["targets"].to_pylist(), table["coassay"].to_pylist(), strict=True)):
        rows[fragment, targets] = values
    np.testing.assert_allclose(beside(likeness)["coassay"].to_numpy().reshape(5, 5), 100 * rows @ rows.T, atol=1e-4)


def test_without_structures_only_coassay_is_known() -> None:
    likeness = made([None] * 5)
    table = beside(likeness)
    assert (table["structure"].null_count, table["coassay"].null_count) == (25, 0)
    assert likeness.tables()["likeness"]["environments"].to_pylist() == [None] * 5
