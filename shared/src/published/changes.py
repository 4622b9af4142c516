"""Changes of the registry: what one commit of the publications says of names, tags, notes, aliases and deletions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

__all__ = ["ALIAS", "CURRENT", "LATEST", "Change", "Marks", "read_change", "state_change"]

CURRENT: Final = "current"
"""The alias of the factor run that is answered from where nobody names another."""
LATEST: Final = "latest"
"""The run that was published last: no alias that anybody moves."""
ALIAS: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""What an alias is called."""


@dataclass(frozen=True)
class Marks:
    """What people say of a run."""

    name: str | None = None
    """Unique among runs."""
    tags: tuple[str, ...] = ()
    note: str = ""
    pinned: bool = False
    """Not to be deleted."""


@dataclass(frozen=True)
class Change:
    """Stands in the commit that makes it: readers see all of it or nothing."""

    time: datetime
    aliases: Mapping[str, str | None] = field(default_factory=dict)
    """Alias -> the run that it names from now on; None where there is no such alias any more."""
    rolled_back: tuple[str, ...] = ()
    """Aliases that name again what they named before."""
    marks: Mapping[str, Marks] = field(default_factory=dict)
    """Run -> all its marks from now on."""
    deleted: tuple[str, ...] = ()
    """Runs that nobody is answered from any more."""
    reason: str = ""
    """Why the run that is published with it took `current`, or did not."""


_CHANGE: Final = TypeAdapter(Change)


def state_change(change: Change) -> str:
    """A change as its commit states it."""
    return _CHANGE.dump_json(change).decode()


def read_change(text: str) -> Change:
    """A change as its commit states it; raises ValueError."""
    change = _CHANGE.validate_json(text)
    for alias in (*change.aliases, *change.rolled_back):
        if not ALIAS.fullmatch(alias):
            raise ValueError(f"{alias!r} is no alias")
    return change
