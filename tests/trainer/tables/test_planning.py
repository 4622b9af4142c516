"""planning: columns get their roles by name, header unit and content; what a table leaves open is asked with its answers."""

from pathlib import Path
from typing import Any

import pytest

from trainer.data.offences import InvalidData
from trainer.runs.ingest import IngestOptions
from trainer.tables.files import find_files
from trainer.tables.plan import ColumnRole, FilePlan, Role
from trainer.tables.planning import plan_files
from trainer.tables.units import PX

MOLECULES = (
    "CCOC(=O)c1ccccc1",
    "CCNC(=O)c1ccccc1",
    "O=C(O)c1ccccc1Oc1ccccc1",
    "CC(=O)Nc1ccc(O)cc1",
    "COc1ccc(CCN)cc1",
    "CN1CCN(C)CC1",
)


def table(path: Path, header: str, *columns: Any, delimiter: str = ",") -> Path:
    """A table whose first column is of molecules, the others of what is given: a list of cells, or one for all."""
    cells = [MOLECULES, *([column] * len(MOLECULES) if isinstance(column, str) else column for column in columns)]
    rows = [delimiter.join(str(cell) for cell in row) for row in zip(*cells, strict=True)]
    path.write_text("\n".join([header, *rows, ""]))
    return path


def plan(path: Path, **options: Any) -> FilePlan:
    (one,) = plan_files(find_files([path]), IngestOptions(**options))
    return one


def roles(found: FilePlan) -> dict[str, ColumnRole]:
    return {column.name: column.role for column in found.described}


def asked(path: Path, **options: Any) -> str:
    with pytest.raises(InvalidData) as caught:
        plan(path, **options)
    return "\n".join(str(offence) for offence in caught.value.offences)


NOT_THERE = "names a column that is not there (there are"
UNKNOWN = "is unknown:"
NO_TARGET = "has no target column: name it with `target_columns` (there are"
PX_VALUES = [5.1, 6.2, 7.3, 5.4, 6.5, 8.6]
NANOMOLAR = [5, 120, 33, 4000, 81, 990]


@pytest.mark.parametrize(
    "smiles", ["smiles", "SMILES", "Canonical SMILES", "canonical_smiles", "Ligand SMILES", "structure", "whatever", "Drug"]
)
def test_molecules_are_found_by_name_or_content(tmp_path: Path, smiles: str) -> None:
    assert plan(table(tmp_path / "a.csv", f"{smiles},T1", PX_VALUES)).smiles == smiles


def test_every_column_has_a_role_with_a_reason(tmp_path: Path) -> None:
    header = "smiles,ID,MW,cLogP,Year,split,comment,EGFR pIC50,,Unnamed: 0"
    path = table(
        tmp_path / "a.csv", header, list("abcdef"), [150, 161, 172, 183, 194, 205], [1.0, 1.1, 1.2, 1.3, 1.4, 1.5],
        [1999, 2000, 2001, 2002, 2003, 2004], "train", "fine", PX_VALUES, "", list(range(6)),
    )  # fmt: skip
    found = plan(path)
    assert found.targets == ("EGFR pIC50",)
    assert {name for name, role in roles(found).items() if role is ColumnRole.LEFT_ASIDE} == {
        "MW", "cLogP", "Year", "split", "comment", "column 9", "Unnamed: 0",
    }  # fmt: skip
    assert all(column.reason for column in found.described)
    assert len(found.described) == len(found.source.columns)


def test_a_wide_table_has_a_column_a_target_except_those_that_name_the_compound(tmp_path: Path) -> None:
    found = plan(
        table(
            tmp_path / "a.csv",
            "smiles,NR-AR,SR-p53,mol_id,InChIKey",
            [0, 1, 0, 1, 0, 1],
            [0, 0, 1, 1, 0, 0],
            list("abcdef"),
            "KEY",
        )
    )
    assert (found.role, found.smiles, found.compound, found.targets) == (Role.WIDE, "smiles", "mol_id", ("NR-AR", "SR-p53"))
    assert found.columns == ["smiles", "mol_id", "NR-AR", "SR-p53"]


def test_only_the_named_columns_are_targets(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "smiles,logP,T1,T2", PX_VALUES, PX_VALUES, PX_VALUES)
    assert plan(path, target_columns=["T2", "T1"]).targets == ("T2", "T1")
    assert plan(path, target_columns=["T2,T1"]).targets == ("T2", "T1")


@pytest.mark.parametrize(
    ("header", "scale", "target"),
    [
        ("EGFR IC50 (nM)", 9, "EGFR"),
        ("EGFR IC50 [uM]", 6, "EGFR"),
        ("EGFR_Ki_nM", 9, "EGFR"),
        ("EGFR: IC50 (µM)", 6, "EGFR"),
        ("IC50_nM", 9, "IC50_nM"),
        ("EGFR pIC50", PX, "EGFR pIC50"),
        ("-logKi", PX, "-logKi"),
        ("negLogIC50", PX, "negLogIC50"),
        ("pChEMBL Value", PX, "pChEMBL Value"),
    ],
)
def test_headers_state_units(tmp_path: Path, header: str, scale: int | str, target: str) -> None:
    (measure,) = plan(table(tmp_path / "a.csv", f"smiles,{header}", PX_VALUES)).measures
    assert (measure.scale, measure.target) == (scale, target)


def test_targets_are_known_by_their_ids_and_called_by_their_names(tmp_path: Path) -> None:
    header = (
        "smiles,molecule_chembl_id,target_chembl_id,target_name,organism,standard_type,standard_relation,standard_value,"
        "standard_units,doi"
    )
    found = plan(
        table(tmp_path / "a.csv", header, list("abcdef"), "CHEMBL203", "EGFR", "human", "IC50", "=", NANOMOLAR, "nM", "10.1/x")
    )
    assert found.role is Role.LONG
    assert (found.target, found.title, found.organism, found.endpoint, found.compound) == (
        "target_chembl_id", "target_name", "organism", "standard_type", "molecule_chembl_id",
    )  # fmt: skip
    (measure,) = found.measures
    assert (measure.column, measure.relation, measure.unit) == ("standard_value", "standard_relation", "standard_units")


def test_a_logarithmic_value_is_preferred_and_the_concentration_stands_in_for_it(tmp_path: Path) -> None:
    header = "smiles,target,standard_value,standard_units,standard_relation,pchembl_value"
    first, second = plan(table(tmp_path / "a.csv", header, "T", NANOMOLAR, "nM", "=", PX_VALUES)).measures
    assert (first.column, first.scale, first.unit, first.flipped) == ("pchembl_value", PX, None, True)
    assert (second.column, second.unit, second.flipped) == ("standard_value", "standard_units", False)
    assert first.group == second.group


def test_endpoints_in_columns_of_their_own_are_all_read(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", "smiles,Target Name,Ki (nM),IC50 (nM)", "T", NANOMOLAR, "")
    assert [(measure.column, measure.endpoint) for measure in plan(path).measures] == [("Ki (nM)", "Ki"), ("IC50 (nM)", "IC50")]
    assert [measure.endpoint for measure in plan(path, endpoint=["Ki"]).measures] == ["Ki"]


def test_a_table_of_compounds_and_targets_alone_states_positives(tmp_path: Path) -> None:
    (measure,) = plan(table(tmp_path / "a.csv", "smiles,target", "EGFR")).measures
    assert measure.column is None


@pytest.mark.parametrize("extra", [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "fine"])
def test_a_long_table_without_a_known_value_is_a_question(tmp_path: Path, extra: Any) -> None:
    path = table(tmp_path / "a.csv", "smiles,gene,confidence", "EGFR", extra)
    assert "--kind positives" in asked(path)
    if isinstance(extra, list):
        assert "--value-column confidence" in asked(path)
        assert plan(path, value_column="confidence").measures[0].column == "confidence"
    assert plan(path, kind="positives").measures[0].column is None


def test_a_column_called_target_that_holds_what_was_measured_is_the_value(tmp_path: Path) -> None:
    for values in (PX_VALUES, [0, 1, 0, 1, 1, 0], ["yes", "no", "no", "yes", "no", "no"]):
        assert plan(table(tmp_path / "a.csv", "smiles,target", values)).targets == ("target",)


@pytest.mark.parametrize("numbers", [NANOMOLAR, [1, 0, 0, 1, 1, 0]])
def test_numbers_that_nothing_calls_activities_are_asked_about(tmp_path: Path, numbers: list[int]) -> None:
    path = table(tmp_path / "a.csv", "smiles,EGFR pIC50,batchy", PX_VALUES, numbers)
    assert "--target-columns 'EGFR pIC50', or --target-columns 'EGFR pIC50' --target-columns batchy" in asked(path)
    assert plan(path, target_columns=["EGFR pIC50"]).targets == ("EGFR pIC50",)


def test_a_concentration_without_a_unit_is_asked_about(tmp_path: Path) -> None:
    for header in ("smiles,target,IC50", "smiles,target,standard_value"):
        path = table(tmp_path / "a.csv", header, "T", NANOMOLAR)
        assert "--unit nM, --unit uM, or --unit pX" in asked(path)
        assert plan(path, unit="nM").measures[0].scale == 9
        assert plan(path, unit="pX").measures[0].scale == PX


def test_numbers_that_look_like_px_are_taken_as_such_and_doubted(tmp_path: Path) -> None:
    found = plan(table(tmp_path / "a.csv", "smiles,target,IC50", "T", PX_VALUES))
    assert found.measures[0].scale == PX
    assert "IC50 names no unit" in found.doubts[0]


def test_a_sentinel_and_values_that_no_px_has_are_doubted(tmp_path: Path) -> None:
    found = plan(
        table(tmp_path / "a.csv", "smiles,EGFR,ABL", [5.1, -999, 6.2, 5.3, -999, 6.1], [1e4, 2e4, 5, 6, 7, 8]),
        target_columns=["EGFR", "ABL"],
    )
    assert any("EGFR holds -999 in 2 of" in doubt and "--missing -999" in doubt for doubt in found.doubts)
    assert any("ABL holds 2 of 6 values outside -2 to 16" in doubt for doubt in found.doubts)


def test_the_same_measurement_in_another_unit_is_left_aside(tmp_path: Path) -> None:
    found = plan(table(tmp_path / "a.csv", "smiles,EGFR IC50 (nM),EGFR pIC50", NANOMOLAR, PX_VALUES))
    assert found.targets == ("EGFR pIC50",)
    assert roles(found)["EGFR IC50 (nM)"] is ColumnRole.LEFT_ASIDE


def test_one_value_a_row_with_a_unit_needs_no_target_column(tmp_path: Path) -> None:
    found = plan(
        table(
            tmp_path / "a.csv",
            "smiles,Standard Type,Standard Relation,Standard Value,Standard Units",
            "Ki",
            ">",
            NANOMOLAR,
            "nM",
        )
    )
    (measure,) = found.measures
    assert (found.role, found.target, measure.target, measure.relation, measure.unit) == (
        Role.LONG, None, "Standard Value", "Standard Relation", "Standard Units",
    )  # fmt: skip


def test_measurements_without_structures_are_joined_to_a_file_of_structures(tmp_path: Path) -> None:
    chemicals = table(tmp_path / "chemicals.tsv", "SMILES\tchemical_id\tInChI_Key", list("abcdef"), "KEY", delimiter="\t")
    interactions = tmp_path / "dti.tsv"
    interactions.write_text("Chem_ID\tGene_name\na\tG1\nb\tG2\n")
    first, second = plan_files(find_files([chemicals, interactions]), IngestOptions())
    assert (first.role, first.smiles, first.compound) == (Role.STRUCTURES, "SMILES", "chemical_id")
    assert (second.role, second.smiles, second.compound, second.target) == (Role.MEASUREMENTS, None, "Chem_ID", "Gene_name")


@pytest.mark.parametrize(
    ("header", "cells", "options", "reason"),
    [
        ("mol_id,T1", [PX_VALUES], {"smiles_column": "T9"}, f"a.csv, T9: {UNKNOWN} --smiles-column {NOT_THERE} mol_id, T1)"),
        ("smiles,m_id", [list("abcdef")], {}, f"a.csv: {NO_TARGET} smiles, m_id)"),
        ("smiles,T1", [PX_VALUES], {"target_columns": ["X"]}, f"a.csv, X: {UNKNOWN} --target-columns {NOT_THERE} smiles, T1)"),
        ("smiles,target,note", ["T", "x"], {"kind": "real"}, "a.csv: has no value column: --value-column NAME"),
        ("smiles,EGFR,EGFR", [PX_VALUES, PX_VALUES], {}, "a.csv, EGFR: stands there twice: a column has one name"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_with_the_option_that_gives_it(
    tmp_path: Path, header: str, cells: list[Any], options: dict[str, Any], reason: str
) -> None:
    assert asked(table(tmp_path / "a.csv", header, *cells), **options) == reason


def test_a_table_without_molecules_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("T1,T2\n5.5,6.5\n")
    assert "a.csv: has no SMILES column: name it with --smiles-column (there are T1, T2)" in asked(tmp_path / "a.csv")


def test_fields_of_later_objects_may_be_targets_unless_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"smiles": "CCO", "T1": 5.5}\n')
    assert plan(tmp_path / "a.jsonl").open_targets
    assert not plan(tmp_path / "a.jsonl", target_columns=["T1"]).open_targets
