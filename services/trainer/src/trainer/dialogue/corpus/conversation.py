"""A conversation as a corpus states it, and the error that names what is wrong with a corpus."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

__all__ = ["Conversation", "InvalidCorpus", "Turn"]


@dataclass(frozen=True)
class Turn:
    """What one speaker said before the next one spoke."""

    role: str
    text: str


@dataclass(frozen=True)
class Conversation:
    """Turns of alternating speakers, oldest first."""

    turns: tuple[Turn, ...]
    source: str = ""
    """The part of its corpus it belongs to (`src` of our own format); empty where the format knows none."""

    @staticmethod
    def of(messages: Iterable[tuple[str, str]], source: str = "") -> "Conversation":
        """From (role, text) messages; messages of one speaker in a row become one turn, empty ones are left out."""
        spoken = ((role, text.strip()) for role, text in messages)
        runs = groupby((message for message in spoken if message[1]), key=lambda message: message[0])
        return Conversation(tuple(Turn(role, " ".join(text for _, text in run)) for role, run in runs), source)


class InvalidCorpus(Exception):
    """A corpus cannot be read: the file, the line where one is known, and what was expected."""

    def __init__(self, file: Path, reason: str, line: int | None = None) -> None:
        where = f"{file}, line {line}" if line is not None else f"{file}"
        super().__init__(f"{where}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason
