"""Group names: what chemists call common groups, in English and Japanese, and the fragments that are meant by them.

The table `group_names.tsv` beside this module has a group a line: its English names and its Japanese names, the usual one
first, parted by `; `, and its fragments as `chemistry` writes them, with a `*` at each attachment, the usual one first, parted
by spaces. A name may mean several fragments (a pyridine may be attached at three places) and a fragment may have several names.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["GroupName", "group_names"]

_HEADER = ["english", "japanese", "smiles"]


@dataclass(frozen=True)
class GroupName:
    """A common group."""

    english: tuple[str, ...]
    """Formulas such as `CF3` among them; the first is the one to show."""
    japanese: tuple[str, ...]
    smiles: tuple[str, ...]
    """Canonical, without stereo; the first is meant where nothing tells otherwise."""


@cache
def group_names() -> tuple[GroupName, ...]:
    """All of the table, in its order: simple groups before those that contain them.

    Raises:
        ValueError: a line of the table does not have its three columns.
    """
    header, *lines = (files("contracts") / "group_names.tsv").read_text("utf-8").splitlines()
    if header.split("\t") != _HEADER:
        raise ValueError(f"group_names.tsv has the columns {header!r}")
    return tuple(_group(number, line) for number, line in enumerate(lines, start=2))


def _group(number: int, line: str) -> GroupName:
    columns = line.split("\t")
    if len(columns) != len(_HEADER) or not all(columns):
        raise ValueError(f"group_names.tsv, line {number}: {line!r} does not have a value in each of {', '.join(_HEADER)}")
    english, japanese, smiles = columns
    return GroupName(tuple(english.split("; ")), tuple(japanese.split("; ")), tuple(smiles.split(" ")))
