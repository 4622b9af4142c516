"""`ntdemo-train store`: what the store holds, whether it is whole, its backups, and what was taken out of it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from contracts.store import Store
from servicekit import logs
from trainer.settings import InvalidSettings, Settings

if TYPE_CHECKING:
    from trainer.store.damage import RunState
    from trainer.store.lock import Held
    from trainer.store.quarantine import Entry

__all__ = ["app"]

_DAMAGED: Final = 1
_REFUSED: Final = 2
_KEPT_DAYS: Final = 7

app = typer.Typer(help="Check, repair, back up, restore and clear the store.", no_args_is_help=True)
_quarantine = typer.Typer(help="What was taken out of the store: list it, put it back, delete it.", no_args_is_help=True)
app.add_typer(_quarantine, name="quarantine")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")]


@app.command()
def check(*, as_json: AsJson = False) -> None:
    """Read every file of every published run, compare it with its digest, and say what is damaged. Changes nothing."""
    with _told() as (store, _):
        from trainer.store.damage import check as look  # noqa: PLC0415 - loads delta-rs
        from trainer.store.intents import require_publications  # noqa: PLC0415 - the same
        from trainer.store.recovery import leftovers  # noqa: PLC0415 - the same

        require_publications(store)
        states, left = look(store), leftovers(store)
    damaged = [state for state in states if state.damage]
    if as_json:
        _say(json.dumps({"runs": _damage(states), "unnamed": [one.path for one in left]}))
    else:
        for state in states:
            _say(f"{state.publication.run}: {'whole' if not state.damage else 'damaged'}")
            _say_damage(state)
        if left:
            _say(f"{len(left)} paths that no run names: `ntdemo-train store vacuum` moves them to the quarantine")
        _say(f"{len(states)} runs, {len(damaged)} damaged")
        if damaged:
            _say("`ntdemo-train store restore BACKUP` brings the damaged files back; or train the data of these runs again")
    raise typer.Exit(_DAMAGED if damaged else 0)


@app.command()
def repair(*, as_json: AsJson = False) -> None:
    """Publish again every whole run that no publication names, as after a lost publications table. Removes nothing."""
    with _told(writing=True) as (store, _):
        from trainer.store.repair import publish_again  # noqa: PLC0415 - loads delta-rs

        again, damaged = publish_again(store)
    if as_json:
        _say(json.dumps({"published": again, "damaged": _damage(damaged)}))
        raise typer.Exit(_DAMAGED if damaged else 0)
    for run in again:
        _say(f"{run}: published again")
    for state in damaged:
        _say(f"{state.publication.run}: damaged, not published")
        _say_damage(state)
    _say(f"{len(again)} runs were published again, {len(damaged)} are damaged")
    raise typer.Exit(_DAMAGED if damaged else 0)


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="A new directory.")], *, as_json: AsJson = False) -> None:
    """Copy what is published into a new directory, also while a trainer works."""
    with _told() as (store, _):
        from trainer.store.backup import back_up  # noqa: PLC0415 - loads delta-rs

        made = back_up(store, target.absolute())
    if as_json:
        told = {"runs": made.runs, "files": made.files, "size_bytes": made.size_bytes, "damage": made.damage}
        _say(json.dumps({"backup": str(target), **told}))
        raise typer.Exit(_DAMAGED if made.damage else 0)
    _say(f"{target}: {len(made.runs)} runs, {made.files:,} files, {made.size_bytes:,} bytes")
    for damage in made.damage:
        _say(f"  not in it: {damage}")
    raise typer.Exit(_DAMAGED if made.damage else 0)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A directory that `store backup` made.")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the store as it is into the quarantine, and the backup in its place.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring back what the store lacks or holds damaged, into an empty store everything. Newer runs stay; stop the trainer."""
    with _told(writing=True) as (store, _):
        from trainer.store.backup import restore as bring_back  # noqa: PLC0415 - loads delta-rs
        from trainer.store.repair import publish_again  # noqa: PLC0415 - the same

        restored = bring_back(source.absolute(), store, replace=replace)
        again, damaged = publish_again(store)
    if as_json:
        told = {"published": again, "damaged": _damage(damaged), "quarantine": restored.quarantine}
        _say(json.dumps({"files": [str(file) for file in restored.files], **told}))
        raise typer.Exit(_DAMAGED if damaged else 0)
    _say(f"{len(restored.files):,} files were brought back")
    for run in again:
        _say(f"{run}: whole and newer than the backup; published again")
    for state in damaged:
        _say(f"{state.publication.run}: newer than the backup and damaged; not published")
        _say_damage(state)
    if restored.quarantine is not None:
        _say(f"what stood there before is in the quarantine: {restored.quarantine}")
    raise typer.Exit(_DAMAGED if damaged else 0)


@app.command()
def vacuum(
    *,
    keep_days: Annotated[int, typer.Option(min=0, help="Days that the quarantine keeps what was taken out.")] = _KEPT_DAYS,
    as_json: AsJson = False,
) -> None:
    """Move what no publication names to the quarantine, and delete what has lain there for long."""
    with _told(writing=True) as (store, _):
        from trainer.store.quarantine import Quarantine  # noqa: PLC0415 - loads delta-rs
        from trainer.store.recovery import recover  # noqa: PLC0415 - the same

        quarantine = Quarantine(store)
        old = [entry for entry in quarantine.entries() if entry.time < datetime.now(UTC) - timedelta(days=keep_days)]
        freed = sum(map(quarantine.size_bytes, old))
        recovered = recover(store)
        for entry in old:
            quarantine.remove(entry)
    if as_json:
        moved = {"moved": recovered.paths, "quarantine": recovered.quarantine}
        _say(json.dumps({**moved, "deleted": [entry.id for entry in old], "freed_bytes": freed}))
        return
    _say(f"{len(recovered.paths)} paths were moved to the quarantine, {len(old)} entries deleted ({freed:,} bytes)")


@_quarantine.command("list")
def list_quarantine(*, as_json: AsJson = False) -> None:
    """What was taken out of the store, when and why."""
    with _told() as (store, _):
        from trainer.store.quarantine import Quarantine  # noqa: PLC0415 - loads delta-rs

        quarantine = Quarantine(store)
        entries = quarantine.entries()
        if as_json:
            items = [{**asdict(entry), "time": entry.time.isoformat()} for entry in entries]
            _say(json.dumps({"entries": items}))
            return
        for entry in entries:
            _say(f"{entry.id}  {quarantine.size_bytes(entry):,} bytes  {entry.reason}")
            for one in entry.taken:
                _say(f"  {one.path}")
        _say(f"{len(entries)} entries")


@_quarantine.command("restore")
def restore_quarantine(entry: Annotated[str, typer.Argument(help="Its id.")], *, as_json: AsJson = False) -> None:
    """Put an entry back to where it lay, and publish the runs that are whole by it."""
    with _told(writing=True) as (store, _):
        from trainer.store.repair import publish_again, put_back  # noqa: PLC0415 - loads delta-rs

        found = _entry(store, entry)
        kept = put_back(store, found)
        again, damaged = publish_again(store, deleted={Path(one.path).name for one in found.taken})
    if as_json:
        _say(json.dumps({"kept": [str(path) for path in kept], "published": again, "damaged": _damage(damaged)}))
        raise typer.Exit(_DAMAGED if damaged else 0)
    for path in kept:
        _say(f"{path} stands there again; it stays in the quarantine")
    for run in again:
        _say(f"{run}: published")
    for state in damaged:
        _say(f"{state.publication.run}: damaged, not published")
        _say_damage(state)
    _say(f"{entry}: {'a part was' if kept else 'all was'} put back, {len(again)} runs were published")
    raise typer.Exit(_DAMAGED if damaged else 0)


@_quarantine.command("empty")
def empty_quarantine(
    entry: Annotated[str | None, typer.Argument(help="An id; without it, everything.", show_default=False)] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete one entry or all of them for good."""
    with _told(writing=True) as (store, _):
        from trainer.store.quarantine import Quarantine  # noqa: PLC0415 - loads delta-rs

        quarantine = Quarantine(store)
        entries = quarantine.entries() if entry is None else [_entry(store, entry)]
        freed = sum(map(quarantine.size_bytes, entries))
        if entries and not yes:
            typer.confirm(f"Delete {len(entries)} entries ({freed:,} bytes)?", abort=True, err=as_json)
        for one in entries:
            quarantine.remove(one)
    if as_json:
        _say(json.dumps({"deleted": [one.id for one in entries], "freed_bytes": freed}))
        return
    _say(f"{len(entries)} entries were deleted ({freed:,} bytes)")


def _entry(store: Store, name: str) -> "Entry":
    from trainer.store.quarantine import Quarantine  # noqa: PLC0415 - loads delta-rs

    found = next((entry for entry in Quarantine(store).entries() if entry.id == name), None)
    if found is None:
        _refuse(f"{name}: the quarantine holds no such entry; `ntdemo-train store quarantine list` shows them.")
    return found


@contextmanager
def _told(*, writing: bool = False) -> Iterator[tuple[Store, Settings]]:
    """The store of this environment, with the right to change it for who writes; what cannot be done is one sentence."""
    from deltalake.exceptions import DeltaError  # noqa: PLC0415 - help need not wait for it

    from trainer.store.backup import NoBackup, NotOlder  # noqa: PLC0415 - the same
    from trainer.store.intents import PublicationsLost  # noqa: PLC0415 - the same
    from trainer.store.lock import publishing  # noqa: PLC0415 - the same
    from trainer.store.publications import PublicationsDamaged  # noqa: PLC0415 - the same

    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_format, "warning")  # to standard error: standard output is for what was asked
        store = Store.under(settings.state)
        if writing:
            with publishing(settings.state, waiting=_say_waiting):
                yield store, settings
        else:
            yield store, settings
    except (InvalidSettings, PublicationsLost, NoBackup, NotOlder) as refusal:
        _refuse(str(refusal))
    except PublicationsDamaged as damaged:
        _refuse(f"{str(damaged).rstrip('.')}. `ntdemo-train store restore BACKUP` brings it back.")
    except DeltaError as error:
        _refuse(f"The publications cannot be read: {' '.join(str(error).split())}. `ntdemo-train store restore BACKUP` helps.")
    except OSError as error:
        _refuse(f"{error.filename or 'The store'}: {error.strerror or error}.")


def _say_waiting(held: "Held") -> None:
    typer.echo(f"waiting: {held}", err=True)


def _say_damage(state: "RunState") -> None:
    for damage in state.damage:
        _say(f"  {damage}")


def _damage(states: Sequence["RunState"]) -> list[dict[str, object]]:
    return [{"run": state.publication.run, "damage": state.damage} for state in states]


def _say(text: str) -> None:
    typer.echo(text)


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"ntdemo-train: {sentence}", err=True)
    raise typer.Exit(_REFUSED)
