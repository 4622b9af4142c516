"""Settings come from the environment, and what is wrong with them is said in one sentence."""

import os
from pathlib import Path

import pytest

from trainer.settings import InvalidSettings, Settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("NTDEMO_", "TRAINER_"))]:
        monkeypatch.delenv(name)


def test_the_defaults_need_no_environment() -> None:
    settings = Settings.from_environment()
    assert (settings.state, settings.host, settings.port) == (Path.cwd() / "var", "localhost", 3031)


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "NTDEMO_STATE": "state",
        "NTDEMO_DATA": str(tmp_path / "data.json"),
        "TRAINER_HOST": "0.0.0.0",  # noqa: S104 - an address to read back
        "TRAINER_PORT": "80",
        "TRAINER_DATA_DIRS": f"{tmp_path}:relative",
        "TRAINER_UPLOAD_LIMIT_BYTES": "7",
        "TRAINER_SPARK_MASTER": "spark://host:7077",
        "TRAINER_API_KEY": "open sesame",
        "NTDEMO_LOG_FORMAT": "json",
        "NTDEMO_LOG_LEVEL": "DEBUG",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings.from_environment()
    assert (settings.state, settings.data) == (Path.cwd() / "state", tmp_path / "data.json")
    assert (settings.host, settings.port) == ("0.0.0.0", 80)  # noqa: S104 - the address above
    assert settings.data_dirs == (tmp_path, Path.cwd() / "relative")
    assert (settings.upload_limit_bytes, settings.spark_master) == (7, "spark://host:7077")
    assert (settings.log_format, settings.log_level) == ("json", "DEBUG")
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "open sesame"


def test_the_key_is_not_shown_and_does_not_travel_to_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINER_API_KEY", "open sesame")
    settings = Settings.from_environment()
    assert "sesame" not in f"{settings!r}{settings.model_dump_json(by_alias=True)}"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("TRAINER_PORT", "trainer", "input should be a valid integer"),
        ("TRAINER_PORT", "70000", "input should be less than or equal to 65535"),
        ("NTDEMO_LOG_FORMAT", "xml", "input should be 'text' or 'json'"),
        ("NTDEMO_LOG_LEVEL", "loud", "string should match pattern"),
        ("TRAINER_SPARK_MASTER", "yarn", "string should match pattern"),
        ("TRAINER_SPARK_MASTER", "k8s://https://kubernetes", "string should match pattern"),
        ("TRAINER_CPU_JOBS", "0", "input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_value_is_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings) as caught:
        Settings.from_environment()
    assert str(caught.value).startswith(f"{name} is {value!r}: {reason}")
    assert "\n" not in str(caught.value)


def test_an_empty_variable_is_as_if_it_were_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINER_PORT", "")
    monkeypatch.setenv("NTDEMO_DATA", "")
    settings = Settings.from_environment()
    assert (settings.port, settings.data) == (3031, None)


def test_settings_travel_as_json_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(state=tmp_path, port=1234, data_dirs=(tmp_path,))
    monkeypatch.setenv("NTDEMO_STATE", "elsewhere")
    monkeypatch.setenv("TRAINER_PORT", "99")
    assert Settings.model_validate_json(settings.model_dump_json(by_alias=True)) == settings
