"""`ntdemo-train inspect` and `rejects` show what a table is taken for and what was left out, without Spark."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trainer
from trainer.runs.ingest import IngestOptions

ROWS = "".join(f"CC{'C' * place}O,EGFR,{'>' if place == 2 else ''}{place + 1}00,{place}\n" for place in range(6))


def run(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("NTDEMO_", "TRAINER_"))}
    environment = {**plain, "NTDEMO_STATE": str(state), "COLUMNS": "200"}
    command = [sys.executable, "-m", "trainer.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text(f"smiles,target,IC50 (nM),Year\n{ROWS}C(,EGFR,5,1\n")
    return tmp_path / "a.csv"


def test_a_table_is_shown_with_reasons_fates_and_values(tmp_path: Path, table: Path) -> None:
    done = run(tmp_path / "state", "inspect", str(table))
    assert done.returncode == 0, done.stderr
    assert "plan of a.csv: a row a measurement" in done.stdout
    assert "left aside   Year: a note on the measurement" in done.stdout
    assert "value        IC50 (nM) [nM, IC50]: by its name" in done.stdout
    assert "all 7 rows: 6 used, 1 cannot be used" in done.stdout
    assert "bounds: < 1" in done.stdout


def test_the_same_is_one_object(tmp_path: Path, table: Path) -> None:
    told = json.loads(run(tmp_path / "state", "inspect", "--json", str(table)).stdout)
    assert told["plan"]["objective"] == "activity"
    assert told["inspection"]["fates"] == {"used": 6, "not a SMILES": 1}


def test_a_wrong_option_is_told_at_once(tmp_path: Path, table: Path) -> None:
    done = run(tmp_path / "state", "factors", "--data", str(table), "--smiles-column", "nothing")
    assert done.returncode == 2
    assert "a.csv, nothing: is unknown: --smiles-column names a column that is not there" in done.stderr
    assert "start Spark" not in done.stderr


def test_rejects_of_a_run_that_is_not_there_are_not_found(tmp_path: Path) -> None:
    done = run(tmp_path / "state", "rejects", "factors-x")
    assert done.returncode == 2
    assert "factors-x: no run of factors with this id, name or alias is published" in done.stderr


def test_every_option_that_a_message_names_exists(tmp_path: Path) -> None:
    said = set()
    for source in Path(trainer.__file__).parent.glob("tables/*.py"):
        text = source.read_text()
        said |= set(re.findall(r'option\(\s*"([a-z_]+)"', text)) | {
            name.replace("-", "_") for name in re.findall(r"--([a-z][a-z-]+)", text)
        }
    offered = run(tmp_path / "state", "factors", "--help").stdout
    known = {name.replace("-", "_") for name in re.findall(r"--([a-z][a-z-]+)", offered)}
    assert said - {"objective", "kind"} <= {*IngestOptions.model_fields}
    assert said <= known
