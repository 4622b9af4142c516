"""The tables of ../shared/cases, each with what is right of it; the kinds behind them have tests of their own."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.tables import bounds, cells, plans_of, read

from chemistry.standardisation import standardise
from contracts.kinds import ActivityKind
from trainer.data.offences import InvalidData
from trainer.tables.plan import ColumnRole

ESTER, AMIDE, FLUOROAMIDE = "CCOC(=O)c1ccccc1", "CCNC(=O)c1ccccc1", "CC(C)NC(=O)c1ccc(F)cc1"
ACID, PARACETAMOL, ASPIRIN = "O=C(O)c1ccccc1Oc1ccccc1", "CC(=O)Nc1ccc(O)cc1", "CC(=O)Oc1ccccc1C(=O)O"


def refused(*paths: Path, **options: Any) -> str:
    with pytest.raises(InvalidData) as caught:
        read(*paths, **options)
    return "\n".join(map(str, caught.value.offences))


def aside(path: Path, **options: Any) -> dict[str, str]:
    (plan,) = plans_of(path, **options)
    return {column.name: column.reason for column in plan.described if column.role is ColumnRole.LEFT_ASIDE}


def names(path: Path, **options: Any) -> list[str]:
    targets: list[str] = read(path, **options).targets["name"].to_pylist()
    return targets


def near(expected: dict[Any, float]) -> Any:
    return pytest.approx(expected, abs=5e-3)


@pytest.mark.parametrize("name", ["01-chembl-web-export.csv", "02-chembl-two-organisms-one-name.csv"])
def test_chembl_exports_are_read_by_target_id_with_pchembl_first_and_bounds_kept(shared_cases: Path, name: str) -> None:
    found = read(shared_cases / name)
    assert cells(found) == {
        (ESTER, "CHEMBL202"): 7.0, (AMIDE, "CHEMBL202"): 6.0, (ACID, "CHEMBL1809"): 8.0, (ESTER, "CHEMBL1809"): 4.0,
    }  # fmt: skip
    assert bounds(found) == {(FLUOROAMIDE, "CHEMBL202"): ("<", 5.0)}
    assert set(found.targets["title"].to_pylist()) == {"Dihydrofolate reductase"}


def test_03_endpoints_are_not_averaged_unless_asked(shared_cases: Path) -> None:
    path = shared_cases / "03-chembl-mixed-endpoints.csv"
    assert "--endpoint IC50" in refused(path)
    assert "--endpoint-in-target" in refused(path)
    assert cells(read(path, endpoint=["IC50"])) == {(ESTER, "CHEMBL203"): 7.0, (AMIDE, "CHEMBL203"): 7.0}
    apart = cells(read(path, endpoint_in_target=True))
    assert (apart[ESTER, "CHEMBL203 IC50"], apart[ESTER, "CHEMBL203 Kd"]) == (7.0, 9.0)


def test_04_units_that_are_no_concentration_are_refused_or_rejects(shared_cases: Path) -> None:
    path = shared_cases / "04-chembl-percent-units.csv"
    assert "row 3, Standard Units: % is no unit" in refused(path)
    found = read(path, on_error="skip")
    assert found.rejects["row"].to_pylist() == [3, 4]
    assert cells(found) == near({(ESTER, "CHEMBL203"): 7.0, (AMIDE, "CHEMBL203"): 6.602, (PARACETAMOL, "CHEMBL203"): 7.398})


def test_05_bindingdb_columns_are_concentrations(shared_cases: Path) -> None:
    found = read(shared_cases / "05-bindingdb.tsv")
    assert cells(found) == near({
        (ESTER, "Dihydrofolate reductase"): 8.301,
        (FLUOROAMIDE, "Dihydrofolate reductase"): 6.921,
        (ASPIRIN, "Thrombin"): 9.699,
    })  # fmt: skip
    assert bounds(found) == {(AMIDE, "Dihydrofolate reductase"): ("<", 5.0), (ACID, "Thrombin"): ("<", 4.0)}
    assert found.rejects["row"].to_pylist() == [5]


def test_06_pubchem_result_rows_are_no_data(shared_cases: Path) -> None:
    found = read(shared_cases / "06-pubchem-bioassay.csv")
    assert found.ingest["rows_read"] == 4
    assert cells(found)[ESTER, "Protease"] == pytest.approx(6.301, abs=1e-3)


@pytest.mark.parametrize("name", ["09-moleculeace.csv", "10-moleculeace-no-split.csv"])
def test_moleculeace_has_one_target(shared_cases: Path, name: str) -> None:
    assert names(shared_cases / name) == ["y"]
    assert {"cliff_mol", "exp_mean [nM]"} <= aside(shared_cases / name).keys()
    assert cells(read(shared_cases / name, target_columns=["exp_mean [nM]"]))[ESTER, "exp_mean [nM]"] == 9.0


@pytest.mark.parametrize(
    ("name", "target", "kind", "left"),
    [
        ("11-bbbp.csv", "p_np", ActivityKind.BINARY, {"num"}),
        ("12-esol.csv", "measured log solubility in mols per litre", ActivityKind.REAL, {"Molecular Weight", "Minimum Degree"}),
        ("13-lipophilicity.csv", "exp", ActivityKind.REAL, set()),
        ("14-hiv.csv", "HIV_active", ActivityKind.BINARY, {"activity"}),
        ("17-chemprop-text-descriptors.csv", "pKi", ActivityKind.REAL, {"descriptor_1", "descriptor_2"}),
        ("18-wide-mw-year.csv", "EGFR pIC50", ActivityKind.REAL, {"MW", "cLogP", "Year"}),
        ("19-pandas-unnamed.csv", "active", ActivityKind.BINARY, {"Unnamed: 0", "Unnamed: 0.1"}),
        ("91-cdd-no-date.csv", "Protease", ActivityKind.REAL, {"Protease: Hill slope"}),
    ],
)
def test_one_column_is_the_target_and_the_others_are_left_aside(
    shared_cases: Path, name: str, target: str, kind: ActivityKind, left: set[str]
) -> None:
    found = read(shared_cases / name)
    assert (found.targets["name"].to_pylist(), found.kind) == ([target], kind)
    assert left <= aside(shared_cases / name).keys()


def test_13_and_91_compounds_are_called_as_the_table_calls_them(shared_cases: Path) -> None:
    assert "CHEMBL0" in read(shared_cases / "13-lipophilicity.csv").compounds["name"].to_pylist()
    found = read(shared_cases / "91-cdd-no-date.csv")
    assert "X-0" in found.compounds["name"].to_pylist()
    assert cells(found)[ESTER, "Protease"] == pytest.approx(6.301, abs=1e-3)


@pytest.mark.parametrize("options", [{}, {"value_column": "IC50_nM"}])
def test_20_bounds_within_values(shared_cases: Path, options: dict[str, str]) -> None:
    found = read(shared_cases / "20-censored-in-value.csv", **options)
    expected = {ESTER: 7.921, ACID: 7.301, PARACETAMOL: 5.921, ASPIRIN: 8.301}
    assert cells(found) == near({(smiles, "EGFR"): value for smiles, value in expected.items()})
    assert bounds(found) == {(AMIDE, "EGFR"): ("<", 5.0), (FLUOROAMIDE, "EGFR"): (">", 9.0)}
    assert found.ingest["approximate"] == 1


def test_21_bounds_in_wide_cells(shared_cases: Path) -> None:
    found = read(shared_cases / "21-censored-wide.csv")
    assert bounds(found) == {(AMIDE, "pIC50 EGFR"): ("<", 5.0), (ACID, "pIC50 EGFR"): ("<", 4.5)}


def test_22_units_in_headers(shared_cases: Path) -> None:
    found = read(shared_cases / "22-wide-nM-headers.csv")
    assert found.targets["name"].to_pylist() == ["ABL1", "EGFR"]
    assert cells(found)[ESTER, "EGFR"] == 9.0


def test_23_modifier_and_concentration_unit(shared_cases: Path) -> None:
    found = read(shared_cases / "23-long-modifier-unitname.csv")
    assert cells(found) == near({(ESTER, "EGFR"): 7.0, (ACID, "EGFR"): 6.523, (PARACETAMOL, "EGFR"): 5.602})
    assert bounds(found) == {(AMIDE, "EGFR"): ("<", 5.0), (FLUOROAMIDE, "EGFR"): (">", 9.0)}


@pytest.mark.parametrize(
    ("name", "targets", "count"),
    [
        ("28-two-trailing-commas.csv", ["ABL1", "EGFR"], 20),
        ("29-utf16.csv", ["EGFR"], 10),
        ("40-names-in-smiles.csv", ["pIC50"], 10),
        ("51-records.json", ["EGFR"], 10),
        ("54-true-false.csv", ["AR"], 10),
        ("56-all-zero.csv", ["A", "B"], 20),
        ("57-papyrus.tsv", ["P00533_T790M", "P00533_WT"], 10),
        ("59-gtopdb.csv", ["1 (Human)", "1 (Rat)"], 10),
        ("60-dtc-NM.csv", ["P00533"], 10),
        ("62-header-comment-lines.csv", ["EGFR"], 10),
        ("76-semicolon-header-commas.csv", ["IC50, ABL, 1 h", "IC50, EGFR, 1 h"], 20),
        ("A2-folder-with-readme", ["EGFR"], 10),
        ("B2-bool-nan.parquet", ["AR", "EGFR"], 19),
        ("C1-neglog-names.csv", ["R"], 10),
        ("C8-hash-sep-line.csv", ["EGFR"], 10),
    ],
)
def test_targets_and_cells_of_the_other_files(shared_cases: Path, name: str, targets: list[str], count: int) -> None:
    found = read(shared_cases / name)
    assert (found.targets["name"].to_pylist(), len(found.cells), len(found.bounds)) == (targets, count, 0)


def test_33_words_for_not_measured_are_empty_cells(shared_cases: Path) -> None:
    path = shared_cases / "33-excel-errors.csv"
    assert refused(path) == "33-excel-errors.csv, row 8, EGFR: 07.May is not a number"
    found = read(path, on_error="skip")
    assert {smiles for smiles, target in cells(found) if target == "EGFR"} == {ESTER, "COc1ccc(CCN)cc1", "COc1ccc(CC(=O)O)cc1"}
    assert [(row["row"], row["value"]) for row in found.rejects.to_pylist()] == [(8, "07.May")]


def test_35_inchi_is_the_molecule(shared_cases: Path) -> None:
    (plan,) = plans_of(shared_cases / "35-inchi-only.csv")
    assert (plan.smiles, plan.targets) == ("InChI", ("pIC50",))


def test_37_a_list_of_molecules_is_told_to_be_one(shared_cases: Path) -> None:
    assert "`ntdemo-train score` takes the file" in refused(shared_cases / "37-smiles.smi")


def test_40_the_name_behind_a_smiles_is_the_compounds(shared_cases: Path) -> None:
    assert "mol0" in read(shared_cases / "40-names-in-smiles.csv").compounds["name"].to_pylist()


def test_43_fields_of_an_sdf_are_its_columns(shared_cases: Path) -> None:
    (plan,) = plans_of(shared_cases / "43-mol.sdf")
    assert (plan.smiles, plan.targets) == ("molfile", ("pIC50",))


def test_45_a_workbook_that_is_none_says_what_to_do(shared_cases: Path) -> None:
    assert "is a workbook that cannot be read: save the sheet as CSV" in refused(shared_cases / "45-excel.xlsx")


def test_47_a_conflict_of_labels_is_settled_by_the_majority_and_counted(shared_cases: Path) -> None:
    found = read(shared_cases / "47-conflicting-binary.csv")
    assert cells(found)[standardise("CC(N)C(=O)OCC"), "tox"] == 1.0
    assert (found.ingest["conflicts"], found.ingest["ties"]) == (1, 0)


def test_49_the_parent_is_the_drug(shared_cases: Path) -> None:
    found = read(shared_cases / "49-salts.csv")
    tafamidis = standardise("O=C(O)c1ccc2nc(-c3cc(Cl)cc(Cl)c3)oc2c1")
    assert cells(found) == near({
        (tafamidis, "pIC50"): 7.1, ("O=C(O)c1ccccc1", "pIC50"): 4.0, ("CN1CC2CC(c3ccccc3C(F)(F)F)CC2C1", "pIC50"): 6.0,
        (ASPIRIN, "pIC50"): 5.0, ("CN1CCN(c2ccccc2)CC1", "pIC50"): 6.0,
    })  # fmt: skip
    assert found.ingest["salts"] == 5


def test_57_several_values_of_a_cell_are_averaged(shared_cases: Path) -> None:
    path = shared_cases / "57-papyrus.tsv"
    assert cells(read(path))[FLUOROAMIDE, "P00533_T790M"] == 5.2
    assert cells(read(path, value_column="pchembl_value"))[FLUOROAMIDE, "P00533_T790M"] == 5.7


def test_61_nothing_and_less_are_no_concentrations(shared_cases: Path) -> None:
    path = shared_cases / "61-zero-negative-conc.csv"
    assert "row 2, value: 0 is no concentration" in refused(path)
    assert read(path, on_error="skip").rejects["row"].to_pylist() == [2, 4]


def test_83_a_sentinel_is_doubted_or_taken_as_missing(shared_cases: Path) -> None:
    path = shared_cases / "83-sentinel.csv"
    (plan,) = plans_of(path)
    assert "EGFR holds -999" in plan.doubts[0]
    assert min(value for (_, target), value in cells(read(path, missing=["-999"])).items() if target == "EGFR") == 5.2


def test_93_a_score_is_asked_about(shared_cases: Path) -> None:
    path = shared_cases / "93-score-list.csv"
    assert "--value-column confidence" in refused(path)
    assert cells(read(path, value_column="confidence"))[ESTER, "A"] == 0.0
