"""The starter corpus and the openings: exchanges of our own writing that ship with the trainer, to learn from and to ask."""

from pathlib import Path
from typing import Final

from dialogue.bundle import Language

__all__ = ["openings_file", "starter_file"]

_FOLDER: Final = Path(__file__).parents[1]


def starter_file(language: Language) -> Path:
    """Its file in this language."""
    return _FOLDER / "starter" / f"{language}.jsonl"


def openings_file(language: Language) -> Path:
    """Twenty openings that no bot learns from, with what a person would answer: the same questions to every bot."""
    return _FOLDER / "openings" / f"{language}.jsonl"
