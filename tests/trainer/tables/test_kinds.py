"""Tables of the kinds that people have, of our own making: what each is read as, or what is asked."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.support.tables import bounds, cells, plans_of, read

from contracts.kinds import ActivityKind
from trainer.data.offences import InvalidData
from trainer.tables.inspection import inspect_files
from trainer.tables.plan import ColumnRole

M = (
    "CCOC(=O)c1ccccc1", "CCNC(=O)c1ccccc1", "CC(C)NC(=O)c1ccc(F)cc1", "O=C(O)c1ccccc1Oc1ccccc1", "CC(=O)Nc1ccc(O)cc1",
    "CC(=O)Oc1ccccc1C(=O)O", "CN1CCN(c2ccccc2)CC1", "CN1CCN(C(=O)c2ccccc2)CC1", "COc1ccc(CCN)cc1", "COc1ccc(CC(=O)O)cc1",
)  # fmt: skip
PX = [5.1, 6.2, 7.3, 5.4, 6.5, 8.6, 5.5, 6.6, 7.7, 4.8]
NM = [round(10 ** (9 - px), 3) for px in PX]
IDS = [f"d{place}" for place in range(10)]


def table(path: Path, columns: dict[str, Any], delimiter: str = ",") -> Path:
    whole = {name: cells if isinstance(cells, list | tuple | range) else [cells] * len(M) for name, cells in columns.items()}
    lines = [delimiter.join(whole), *(delimiter.join(map(str, row)) for row in zip(*whole.values(), strict=True))]
    path.write_text("\n".join([*lines, ""]))
    return path


TDC = {"Drug_ID": IDS, "Drug": M, "Target_ID": ["P1", "P2"] * 5, "Target": "MKVLAAGG" * 9, "Y": PX}
EXCAPE = {
    "Ambit_InchiKey": "K", "Original_Entry_ID": range(100, 110), "Entrez_ID": 1956, "Activity_Flag": ["A", "N"] * 5,
    "pXC50": [*PX[:8], "", ""], "DB": "chembl", "Tax_ID": 9606, "Gene_Symbol": "EGFR", "InChI": "", "SMILES": M,
}  # fmt: skip
BACE = {"mol": M, "CID": IDS, "Class": [0, 1] * 5, "Model": "Train", "pIC50": PX, "MW": [300.1 + px for px in PX], "PEOE": NM}
SAID = ["active", "inactive", "inconclusive", "Active", "N.D."] * 2
CDD = {"Molecule Name": IDS, "SMILES": M, "Protease: IC50 (uM)": NM, "Protease: Run Date": "2021-01-01", "Batch": 1}


@pytest.mark.parametrize(
    ("columns", "targets", "kind", "count"),
    [
        (TDC, ["P1", "P2"], ActivityKind.REAL, 10),
        (EXCAPE, ["1956"], ActivityKind.REAL, 8),
        (BACE, ["pIC50"], ActivityKind.REAL, 10),
        (CDD, ["Protease"], ActivityKind.REAL, 10),
        ({"iupac": "x", "smiles": M, "expt": PX, "calc": NM}, ["expt"], ActivityKind.REAL, 10),
        ({"smiles": M, "FDA_APPROVED": [1, 0] * 5, "CT_TOX": [0, 1] * 5}, ["CT_TOX", "FDA_APPROVED"], ActivityKind.BINARY, 20),
        ({"smiles": M, "EGFR IC50 (nM)": NM, "EGFR IC50 SD": PX, "EGFR IC50 n": 3}, ["EGFR"], ActivityKind.REAL, 10),
        ({"smiles": M, "gene": "EGFR", "uniprot_id": "P00533", "pKd": PX}, ["P00533"], ActivityKind.REAL, 10),
        ({"smiles": M, "target": "E", "activity": SAID}, ["E"], ActivityKind.BINARY, 6),
        ({"smiles": M, "hERG blocker": ["Yes", "No"] * 5}, ["hERG blocker"], ActivityKind.BINARY, 10),
        ({"smiles": M, "id": IDS, "assay": ["A1", "A2"] * 5, "result": NM, "unit": "nM"}, ["A1", "A2"], ActivityKind.REAL, 10),
        ({"smiles": M, "target": ["A", "B"] * 5}, ["A", "B"], ActivityKind.POSITIVES, 10),
        ({"smiles": M, "MW": NM, "logP": PX}, ["logP"], ActivityKind.REAL, 10),
    ],
)  # fmt: skip
def test_what_is_measured_is_found(
    tmp_path: Path, columns: dict[str, Any], targets: list[str], kind: ActivityKind, count: int
) -> None:
    found = read(table(tmp_path / "a.tsv", columns, "\t"))
    assert (found.targets["name"].to_pylist(), found.kind, len(found.cells)) == (targets, kind, count)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (
            {"Ligand SMILES": M, "Target Name": "T", "Ki (nM)": NM, "IC50 (nM)": NM},
            "--endpoint Ki, --endpoint IC50, or --endpoint-in-target",
        ),
        ({"smiles": M, "EGFR IC50 (ug/mL)": NM}, "states ug/mL, which is no molar unit"),
        ({"smiles": M, "target": "E", "logIC50": PX}, "--value-column logIC50, or --kind positives"),
        ({"smiles": M, "MW": NM}, "has no target column: MW is a descriptor of the molecule"),
    ],
)  # fmt: skip
def test_what_is_open_is_asked(tmp_path: Path, columns: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidData) as caught:
        read(table(tmp_path / "a.tsv", columns, "\t"))
    assert reason in str(caught.value)


def test_chembls_answers_are_read_as_they_come(tmp_path: Path) -> None:
    rows = [
        {
            "molecule_chembl_id": f"CHEMBL{place}", "canonical_smiles": smiles, "standard_type": "IC50",
            "standard_relation": ">", "standard_value": "10000.0", "standard_units": "nM", "pchembl_value": None,
            "target_chembl_id": "CHEMBL203",
            "target_pref_name": "EGFR", "ligand_efficiency": {"bei": "1"},
        }
        for place, smiles in enumerate(M)
    ]  # fmt: skip
    rows[:5] = [{**row, "standard_relation": "=", "pchembl_value": str(px)} for row, px in zip(rows[:5], PX, strict=False)]
    path = tmp_path / "activity.json"
    path.write_text(json.dumps({"activities": rows, "page_meta": {"limit": 20}}))
    found = read(path)
    assert (cells(found)[M[0], "CHEMBL203"], len(found.bounds)) == (5.1, 5)
    assert set(bounds(found).values()) == {("<", 5.0)}


def test_a_pandas_index_is_no_target(tmp_path: Path) -> None:
    frame = pd.DataFrame({"smiles": pd.Categorical(M), "pIC50": PX}, index=[7 * place for place in range(10)])
    frame[frame.index % 2 == 0].to_parquet(tmp_path / "a.parquet")
    assert plans_of(tmp_path / "a.parquet")[0].targets == ("pIC50",)
    frame.to_json(tmp_path / "a.json")
    assert len(read(tmp_path / "a.json").cells) == 10


def test_a_file_without_a_header_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("".join(f"{smiles},{px}\n" for smiles, px in zip(M, PX, strict=True)))
    with pytest.raises(InvalidData, match="has no header: its first line is data"):
        read(path)


def test_pubchems_outcome_is_the_label_where_no_potency_is_stated(tmp_path: Path) -> None:
    header = "PUBCHEM_RESULT_TAG,PUBCHEM_CID,PUBCHEM_EXT_DATASOURCE_SMILES,PUBCHEM_ACTIVITY_OUTCOME\nRESULT_TYPE,,,\n"
    outcomes = ["Active", "Inactive", "Inconclusive"] * 3
    rows = "".join(
        f"{place},{place},{smiles},{said}\n" for place, (smiles, said) in enumerate(zip(M, outcomes, strict=False), 1)
    )
    (tmp_path / "a.csv").write_text(header + rows)
    found = read(tmp_path / "a.csv")
    assert (found.kind, found.ingest["rows_read"], len(found.cells)) == (ActivityKind.BINARY, 9, 6)


def test_decimal_commas_are_read_where_semicolons_delimit(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", {"smiles": M, "EGFR pIC50": [str(px).replace(".", ",") for px in PX]}, ";")
    assert cells(read(path))[M[0], "EGFR pIC50"] == 5.1


def test_units_may_stand_in_the_cells(tmp_path: Path) -> None:
    stated = ["12 nM", "0.3 uM", "> 10 µM", "5 nM", "1 mM", "40 nM", "2 nM", "3 nM", "4 nM", "7"]
    path = table(tmp_path / "a.csv", {"smiles": M[:9], "target": ["E"] * 9, "IC50": stated[:9]})
    found = read(path)
    assert cells(found)[M[1], "E"] == pytest.approx(6.5228787, abs=1e-6)
    assert bounds(found) == {(M[2], "E"): ("<", 5.0)}
    assert found.kind is ActivityKind.REAL


def test_only_columns_of_the_endpoint_that_is_asked_for_are_read(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", {"smiles": M, "EGFR IC50 (nM)": NM, "EGFR Ki (nM)": NM})
    assert plans_of(path)[0].targets == ("EGFR IC50", "EGFR Ki")
    assert plans_of(path, endpoint=["Ki"])[0].targets == ("EGFR",)


def test_a_directory_may_hold_other_things(tmp_path: Path) -> None:
    table(tmp_path / "assays.csv", {"smiles": M, "EGFR": PX})
    (tmp_path / "settings.json").write_text('{"made": 2021, "by": "us"}')
    (tmp_path / "LICENSE.txt").write_text("Free, for all, who ask\nnicely, and, soon\n")
    (tmp_path / "~$assays.xlsx").write_bytes(b"x")
    (tmp_path / "plot.pdf").write_bytes(b"%PDF")
    assert len(read(tmp_path).cells) == 10


def test_a_relation_beside_a_wide_column_is_its_own(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", {"smiles": M, "EGFR Qualifier": ["=", ">"] * 5, "EGFR IC50 (nM)": NM, "ABL IC50 (nM)": NM})
    assert plans_of(path)[0].described[1].role is ColumnRole.RELATION
    found = read(path)
    assert (len(found.cells), len(found.bounds)) == (15, 5)


def test_two_files_of_drugcentrals_kind_are_joined(tmp_path: Path) -> None:
    structures = table(tmp_path / "structures.tsv", {"SMILES": M, "InChI": "", "ID": range(10), "INN": IDS}, "\t")
    stated = {
        "DRUG_NAME": IDS, "STRUCT_ID": range(10), "TARGET_NAME": "EGFR", "ACCESSION": "P00533", "ACT_VALUE": PX,
        "ACT_UNIT": "", "ACT_TYPE": "IC50", "RELATION": "=", "ORGANISM": "Homo sapiens",
    }  # fmt: skip
    found = read(structures, table(tmp_path / "targets.tsv", stated, "\t"))
    assert (found.targets["name"].to_pylist(), found.targets["title"].to_pylist(), len(found.cells)) == (
        ["P00533"],
        ["EGFR"],
        10,
    )


def test_an_inspection_counts_fates_and_names_contradictions(tmp_path: Path) -> None:
    rows = [
        ("CCO", "T", "5.0"),
        ("CCO", "T", "8.0"),
        ("CCN", "T", ">6"),
        ("CC(", "T", "5.5"),
        ("CCC", "T", "x"),
        ("CCCC", "T", ""),
    ]
    path = tmp_path / "a.csv"
    path.write_text("smiles,target,pIC50\n" + "".join(",".join(row) + "\n" for row in rows))
    found = inspect_files(plans_of(path, on_error="skip"))
    assert (found.rows, found.used, found.rejected, found.whole) == (6, 3, 3, True)
    assert found.fates == {"used": 3, "not a SMILES": 1, "is not a number": 1, "states no value": 1}
    assert (found.bounds, found.duplicates, found.spread) == ({">": 1}, 1, 3.0)
    assert found.conflicts == ("CCO at T: 5, 8",)
    (target,) = found.as_object()["targets"]
    assert (target["target"], target["values"], target["bounds"]) == ("T", 2, 1)


@pytest.mark.parametrize(
    ("columns", "units"),
    [
        ({"smiles": M, "EGFR IC50 (nM)": NM}, ["pIC50"]),
        ({"smiles": M, "pKi": PX}, ["pKi"]),
        ({"smiles": M, "target": ["A", "B"] * 5, "type": ["IC50", "Ki"] * 5, "value": NM, "unit": "nM"}, ["pIC50", "pKi"]),
        ({"smiles": M, "target": "A", "type": ["IC50", "Ki"] * 5, "value": NM, "unit": "nM"}, ["pX"]),
        ({"smiles": M, "target": "A", "pChEMBL value": PX}, ["pX"]),
        ({"smiles": M, "EGFR": [f"{value} nM" for value in NM]}, ["pX"]),
        ({"smiles": M, "% inhibition at 10 uM": [50.0 + px for px in PX]}, ["%"]),
        ({"smiles": M, "logP": PX}, [None]),
        ({"smiles": M, "hERG blocker": ["Yes", "No"] * 5}, [None]),
        ({"smiles": M, "EGFR": PX, "HER2": PX}, [None, None]),
    ],
)  # fmt: skip
def test_targets_have_the_unit_that_their_values_are_read_in(
    tmp_path: Path, columns: dict[str, Any], units: list[str | None]
) -> None:
    assert read(table(tmp_path / "a.csv", columns)).targets["unit"].to_pylist() == units


def test_a_target_has_a_unit_where_all_files_agree(tmp_path: Path) -> None:
    one = table(tmp_path / "one.csv", {"smiles": M, "target": "A", "pIC50": PX})
    other = table(tmp_path / "other.csv", {"smiles": M, "target": ["A", "B"] * 5, "value": PX})
    assert read(one, other).targets["unit"].to_pylist() == [None, None]
    assert read(one).targets["unit"].to_pylist() == ["pIC50"]
