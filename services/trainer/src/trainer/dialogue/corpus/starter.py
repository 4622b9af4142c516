"""The starter corpus: exchanges of our own writing that ship with the trainer."""

from pathlib import Path
from typing import Final

from contracts.dialogue import Language

__all__ = ["starter_file"]

_FOLDER: Final = Path(__file__).parents[1] / "starter"


def starter_file(language: Language) -> Path:
    """Its file in this language."""
    return _FOLDER / f"{language}.jsonl"
