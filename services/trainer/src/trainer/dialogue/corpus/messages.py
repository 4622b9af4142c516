"""JSON conversations, one a line or in one array: `messages` (ours, OpenAI's), ShareGPT's `conversations`, `utterances`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from trainer.dialogue.corpus.conversation import Conversation, InvalidCorpus

__all__ = ["json_rows", "read_messages"]

_LISTS: Final = ("messages", "conversations", "utterances", "dialog", "turns")
_ROLES: Final = ("role", "from", "speaker", "user", "sender")
_TEXTS: Final = ("text", "content", "value", "utterance")
_UNSPOKEN: Final = frozenset({"system", "tool", "function"})


def read_messages(text: str, file: Path) -> Iterator[Conversation]:
    """Conversations of two turns or more; messages of the roles system, tool and function are not spoken."""
    for number, row in json_rows(text, file):
        name = next((name for name in _LISTS if isinstance(row, dict) and isinstance(row.get(name), list)), None)
        if name is None:
            raise InvalidCorpus(file, f"expected an object with a list named {', '.join(_LISTS)}", number)
        spoken = [_message(message, turn, file, number) for turn, message in enumerate(row[name])]
        source = row.get("src", row.get("source", ""))
        conversation = Conversation.of((message for message in spoken if message[0] not in _UNSPOKEN), str(source))
        if len(conversation.turns) > 1:
            yield conversation


def json_rows(text: str, file: Path) -> Iterator[tuple[int, Any]]:
    """(line, value) of JSON Lines; of one array, its elements, each with the number of the element."""
    if text.lstrip()[:1] == "[":
        try:
            yield from enumerate(json.loads(text), start=1)
        except json.JSONDecodeError as invalid:
            raise InvalidCorpus(file, f"is not JSON: {invalid.msg}", invalid.lineno) from invalid
        return
    # Not splitlines: JSON strings may hold U+2028 and its like unescaped.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as invalid:
            raise InvalidCorpus(file, f"is not JSON (one object a line): {invalid.msg}", number) from invalid


def _message(message: Any, turn: int, file: Path, number: int) -> tuple[str, str]:
    if isinstance(message, str):  # bare texts: two speakers take turns
        return "AB"[turn % 2], message
    if isinstance(message, dict):
        said = next((message[name] for name in _TEXTS if isinstance(message.get(name), str)), None)
        role = next((str(message[name]) for name in _ROLES if name in message), "AB"[turn % 2])
        if said is not None:
            return role, said
    raise InvalidCorpus(file, f"message {turn + 1} is neither a text nor an object with one of {', '.join(_TEXTS)}", number)
