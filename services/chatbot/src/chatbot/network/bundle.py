"""Bundle: a trained bot in memory, ready to reply, opened from the bytes of its files."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from chatbot.network.graphs import Graphs
from chatbot.network.silence import Silence
from chatbot.network.tokens import Tokens
from dialogue.bundle import CARD_FILE, ENCODER_FILE, STEP_FILE, TOKENS_FILE, BrokenBundle, Language, ModelCard

__all__ = ["FILES", "Bundle", "open_bundle", "parse_card", "read_files"]

FILES: Final = (ENCODER_FILE, STEP_FILE, TOKENS_FILE)
"""What a bot needs beside its card."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bot; what it was made of may be gone from the disk."""

    card: ModelCard
    tokens: Tokens
    graphs: Graphs
    silence: Silence
    published: bool
    """Found through the scores API; else shipped with the service."""

    @property
    def language(self) -> Language:
        """What it speaks."""
        return self.card.language

    def context(self, turns: list[str]) -> list[int]:
        """The ids that a reply to these turns, oldest first, starts from."""
        return self.card.context([self.tokens.encode(turn) for turn in turns[-self.card.context_turns :]])


def parse_card(text: bytes) -> ModelCard:
    """A model card.

    Raises:
        BrokenBundle: the text is none, or it does not list the files a bot needs.
    """
    try:
        card = ModelCard.model_validate(json.loads(text))
    except (UnicodeDecodeError, json.JSONDecodeError, ValidationError) as invalid:
        raise BrokenBundle(f"{CARD_FILE} is not a model card: {str(invalid).splitlines()[0]}") from invalid
    listed = {file.name for file in card.files}
    if missing := [name for name in FILES if name not in listed]:
        raise BrokenBundle(f"{CARD_FILE} does not list {', '.join(missing)}")
    return card


def open_bundle(card: ModelCard, files: Mapping[str, bytes], *, published: bool, threads: int = 1) -> Bundle:
    """A bot of its card and files, once every digest was compared and a first word was computed.

    Raises:
        BrokenBundle: naming the file and what is wrong with it.
    """
    stated = {file.name: file.sha256 for file in card.files}
    for name in FILES:
        if (found := hashlib.sha256(files[name]).hexdigest()) != stated[name]:
            raise BrokenBundle(f"{name} has digest {found}, the card states {stated[name]}")
    tokens = Tokens(files[TOKENS_FILE])
    graphs = Graphs(files[ENCODER_FILE], files[STEP_FILE], card, threads=threads)
    return Bundle(card=card, tokens=tokens, graphs=graphs, silence=Silence.of(graphs, card), published=published)


def read_files(directory: Path) -> tuple[ModelCard, dict[str, bytes]]:
    """The card and the files of a bundle that lies in a directory; digests are compared when it is opened.

    Raises:
        BrokenBundle: a file is missing or the card cannot be read.
    """
    try:
        card = parse_card((directory / CARD_FILE).read_bytes())
        return card, {name: (directory / name).read_bytes() for name in FILES}
    except OSError as error:
        raise BrokenBundle(f"{error.filename} cannot be read: {error.strerror}") from error
