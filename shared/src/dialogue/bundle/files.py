"""A bundle's files, where it is published, and whether they are those its card states."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from dialogue.bundle.card import Language, ModelCard

__all__ = [
    "CARD_FILE",
    "ENCODER_FILE",
    "NEEDED_FILES",
    "OPENINGS_FILE",
    "STEP_FILE",
    "TOKENS_FILE",
    "BrokenBundle",
    "artifact_name",
    "parse_card",
    "read_bundle",
    "read_card",
    "verify",
]

ENCODER_FILE: Final = "encoder.onnx"
STEP_FILE: Final = "step.onnx"
TOKENS_FILE: Final = "tokens.model"
OPENINGS_FILE: Final = "openings.json"
CARD_FILE: Final = "model-card.json"
NEEDED_FILES: Final = (ENCODER_FILE, STEP_FILE, TOKENS_FILE)
"""What replying takes, beside the card."""


class BrokenBundle(Exception):
    """A bundle's file is missing, altered or unreadable; `str` names it and says what is wrong with it."""


def artifact_name(language: Language) -> str:
    """Name of the artifact under which bundles of this language are published, `dialogue-en`; `latest` is the newest."""
    return f"dialogue-{language}"


def parse_card(text: bytes) -> ModelCard:
    """The card that `model-card.json` holds.

    Raises:
        BrokenBundle: it is none, or does not list the files that replying takes.
    """
    try:
        card = ModelCard.model_validate(json.loads(text))
    except (UnicodeDecodeError, json.JSONDecodeError, ValidationError) as invalid:
        raise BrokenBundle(f"{CARD_FILE} is not a model card: {str(invalid).splitlines()[0]}") from invalid
    listed = {file.name for file in card.files}
    if missing := [name for name in NEEDED_FILES if name not in listed]:
        raise BrokenBundle(f"{CARD_FILE} does not list {', '.join(missing)}")
    return card


def verify(card: ModelCard, files: Mapping[str, bytes]) -> None:
    """Compare files, by their names, with the digests that the card states.

    Raises:
        BrokenBundle: a file is another.
    """
    stated = {file.name: file.sha256 for file in card.files}
    for name, content in files.items():
        if (digest := hashlib.sha256(content).hexdigest()) != stated[name]:
            raise BrokenBundle(f"{name} has digest {digest}, the card states {stated[name]}")


def read_bundle(directory: Path) -> tuple[ModelCard, dict[str, bytes]]:
    """The card of the bundle in a directory and every file it lists, verified.

    Raises:
        BrokenBundle: a file is missing, unreadable or altered.
    """
    try:
        card = parse_card((directory / CARD_FILE).read_bytes())
        files = {file.name: (directory / file.name).read_bytes() for file in card.files}
    except OSError as error:
        raise BrokenBundle(f"{error.filename} cannot be read: {error.strerror}") from error
    verify(card, files)
    return card, files


def read_card(directory: Path) -> ModelCard:
    """The card of the bundle in a directory, all of which was verified.

    Raises:
        BrokenBundle: a file is missing, unreadable or altered.
    """
    return read_bundle(directory)[0]
