"""The ConvoKit format: utterances that name their conversation and the utterance they answer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer.dialogue.corpus.conversation import Conversation, InvalidCorpus
from trainer.dialogue.corpus.messages import json_rows

__all__ = ["is_convokit", "read_convokit"]

_LONGEST_CHAIN = 10_000


def is_convokit(text: str) -> bool:
    """Whether the first object is an utterance rather than a whole conversation."""
    opening = text.lstrip()
    try:
        first, _ = json.JSONDecoder().raw_decode(
            opening, 1 + len(opening[1:]) - len(opening[1:].lstrip()) if opening[0] == "[" else 0
        )
    except json.JSONDecodeError:
        return False
    return isinstance(first, dict) and "text" in first and bool({"reply-to", "reply_to"} & first.keys())


def read_convokit(text: str, file: Path) -> Iterator[Conversation]:
    """One conversation for every path from a root to an utterance that nobody answers.

    A thread with branches shares its beginning between conversations; equal exchanges are dropped later.
    """
    utterances: dict[str, tuple[str, str, str | None]] = {}
    for number, row in json_rows(text, file):
        if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("text"), str):
            raise InvalidCorpus(file, "expected an utterance with 'id' and 'text'", number)
        utterances[str(row["id"])] = (str(row.get("speaker", row.get("user", ""))), row["text"], _answered(row))
    answered = {parent for _, _, parent in utterances.values() if parent is not None}
    for leaf in utterances:
        if leaf in answered:
            continue
        chain: list[tuple[str, str]] = []
        at: str | None = leaf
        while at is not None and at in utterances:
            speaker, said, parent = utterances[at]
            chain.append((speaker, said))
            if len(chain) > _LONGEST_CHAIN:
                raise InvalidCorpus(file, f"utterance {leaf} answers itself over others")
            at = parent
        conversation = Conversation.of(reversed(chain))
        if len(conversation.turns) > 1:
            yield conversation


def _answered(row: dict[str, Any]) -> str | None:
    parent = row.get("reply-to", row.get("reply_to"))
    return None if parent is None else str(parent)
