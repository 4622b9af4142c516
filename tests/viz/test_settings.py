"""The settings of viz."""

import pytest

from servicekit.command import load_settings
from viz.settings import Settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any of our variables."""
    for name in (
        "NTDEMO_HOST",
        "NTDEMO_PORT",
        "TRAINER_HOST",
        "TRAINER_PORT",
        "NTDEMO_TRAINER_URL",
        "VIZ_HOST",
        "VIZ_DASH_PORT",
        "VIZ_BOKEH_PORT",
        "VIZ_BOKEH_ORIGINS",
        "NTDEMO_LOG_LEVEL",
    ):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_defaults_are_the_seeds_ports(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings(Settings)
    assert settings.scores_url == "http://localhost:3030"
    assert (settings.dash_port, settings.bokeh_port) == (8050, 5006)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:3030"),  # noqa: S104 - nothing binds here
        ("::", "http://[::1]:3030"),
        ("scores", "http://scores:3030"),
    ],
)
def test_an_address_to_bind_becomes_an_address_to_ask(environment: pytest.MonkeyPatch, host: str, url: str) -> None:
    environment.setenv("NTDEMO_HOST", host)
    assert load_settings(Settings).scores_url == url


def test_the_trainer_is_asked_where_it_listens(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TRAINER_PORT", "4031")
    assert load_settings(Settings).trainer_url == "http://localhost:4031"


def test_only_this_machines_names_may_open_bokeh_sessions_by_default(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("VIZ_BOKEH_PORT", "5555")
    assert load_settings(Settings).websocket_origins == ("localhost:5555", "127.0.0.1:5555")


def test_origins_are_taken_as_they_stand(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("VIZ_BOKEH_ORIGINS", "viz.example.org:443, [::1]:5006")
    assert load_settings(Settings).websocket_origins == ("viz.example.org:443", "[::1]:5006")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("VIZ_BOKEH_ORIGINS", "*", "patterns are not taken"),
        ("VIZ_BOKEH_ORIGINS", "*.example.org:443", "patterns are not taken"),
        ("VIZ_DASH_PORT", "http", "integer"),
        ("VIZ_DASH_PORT", "70000", "65535"),
        ("NTDEMO_TRAINER_URL", "localhost", "match"),
        ("NTDEMO_LOG_LEVEL", "loud", "not one of"),
    ],
)
def test_a_wrong_value_is_one_sentence_and_status_2(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, said: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SystemExit) as stop:
        load_settings(Settings)
    told = capsys.readouterr().err
    assert stop.value.code == 2
    assert told.startswith(f"{name}=")
    assert said in told
    assert told.count("\n") == 1


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().dash_port = 1  # type: ignore[misc]  # the point of the test
