"""The registry of runs and bots: names, tags, notes, pins, aliases and deletion, for HTTP and the command line.

Which run an alias of factors names, the store's registry says. Which bot speaks under its language's plain name, promotions say
(`trainer.pipelines.promotion`), which are shown here as the aliases `ntdemo-en` and `ntdemo-ja`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field, ValidationError

from contracts.kinds import RunKind
from contracts.store import Store
from dialogue.bundle import PROMOTIONS_ARTIFACT, Language
from published.changes import ALIAS, CURRENT, LATEST, Change, Marks
from published.publications import Publication
from published.registry import Registry
from trainer.pipelines.promotion import bot_alias, served_bots
from trainer.runs.failures import AliasUnknown, NothingBefore, RunKept, RunUnknown, WordTaken, require_names
from trainer.settings import Settings
from trainer.store.lock import Held, publishing
from trainer.store.publications import published, registry
from trainer.store.registry import change_registry, run_named

__all__ = ["Alias", "Entry", "Note", "RunName", "Runs", "Tags"]

RunName = Annotated[
    str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x20\x7f/\\?#%]([^\x00-\x1f\x7f/\\?#%]*[^\x00-\x20\x7f/\\?#%])?$")
]
Tag = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x20\x7f,]+$")]
Tags = Annotated[list[Tag], Field(max_length=32)]
Note = Annotated[str, Field(max_length=10_000)]

_RESERVED: Final = frozenset({CURRENT, LATEST, "compare", *map(bot_alias, Language)})
"""Words that only the product gives; `GET /v1/runs/compare` is no run."""
_TOLD: Final = {
    "name": "a name has up to 80 characters, no space at its ends, and none of / \\ ? # %",
    "tags": "a run has up to 32 tags, each of up to 40 characters without spaces and commas",
    "note": "a note has up to 10,000 characters",
}


class _Said(BaseModel):
    """What people may say of a run."""

    name: RunName | None
    tags: Tags
    note: Note


@dataclass(frozen=True)
class Entry:
    """A run or a bot, and what people say of it."""

    run: str
    kind: str
    published: datetime
    marks: Marks
    aliases: tuple[str, ...]
    decision: str | None
    """Whether it took `current` when it was published, and why."""


@dataclass(frozen=True)
class Alias:
    """An alias and the run that it names; None for a language whose shipped bot is served."""

    alias: str
    run: str | None
    before: tuple[str, ...] = ()
    """What it named before, the last first: where a rollback leads."""


class Runs:
    """The runs of a state directory. Calls block for milliseconds; `restore` waits for a publication that is under way.

    All of them raise PublicationsDamaged, and what changes something PublicationsLost, as the store does.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store.under(settings.state)

    def all(self) -> list[Entry]:
        """Every run and bot, the newest first."""
        if self._store.version() < 0:
            return []
        found, known = published(self._store)
        bots = served_bots(self._settings)
        return [_entry(one, known, bots) for one in reversed(found) if _is_run(one)]

    def get(self, word: str) -> Entry:
        """A run by id, alias or name; raises RunUnknown."""
        return _entry(self._found(word), registry(self._store), served_bots(self._settings))

    def mark(self, word: str, edit: Callable[[Marks], Marks]) -> Entry:
        """Change what people say of a run.

        Raises:
            RunUnknown: There is no such run.
            WordTaken: Another run or an alias has that name, or what is said is no name, tag or note.
        """
        found = self._found(word)
        run = found.run

        def decide(known: Registry) -> Change | None:
            if run in known.deleted:
                raise RunUnknown(f"{run} was deleted.")
            before = known.marks_of(run)
            marks = edit(before)
            _require_sayable(marks, before)
            if marks.name is not None and marks.name != before.name:
                self._require_free(marks.name, known, run)
            return None if marks == before else Change(datetime.now(UTC), marks={run: marks})

        return _entry(found, change_registry(self._store, decide), served_bots(self._settings))

    def delete(self, word: str, *, used: Callable[[str], bool] = lambda _: False) -> str:
        """Answer nobody from a run any more, unless jobs have it in use; its id.

        Its files go to the quarantine with whatever else no run names: by `store vacuum`, or when the trainer starts.

        Raises:
            RunUnknown: There is no such run.
            RunKept: An alias names it, it is pinned, or a job has it in use.
        """
        run = self._found(word).run

        def decide(known: Registry) -> Change:
            aliases = _aliases(known, served_bots(self._settings), run)
            if aliases:
                raise RunKept(f"{run} is what {' and '.join(aliases)} names: let it name another run first.")
            if known.marks_of(run).pinned:
                raise RunKept(f"{run} is pinned: unpin it first.")
            if used(run):
                raise RunKept(f"{run} is in use by a job.")
            return Change(datetime.now(UTC), deleted=(run,))

        change_registry(self._store, decide)
        return run

    def restore(self, run: str, *, waiting: Callable[[Held], None] | None = None) -> Entry:
        """Bring back a run that was deleted, from where it lies or from the quarantine; without its name, tags and note.

        Raises:
            RunUnknown: It was not deleted, or its files are gone for good.
        """
        from trainer.store.quarantine import Quarantine  # noqa: PLC0415 - needed by this alone
        from trainer.store.repair import publish_again, put_back, stated_before  # noqa: PLC0415 - the same

        if run not in registry(self._store).deleted:
            raise RunUnknown(f"{run} is no run that was deleted.")
        with publishing(self._settings.state, waiting=waiting):
            old = stated_before(self._store).get(run)
            its_own = {run, f"run={run}"} | (set() if old is None else {f"data={old.data}"})
            for entry in Quarantine(self._store).entries():  # runs of the same data may have gone before the facts
                if any(taken.path.rpartition("/")[2] in its_own for taken in entry.taken):
                    put_back(self._store, entry)
            again, _ = publish_again(self._store, deleted={run}, only=run)
        if run not in again:
            raise RunUnknown(f"{run} cannot be brought back: its files are gone or damaged.")
        return self.get(run)

    def aliases(self) -> list[Alias]:
        """Every alias, in alphabetical order."""
        known = registry(self._store)
        found = [_alias(known, alias) for alias in known.aliases]
        bots = [Alias(bot_alias(language), run) for language, run in served_bots(self._settings).items()]
        return sorted([*(one for one in found if one.run is not None), *bots], key=lambda one: one.alias)

    def alias(self, alias: str) -> Alias:
        """One alias; raises AliasUnknown."""
        found = next((one for one in self.aliases() if one.alias == alias), None)
        if found is None:
            raise AliasUnknown(alias)
        return found

    def name(self, alias: str, word: str, *, expected: str | None = None) -> Alias:
        """Let an alias of factor runs name a run, if it names what is `expected` (`require_names`).

        Raises:
            RunUnknown: There is no such run of factors.
            AliasMoved: It names another run than was expected.
            WordTaken: It is the name of a run, or no word for an alias.
        """
        found = self._found(word)
        if found.kind != RunKind.FACTORS:
            raise RunUnknown(f"{found.run} is no run of factors: {alias} can name none but those.")

        def decide(known: Registry) -> Change | None:
            require_names(alias, known.names(alias), expected)
            if alias != CURRENT and known.names(alias) is None:
                if not ALIAS.fullmatch(alias):
                    raise WordTaken(f"{alias!r} is no alias: take lower-case letters, digits, dots, dashes, up to 64.")
                self._require_free(alias, known, None)
            if found.run in known.deleted:
                raise RunUnknown(f"{found.run} was deleted.")
            return None if known.names(alias) == found.run else Change(datetime.now(UTC), aliases={alias: found.run})

        return _alias(change_registry(self._store, decide), alias)

    def drop(self, alias: str, *, expected: str | None = None) -> None:
        """Let there be no such alias any more.

        Raises:
            AliasUnknown: There is none.
            AliasMoved: It names another run than was expected.
            RunKept: It is `current`, without which nothing is answered.
        """

        def decide(known: Registry) -> Change:
            if alias == CURRENT:
                raise RunKept(f"{CURRENT} can name another run, and never none.")
            require_names(alias, known.names(alias), expected)
            if known.names(alias) is None:
                raise AliasUnknown(alias)
            return Change(datetime.now(UTC), aliases={alias: None})

        change_registry(self._store, decide)

    def roll_back(self, alias: str, *, expected: str | None = None) -> Alias:
        """Let an alias of factor runs name again what it named before.

        Raises:
            AliasUnknown: There is none.
            AliasMoved: It names another run than was expected.
            NothingBefore: It named nothing before, or what it named was deleted.
        """

        def decide(known: Registry) -> Change:
            require_names(alias, known.names(alias), expected)
            if known.names(alias) is None:
                raise AliasUnknown(alias)
            if len(known.aliases[alias]) == 1:
                raise NothingBefore(f"{alias} named no run before that is still there.")
            return Change(datetime.now(UTC), rolled_back=(alias,))

        return _alias(change_registry(self._store, decide), alias)

    def _found(self, word: str) -> Publication:
        found = run_named(self._store, word)
        if found is None or not _is_run(found):
            raise RunUnknown(f"There is no run {word!r}.")
        return found

    def _require_free(self, word: str, known: Registry, run: str | None) -> None:
        """Refuse a word that stands for a run already, or that only the product gives."""
        taken = known.run_of(word)
        is_taken = word in _RESERVED or word in known.deleted or (taken is not None and taken != run)
        if is_taken or run_named(self._store, word) is not None:
            raise WordTaken(f"{word!r} stands for {taken or 'something else'} already.")


def _require_sayable(marks: Marks, before: Marks) -> None:
    """Refuse what is no name, tag or note; what is said already may stay."""
    try:
        _Said(name=marks.name, tags=list(marks.tags), note=marks.note)
    except ValidationError as error:
        for field in dict.fromkeys(str(one["loc"][0]) for one in error.errors()):
            if getattr(marks, field) != getattr(before, field):
                raise WordTaken(f"This cannot be said of a run: {_TOLD[field]}.") from None


def _is_run(publication: Publication) -> bool:
    """A promotion of bots is published as runs are, and is none."""
    return set(publication.artifacts) != {PROMOTIONS_ARTIFACT}


def _alias(known: Registry, alias: str) -> Alias:
    runs = known.aliases.get(alias, ())
    return Alias(alias, known.names(alias), tuple(reversed(runs[:-1])))


def _aliases(known: Registry, bots: dict[Language, str], run: str) -> tuple[str, ...]:
    return (*known.aliases_of(run), *(bot_alias(language) for language, bot in bots.items() if bot == run))


def _entry(one: Publication, known: Registry, bots: dict[Language, str]) -> Entry:
    marks, aliases = known.marks_of(one.run), _aliases(known, bots, one.run)
    return Entry(one.run, one.kind, one.published, marks, aliases, known.decisions.get(one.run))
