"""`ntdemo-train keys`: the keys by which callers come in, made, listed and revoked without a restart of any service."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, NoReturn

import typer

from servicekit.doors.keys import BadKeys, KeyFile, Scope
from trainer.settings import InvalidSettings, Settings

__all__ = ["app"]

_REFUSED: Final = 2
_DAYS: Final = 365

app = typer.Typer(help="Keys of callers: make, list and revoke them; services take notice at once.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, for people.")],
    *,
    scope: Annotated[str, typer.Option(help="read, train (hand in and cancel jobs, upload) or admin.")] = "read",
    days: Annotated[int, typer.Option(min=0, help="Until it expires; 0 for never.")] = _DAYS,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, once: only its hash is kept."""
    if scope.upper() not in Scope.__members__:
        _refuse(f"--scope {scope}: a key may {', '.join(one.name.lower() for one in Scope)}.")
    now = datetime.now(UTC)
    with _file() as file:
        expires = now + timedelta(days=days) if days else None
        key, stored = file.create(name, Scope[scope.upper()], now=now, expires=expires)
    if as_json:
        typer.echo(json.dumps({"key": key, "id": stored.id, "scope": stored.scope, "expires": stored.expires}))
    else:
        typer.echo(key)
        typer.echo(f"id {stored.id}, {stored.scope}, expires {stored.expires or 'never'}; it is not shown again", err=True)


@app.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """Whose keys there are, what they may, and until when."""
    with _file() as file:
        keys = file.read()
    if as_json:
        listed = [{name: value for name, value in asdict(key).items() if name != "sha256"} for key in keys]
        typer.echo(json.dumps({"keys": listed}))
        return
    now = datetime.now(UTC)
    for key in keys:
        until = "expired" if key.is_expired(now) else f"until {key.expires or 'revoked'}"
        typer.echo(f"{key.id}  {key.scope:<5}  {until}  {key.name}")
    typer.echo(f"{len(keys)} keys")


@app.command()
def revoke(key: Annotated[str, typer.Argument(help="The key's id.")], *, as_json: AsJson = False) -> None:
    """Take a key back; the next request with it is refused."""
    with _file() as file:
        try:
            stored = file.revoke(key)
        except KeyError:
            _refuse(f"{key}: there is no key of this id; `ntdemo-train keys list` shows them.")
    if as_json:
        typer.echo(json.dumps({"id": stored.id, "name": stored.name}))
        return
    typer.echo(f"{stored.id} of {stored.name} is no key any more")


@contextmanager
def _file() -> Iterator[KeyFile]:
    try:
        yield KeyFile(Settings.from_environment().keys_file)
    except (InvalidSettings, BadKeys) as refusal:
        _refuse(str(refusal))
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}.")


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"ntdemo-train: {sentence}", err=True)
    raise typer.Exit(_REFUSED)
