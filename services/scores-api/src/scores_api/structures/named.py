"""Groups that chemists call by a name, as the structures that are meant: `morpholine`, `COOH`, 「モルホリン」."""

import unicodedata
from functools import cache

from contracts.group_names import group_names

__all__ = ["meant"]


def meant(text: str) -> tuple[str, ...]:
    """The fragments that a common name stands for; none where it is none."""
    return _groups().get(_folded(text), ())


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    return {_folded(name): group.smiles for group in reversed(group_names()) for name in (*group.english, *group.japanese)}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
