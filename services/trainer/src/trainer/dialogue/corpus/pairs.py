"""Tables of message and reply: two columns of TSV or CSV, or more with a header that names the two."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from trainer.dialogue.corpus.conversation import Conversation, InvalidCorpus

__all__ = ["read_pairs"]

_MESSAGES: Final = frozenset({"message", "query", "question", "input", "prompt", "context", "utterance", "request"})
_REPLIES: Final = frozenset({"reply", "answer", "response", "output", "completion", "target"})
_SOURCES: Final = frozenset({"src", "source"})
_PAIR: Final = 2


def read_pairs(text: str, file: Path) -> Iterator[Conversation]:
    """One conversation of two turns a row; a first row that names a message and a reply column is a header."""
    first_line = text.split("\n", 1)[0]
    delimiter = "\t" if "\t" in first_line else ","
    # TSV knows no quotes: a lone " is a character of the text.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
    columns: tuple[int, int] | None = None
    source: int | None = None
    width = 0
    try:
        for row in rows:
            if not any(field.strip() for field in row):
                continue
            if columns is None:
                columns, source, is_header = _columns(row, file)
                width = len(row)
                if is_header:
                    continue
            if len(row) != width:
                raise InvalidCorpus(file, f"expected {width} fields, found {len(row)}", rows.line_num)
            message, reply = row[columns[0]], row[columns[1]]
            conversation = Conversation.of([("A", message), ("B", reply)], row[source] if source is not None else "")
            if len(conversation.turns) == _PAIR:
                yield conversation
    except csv.Error as invalid:
        raise InvalidCorpus(file, f"is not a table: {invalid}", rows.line_num) from invalid


def _columns(row: list[str], file: Path) -> tuple[tuple[int, int], int | None, bool]:
    names = [field.strip().lower() for field in row]
    messages = [index for index, name in enumerate(names) if name in _MESSAGES]
    replies = [index for index, name in enumerate(names) if name in _REPLIES]
    if len(messages) == 1 and len(replies) == 1:
        return (messages[0], replies[0]), next((at for at, name in enumerate(names) if name in _SOURCES), None), True
    if len(row) == _PAIR:
        return (0, 1), None, False
    expected = f"a header with one of {', '.join(sorted(_MESSAGES))} and one of {', '.join(sorted(_REPLIES))}"
    raise InvalidCorpus(file, f"expected two columns (message, reply) or {expected}; found {len(row)} fields", 1)
