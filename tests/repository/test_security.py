"""docs/security.md: every requirement of ASVS levels 1 and 2 is there once, and each proof is a test that exists."""

import re
from pathlib import Path

import pytest

from servicekit.doors.guard import Doors
from servicekit.doors.settings import DoorSettings
from trainer.api.doors import doors as trainer_doors
from trainer.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
CHAPTERS = {
    1: 27,
    2: 11,
    3: 19,
    4: 10,
    5: 9,
    6: 35,
    7: 18,
    8: 7,
    9: 7,
    10: 29,
    11: 14,
    12: 9,
    13: 13,
    14: 9,
    15: 13,
    16: 16,
    17: 7,
}
"""Requirements of levels 1 and 2 in ASVS 5.0.0, by chapter."""


def known() -> set[str]:
    return {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }


def test_security_documents_what_asvs_asks_for() -> None:
    rows = re.findall(r"^\| (V\d+\.\d+\.\d+) \| (.+?) \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)
    others = [
        name
        for names in re.findall(r"^\| ((?:V[\d.]+(?:, )?)+) \| [^|]+ \|$", TEXT, re.MULTILINE)
        for name in names.split(", ")
    ]
    names = [row[0] for row in rows] + others
    assert len(names) == len(set(names))
    found = {chapter: sum(name.startswith(f"V{chapter}.") for name in names) for chapter in CHAPTERS}
    assert found == CHAPTERS
    proven = [proof for _, _, _, proof in rows if proof != "–"]
    assert len(proven) / len(rows) >= 0.9
    assert f"{len(rows)} apply; {len(proven)} have a test" in TEXT
    for anchor in re.findall(r"\]\(#([a-z-]+)\)", TEXT):
        assert re.search(rf"^## {anchor.replace('-', ' ')}$", TEXT, re.MULTILINE | re.IGNORECASE), anchor
    nginx = (ROOT / "deploy" / "nginx" / "ntdemo.conf").read_text(encoding="utf-8")
    assert "Strict-Transport-Security" in nginx


def test_every_proof_and_every_figure_names_a_test_that_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", TEXT + OPERATIONS))
    assert len(named) > 80
    assert named <= known()


def test_the_trainer_alone_has_an_audit_file_by_itself_and_no_deployment_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trainer_doors(Settings(state=tmp_path)).audit == tmp_path / "audit.jsonl"
    assert Doors(Settings(state=tmp_path), "127.0.0.1").audit is None
    assert DoorSettings().audit_log is None
    deployed = [ROOT / "docker-compose.yml", *(ROOT / "deploy").rglob("*"), *ROOT.glob("services/*/Dockerfile")]
    assert not [file for file in deployed if file.is_file() and b"NTDEMO_AUDIT_LOG" in file.read_bytes()]
