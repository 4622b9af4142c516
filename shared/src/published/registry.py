"""The registry: what runs and bots are called, what aliases name, and what was deleted.

It is written nowhere: it is what the changes of all commits come to, in the order of the store's versions.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, Self

from contracts.kinds import RunKind
from published.changes import CURRENT, Change, Marks
from published.publications import Commit

__all__ = ["Registry"]

_NO_MARKS: Final = Marks()


@dataclass(frozen=True)
class Registry:
    """At one version of the store."""

    aliases: Mapping[str, tuple[str, ...]]
    """Alias -> the runs that it has named, the present one last; those that were deleted are left out."""
    marks: Mapping[str, Marks]
    deleted: Mapping[str, datetime]
    """Run -> when."""
    named: Mapping[str, AbstractSet[str]]
    """Alias -> all runs that it ever named, whatever became of them and of it."""
    decisions: Mapping[str, str]
    """Run -> why it took `current` when it was published, or did not."""

    @classmethod
    def of(cls, commits: Iterable[Commit]) -> Self:
        """What the commits come to, the oldest first.

        A factor run whose commit says nothing of aliases, as those of older releases, takes `current`.
        """
        aliases: dict[str, tuple[str, ...]] = {}
        named: dict[str, set[str]] = {}
        marks: dict[str, Marks] = {}
        deleted: dict[str, datetime] = {}
        decisions: dict[str, str] = {}
        for commit in commits:
            change, publication = commit.change, commit.publication
            if commit.run is not None:
                deleted.pop(commit.run, None)  # published again
            if change is None:
                if publication is not None and publication.kind == RunKind.FACTORS:
                    _move(aliases, CURRENT, publication.run)
                    named.setdefault(CURRENT, set()).add(publication.run)
                continue
            if publication is not None and change.reason:
                decisions[publication.run] = change.reason
            _apply(change, aliases, marks, deleted)
            for alias, run in change.aliases.items():
                named.setdefault(alias, set()).update(() if run is None else (run,))
        return cls(aliases, marks, deleted, named, decisions)

    def names(self, alias: str) -> str | None:
        """The run that an alias names."""
        runs = self.aliases.get(alias)
        return runs[-1] if runs else None

    def aliases_of(self, run: str) -> list[str]:
        """The aliases that name a run."""
        return sorted(alias for alias in self.aliases if self.names(alias) == run)

    def marks_of(self, run: str) -> Marks:
        """What people said of a run."""
        return self.marks.get(run, _NO_MARKS)

    def run_of(self, word: str) -> str | None:
        """The run that an alias or a name stands for."""
        return self.names(word) or next((run for run, marks in self.marks.items() if marks.name == word), None)


def _apply(change: Change, aliases: dict[str, tuple[str, ...]], marks: dict[str, Marks], deleted: dict[str, datetime]) -> None:
    for alias, run in change.aliases.items():
        if run is None:
            aliases.pop(alias, None)
        else:
            _move(aliases, alias, run)
    for alias in change.rolled_back:
        aliases[alias] = aliases.get(alias, ())[:-1]
    marks |= change.marks
    for run in change.deleted:
        deleted[run] = change.time
        marks.pop(run, None)
    if change.deleted:
        for alias, runs in aliases.items():
            aliases[alias] = tuple(run for run, _ in groupby(run for run in runs if run not in deleted))


def _move(aliases: dict[str, tuple[str, ...]], alias: str, run: str) -> None:
    before = aliases.get(alias, ())
    if before[-1:] != (run,):
        aliases[alias] = (*before, run)
