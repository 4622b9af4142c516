"""What a judged run is asked, and from what it may tell."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from contracts.kinds import ActivityKind
from trainer.data.activity import Activity
from trainer.data.seed_table import built_in
from trainer.evaluation.judgement import question
from trainer.factorization.activity.ranking import unit_rows
from trainer.similarity.environments import environments_CD


def drawn(kind: ActivityKind, *, last: str | None = "CCO") -> tuple[Activity, list[str | None]]:
    """The built-in data as if its compounds had structures."""
    activity = built_in()
    smiles = ["C" * number + "O" for number in range(1, len(activity.compounds))] + [last]
    column = activity.compounds.schema.get_field_index("smiles")
    field = activity.compounds.schema.field(column)
    compounds = activity.compounds.set_column(column, field, pa.array(smiles, field.type))
    return replace(activity, kind=kind, compounds=compounds), smiles


def test_what_acts_alone_is_told_by_unit_rows_of_environments_that_fit_a_dense_problem() -> None:
    activity, smiles = drawn(ActivityKind.POSITIVES)
    found_CD = question(activity, with_structure=True).structure_CD
    assert found_CD is not None
    np.testing.assert_array_equal(found_CD.toarray(), unit_rows(environments_CD(map(str, smiles), 4096)).toarray())


def test_structure_is_left_out_where_it_is_not_asked_for_or_a_compound_has_none() -> None:
    assert question(drawn(ActivityKind.POSITIVES)[0], with_structure=False).structure_CD is None
    assert question(drawn(ActivityKind.POSITIVES, last=None)[0], with_structure=True).structure_CD is None
    assert question(drawn(ActivityKind.REAL)[0], with_structure=True).structure_CD is None
