"""`ntdemo-train runs`: what runs and bots are called, which one is current, and the way there and back."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from published.changes import CURRENT, Marks
from trainer.cli.bars import Bars
from trainer.cli.command import AsJson, Command, Waiting
from trainer.settings import Settings

if TYPE_CHECKING:
    from trainer.pipelines.registry import Entry, Runs

__all__ = ["runs"]

runs = typer.Typer(help="List runs; name, tag, note and pin them; choose the current one; delete.", no_args_is_help=True)
Run = Annotated[str, typer.Argument(help="Its id, its name or an alias.")]
Alias = Annotated[str, typer.Option(help="The alias: `current` is what is answered from by default.")]
_T = TypeVar("_T")


@runs.command("list")
def list_runs(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List published runs and bots, the newest first, with their aliases, names, tags and notes."""
    with Command.begun(context, as_json=as_json) as command:
        found = _asked(command, lambda all_runs, _: all_runs.all())
        if as_json:
            command.answer({"runs": [_stated(entry) for entry in found]})
        for entry in found if not as_json else ():
            command.say(_line(entry))


@runs.command("name")
def name_run(
    context: typer.Context,
    run: Run,
    name: Annotated[str | None, typer.Argument(help="Unique among runs; without it the name is taken away.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Give a run a name, by which it can be asked for."""
    _mark(context, run, lambda marks: replace(marks, name=name), as_json=as_json)


@runs.command("tag")
def tag_run(
    context: typer.Context,
    run: Run,
    tags: Annotated[list[str], typer.Argument(help="Words; one with a minus sign before it is taken away, behind `--`.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Add tags to a run, or take some away: `ntdemo-train runs tag RUN -- good -old`."""
    added = [tag for tag in tags if not tag.startswith("-")]
    gone = {tag[1:] for tag in tags if tag.startswith("-")}

    def edit(marks: Marks) -> Marks:
        return replace(marks, tags=tuple(tag for tag in dict.fromkeys([*marks.tags, *added]) if tag not in gone))

    _mark(context, run, edit, as_json=as_json)


@runs.command("note")
def note_run(
    context: typer.Context,
    run: Run,
    note: Annotated[str, typer.Argument(help="In the place of the one before; none where it is empty.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write a note on a run."""
    _mark(context, run, lambda marks: replace(marks, note=note), as_json=as_json)


@runs.command("pin")
def pin_run(
    context: typer.Context,
    run: Run,
    *,
    off: Annotated[bool, typer.Option("--off", help="Let it be deleted again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a run from being deleted."""
    _mark(context, run, lambda marks: replace(marks, pinned=not off), as_json=as_json)


@runs.command("promote")
def promote_run(context: typer.Context, run: Run, *, alias: Alias = CURRENT, as_json: AsJson = False) -> None:
    """Let an alias name a run of factors; `bots promote` serves a bot."""
    with Command.begun(context, as_json=as_json) as command:
        found = _asked(command, lambda all_runs, _: all_runs.name(alias, run))
        command.answer(asdict(found)) if as_json else command.say(f"{alias} is {found.run} from now on\n")


@runs.command("rollback")
def roll_back(
    context: typer.Context,
    alias: Annotated[str, typer.Argument(help="The alias.")] = CURRENT,
    *,
    as_json: AsJson = False,
) -> None:
    """Let an alias name what it named before."""
    with Command.begun(context, as_json=as_json) as command:
        found = _asked(command, lambda all_runs, _: all_runs.roll_back(alias))
        command.answer(asdict(found)) if as_json else command.say(f"{alias} is {found.run} again\n")


@runs.command("unalias")
def drop_alias(context: typer.Context, alias: Annotated[str, typer.Argument(help="The alias.")]) -> None:
    """Let there be no such alias; its run stays."""
    with Command.begun(context, as_json=False) as command:
        _asked(command, lambda all_runs, _: all_runs.drop(alias))
        command.say(f"{alias} names nothing from now on\n")


@runs.command("delete")
def delete_run(context: typer.Context, run: Run) -> None:
    """Answer nobody from a run any more.

    Its files go to the quarantine by `store vacuum` or the trainer's next start; a vacuum a week later frees the space.
    """

    def delete(settings: Settings, _: Bars, __: Waiting) -> str:
        from trainer.jobs.claim import JOBS  # noqa: PLC0415 - a wrong option need not wait for it
        from trainer.jobs.table import JobTable, is_used  # noqa: PLC0415 - the same
        from trainer.pipelines.registry import Runs  # noqa: PLC0415 - the same

        return Runs(settings).delete(run, used=lambda found: is_used(found, JobTable.read(settings.state / JOBS)))

    with Command.begun(context, as_json=False) as command:
        deleted = command.perform(delete)[0]
        command.say(f"{deleted} is deleted; `ntdemo-train runs restore {deleted}` brings it back until its files are gone\n")


@runs.command("restore")
def restore_run(context: typer.Context, run: Annotated[str, typer.Argument(help="The id of a run that was deleted.")]) -> None:
    """Bring back a run that was deleted, as long as its files lie in the store or in the quarantine."""
    with Command.begun(context, as_json=False) as command:
        found = _asked(command, lambda all_runs, waiting: all_runs.restore(run, waiting=waiting))
        command.say(f"{found.run} is there again\n")


def _mark(context: typer.Context, run: str, edit: Callable[[Marks], Marks], *, as_json: bool) -> None:
    with Command.begun(context, as_json=as_json) as command:
        entry = _asked(command, lambda all_runs, _: all_runs.mark(run, edit))
        command.answer(_stated(entry)) if as_json else command.say(_line(entry))


def _asked(command: Command, ask: "Callable[[Runs, Waiting], _T]") -> _T:
    def work(settings: Settings, _: Bars, waiting: Waiting) -> _T:
        from trainer.pipelines.registry import Runs  # noqa: PLC0415 - a wrong option need not wait for it

        return ask(Runs(settings), waiting)

    return command.perform(work)[0]


def _stated(entry: "Entry") -> dict[str, object]:
    stated = asdict(entry)
    return {**stated.pop("marks"), **stated, "published": entry.published.isoformat()}


def _line(entry: "Entry") -> str:
    marks = entry.marks
    words = [entry.run, *(f"[{alias}]" for alias in entry.aliases), marks.name, *(f"#{tag}" for tag in marks.tags)]
    words += ["pinned" if marks.pinned else None, marks.note.partition("\n")[0]]
    return "  ".join(word for word in words if word) + "\n"
