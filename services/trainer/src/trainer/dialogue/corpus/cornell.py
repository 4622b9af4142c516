"""The Cornell Movie-Dialogs format: lines and the conversations made of them, fields split by ` +++$+++ `."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trainer.dialogue.corpus.conversation import Conversation, InvalidCorpus

__all__ = ["SEPARATOR", "read_cornell"]

SEPARATOR: Final = " +++$+++ "
_LINE_FIELDS: Final = 5
_CONVERSATION_FIELDS: Final = 4


def read_cornell(lines: str, conversations: str, *, lines_file: Path, conversations_file: Path) -> Iterator[Conversation]:
    """Conversations of `movie_conversations.txt` with the texts of `movie_lines.txt`; the movie is the source."""
    spoken: dict[str, tuple[str, str]] = {}
    for number, fields in _rows(lines, lines_file, _LINE_FIELDS):
        line_id, character, _, _, text = fields
        if line_id in spoken:
            raise InvalidCorpus(lines_file, f"line id {line_id} occurs twice", number)
        spoken[line_id] = (character, text)
    for number, fields in _rows(conversations, conversations_file, _CONVERSATION_FIELDS):
        ids = re.findall(r"'([^']+)'", fields[3])
        unknown = next((line_id for line_id in ids if line_id not in spoken), None)
        if unknown is not None:
            raise InvalidCorpus(conversations_file, f"line id {unknown} is not in {lines_file.name}", number)
        conversation = Conversation.of((spoken[line_id] for line_id in ids), source=fields[2])
        if len(conversation.turns) > 1:
            yield conversation


def _rows(text: str, file: Path, fields: int) -> Iterator[tuple[int, list[str]]]:
    # Not splitlines: it would also split at characters such as U+0085, which ISO-8859-1 texts hold.
    for number, row in enumerate(text.split("\n"), start=1):
        if not row.strip():
            continue
        found = row.rstrip("\r").split(SEPARATOR, fields - 1)
        if len(found) != fields:
            # An empty last field loses the space that ends its separator.
            found = [*row.rstrip("\r").removesuffix(SEPARATOR.rstrip()).rstrip().split(SEPARATOR, fields - 1), ""]
        if len(found) != fields:
            raise InvalidCorpus(file, f"expected {fields} fields split by '{SEPARATOR.strip()}'", number)
        yield number, found
