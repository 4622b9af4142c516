"""What a release needs: one version everywhere, its section, its documents, and wheels that come out the same again."""

import zipfile
from pathlib import Path

import pytest
from tools import release

_VERSION = release.versions()["shared/pyproject.toml"]
_CHANGELOG = f"# Changelog\n\n## {_VERSION} – 2026-11-30\n"


def test_every_place_states_one_version() -> None:
    assert len(release.versions()) >= 13
    assert set(release.versions().values()) == {_VERSION}
    assert release.faults(_VERSION, _CHANGELOG) == []


def test_another_version_is_told_by_the_places_that_state_it() -> None:
    told = release.faults("9.9.9", _CHANGELOG)
    assert f"shared/pyproject.toml says {_VERSION}, not 9.9.9" in told
    assert "CHANGELOG.md has no section of 9.9.9 with its date" in told
    assert any("docs/released/9.9.9/trainer.json is missing" in each for each in told)


@pytest.mark.slow
def test_wheels_come_out_the_same_again_and_the_client_stands_alone(tmp_path: Path) -> None:
    first, second = release.wheels(tmp_path / "first"), release.wheels(tmp_path / "second")
    assert len(first) == len(release.DISTRIBUTIONS)
    assert release.differing(first, second) == []
    client = next(path for path in first if path.name.startswith("ntdemo-"))
    names = zipfile.ZipFile(client).namelist()
    assert {name.split("/")[0] for name in names if not name.startswith("ntdemo-")} == {"ntdemo"}
    for service in ("scores", "trainer", "chatbot"):
        assert f"ntdemo/generated/{service}/client.py" in names


def test_a_wheel_with_other_bytes_is_told(tmp_path: Path) -> None:
    for folder, text in (("one", "a"), ("other", "b")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.whl").write_text(text)
    assert release.differing([tmp_path / "one" / "x.whl"], [tmp_path / "other" / "x.whl"]) == ["x.whl"]
