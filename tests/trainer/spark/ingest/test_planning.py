"""planning: columns are found by their names or by the options, and what is missing is named with the option that gives it."""

from collections.abc import Sequence
from typing import Any

import pytest

from contracts.kinds import ActivityKind
from trainer.data.offences import InvalidData
from trainer.runs.ingest import IngestOptions
from trainer.spark.ingest.files import Format, SourceFile
from trainer.spark.ingest.plan import FilePlan, Role
from trainer.spark.ingest.planning import plan_files

NO_SMILES = "has no SMILES column: name it with smiles_column"
NO_VALUE = "has no value column: name it with value_column"


def a_file(columns: str, name: str = "a.csv", form: Format = Format.CSV) -> SourceFile:
    return SourceFile(f"/data/{name}", name, form, ",", tuple(columns.split(",")), frozenset())


def plan(columns: str, **options: Any) -> FilePlan:
    (one,) = plan_files([a_file(columns)], IngestOptions(**options))
    return one


def reasons(files: Sequence[SourceFile], **options: Any) -> list[str]:
    with pytest.raises(InvalidData) as caught:
        plan_files(files, IngestOptions(**options))
    return [str(offence) for offence in caught.value.offences]


@pytest.mark.parametrize("smiles", ["smiles", "SMILES", "Canonical SMILES", "canonical_smiles", "Ligand SMILES", "structure"])
def test_a_smiles_column_is_found_by_its_name(smiles: str) -> None:
    assert plan(f"T1,{smiles},T2").smiles == smiles


def test_a_wide_table_has_a_column_a_target_except_those_that_name_the_compound() -> None:
    found = plan("NR-AR,SR-p53,mol_id,smiles,InChIKey")
    assert (found.role, found.smiles, found.compound, found.targets) == (Role.WIDE, "smiles", "mol_id", ("NR-AR", "SR-p53"))
    assert found.columns == ["smiles", "mol_id", "NR-AR", "SR-p53"]


def test_only_the_named_columns_are_targets() -> None:
    assert plan("smiles,logP,T1,T2", target_columns=["T2", "T1"]).targets == ("T2", "T1")


def test_a_table_with_a_target_column_is_long() -> None:
    found = plan("smiles,molecule_chembl_id,target_chembl_id,standard_relation,standard_value,standard_units,doi")
    assert found.role is Role.LONG
    assert (found.target, found.value, found.relation, found.unit, found.compound) == (
        "target_chembl_id",
        "standard_value",
        "standard_relation",
        "standard_units",
        "molecule_chembl_id",
    )


def test_a_logarithmic_value_is_preferred_and_has_no_unit() -> None:
    found = plan("smiles,target,standard_value,standard_units,pchembl_value")
    assert (found.value, found.unit, found.exponent) == ("pchembl_value", None, None)


def test_a_long_table_without_values_states_positives() -> None:
    assert plan("smiles,target").value is None


def test_the_users_names_come_first() -> None:
    found = plan(
        "smiles,mine,target,gene,value,score,unit,dose",
        smiles_column="mine",
        target_column="gene",
        value_column="score",
        unit_column="dose",
    )
    assert (found.smiles, found.target, found.value, found.unit) == ("mine", "gene", "score", "dose")


def test_a_table_with_a_target_column_is_wide_if_the_user_says_so() -> None:
    found = plan("smiles,target,T1", layout="wide")
    assert (found.role, found.targets) == (Role.WIDE, ("target", "T1"))


def test_measurements_without_structures_are_joined_to_a_file_of_structures() -> None:
    chemicals = a_file("chemical_index,chemical_id,InChI_Key,SMILES", "chemicals.tsv")
    interactions = a_file("Chem_ID,Gene_name", "dti.tsv")
    first, second = plan_files([chemicals, interactions], IngestOptions())
    assert (first.role, first.smiles, first.compound) == (Role.STRUCTURES, "SMILES", "chemical_id")
    assert (second.role, second.smiles, second.compound, second.target) == (Role.MEASUREMENTS, None, "Chem_ID", "Gene_name")


def test_units_of_all_values_are_an_exponent() -> None:
    assert plan("smiles,target,ic50", unit="nM").exponent == 9
    assert plan("smiles,T1,T2", unit="uM").exponent == 6


def test_a_kind_tells_which_values_there_may_be() -> None:
    assert plan("smiles,T1", activity_kind="binary").allowed == (0, 1)
    assert plan("smiles,T1", activity_kind="positives").allowed == (1,)
    assert plan("smiles,T1", activity_kind="real").allowed is None


def test_fields_of_later_objects_may_be_targets_unless_they_are_named() -> None:
    file = a_file("smiles,T1", "a.jsonl", Format.JSON_LINES)
    assert plan_files([file], IngestOptions())[0].open_targets
    assert not plan_files([file], IngestOptions(target_columns=("T1",)))[0].open_targets


@pytest.mark.parametrize(
    ("columns", "options", "reason"),
    [
        ("T1,T2", {}, f"a.csv: {NO_SMILES} (there are T1, T2)"),
        ("smiles,mol_id", {}, "a.csv: has no target column: name it with target_columns (there are smiles, mol_id)"),
        ("smiles,T1", {"layout": "long"}, "a.csv: has no target column: name it with target_column (there are smiles, T1)"),
        ("target,value,compound", {}, f"a.csv: {NO_SMILES} (there are target, value, compound)"),
        ("smiles,T1", {"target_columns": ["T9"]}, "a.csv, T9: is unknown: target_columns names a column that is not there"),
        ("smiles,T1", {"smiles_column": "mol"}, "a.csv, mol: is unknown: smiles_column names a column that is not there"),
        ("smiles,target,ic50", {}, "a.csv, ic50: states concentrations without a unit: give unit, or unit_column"),
        ("smiles,target", {"activity_kind": ActivityKind.REAL}, f"a.csv: {NO_VALUE} (there are smiles, target)"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_with_the_option_that_gives_it(columns: str, options: dict[str, Any], reason: str) -> None:
    assert reasons([a_file(columns)], **options) == [reason]


def test_a_concentration_that_is_only_a_label_needs_no_unit() -> None:
    assert plan("smiles,target,ic50", activity_kind="binary").unit is None


def test_a_file_of_structures_needs_a_compound_column() -> None:
    assert reasons([a_file("smiles,mass", "s.csv"), a_file("id,target", "m.csv")]) == [
        "s.csv: has no compound column: name it with compound_column (there are smiles, mass)"
    ]


def test_a_table_of_many_columns_is_not_listed_whole() -> None:
    assert reasons([a_file(",".join(f"T{index}" for index in range(99)))])[0].endswith("T6, T7, …)")
