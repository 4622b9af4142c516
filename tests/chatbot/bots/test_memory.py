"""What opening a bundle needed is given back where that can be done."""

import ctypes

import pytest

from chatbot.bots import memory


def test_nothing_happens_where_a_program_cannot_be_asked_for_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[None] = []

    def windows(name: None) -> None:
        asked.append(name)
        raise TypeError("argument of type 'NoneType' is not iterable")

    monkeypatch.setattr(ctypes, "CDLL", windows)
    memory.give_back()
    assert asked == [None]


def test_nothing_happens_where_the_library_cannot_give_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    memory.give_back()
