from pathlib import Path

import pytest
from pydantic import ValidationError

from scores_api.settings import Settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)


def test_the_seeds_defaults_hold_without_an_environment() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.state) == ("localhost", 3030, Path("var"))
    assert settings.cors_origins == ()


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "NTDEMO_STATE": "/state",
        "NTDEMO_HOST": "0.0.0.0",  # noqa: S104 - what a container binds
        "NTDEMO_PORT": "8080",
        "SCORES_API_CORS_ORIGINS": "https://a.example, https://b.example",
        "NTDEMO_LOG_FORMAT": "json",
        "NTDEMO_LOG_LEVEL": "warning",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)  # noqa: S104 - as above
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert (settings.log_format, settings.log_level) == ("json", "warning")


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NTDEMO_PORT", "")
    assert Settings().port == 3030


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NTDEMO_PORT", "http"),
        ("NTDEMO_PORT", "0"),
        ("NTDEMO_PORT", "65536"),
        ("NTDEMO_LOG_FORMAT", "xml"),
        ("NTDEMO_LOG_LEVEL", "loud"),
        ("SCORES_API_KEPT_RUNS", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_its_variables_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]  # the point of the test
