"""The settings of the chatbot."""

import pytest

from chatbot.settings import Settings


@pytest.mark.parametrize(
    ("variables", "link"),
    [
        ({}, "http://localhost:8050"),
        ({"VIZ_DASH_PORT": "18050"}, "http://localhost:18050"),
        ({"VIZ_DASH_PORT": "18050", "VIZ_DASH_URL": "https://fragments.example.org"}, "https://fragments.example.org"),
        ({"VIZ_DASH_URL": "https://a.example.org", "CHATBOT_VIZ_URL": "https://b.example.org"}, "https://b.example.org"),
    ],
)
def test_answers_link_to_where_viz_is(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], link: str) -> None:
    for name in ("VIZ_HOST", "VIZ_DASH_PORT", "VIZ_DASH_URL", "CHATBOT_VIZ_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Settings().viz_url == link


def test_the_terminal_asks_the_trainer_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NTDEMO_TRAINER_URL", raising=False)
    monkeypatch.setenv("TRAINER_PORT", "13031")
    assert Settings().trainer_url == "http://localhost:13031"
