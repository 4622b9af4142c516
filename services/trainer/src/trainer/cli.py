"""The command line: `ntdemo-train`."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final, NoReturn, TextIO

import typer
from pydantic import ValidationError
from rich.console import Console

from contracts.kinds import ActivityKind, Objective
from servicekit import logs
from trainer import problems
from trainer.bars import Bars
from trainer.jobs.diagnosis import diagnose, only_molecules
from trainer.jobs.job import Failure
from trainer.lock import Held
from trainer.offences import Offence
from trainer.run import DEFAULT, Layout, OnError, RunSpec
from trainer.settings import InvalidSettings, Settings

__all__ = ["app", "main"]

_FAILED: Final = 1
_REFUSED: Final = 2
_INTERRUPTED: Final = 130
_CALLERS: Final = frozenset({problems.INVALID_DATA.slug, problems.DATA_NOT_FOUND.slug, problems.DEVICE_NOT_FOUND.slug})
"""Problems that who calls can mend: exit status 2."""
_COLUMNS: Final = "Columns of molecules"

app = typer.Typer(help="Train and publish, without a running trainer.", add_completion=False, no_args_is_help=True)


@app.callback()
def _callback() -> None:
    """Train and publish, without a running trainer."""


@app.command()
def factors(  # noqa: PLR0917 - an argument an option
    data: Annotated[
        list[str] | None,
        typer.Option(help="A file or a directory; may be given several times. `built-in` is the seed's five fragments."),
    ] = None,
    objective: Annotated[Objective, typer.Option(help="What the fit minimises.")] = Objective.COUNTS,
    rank: Annotated[int, typer.Option(min=1, max=512, help="Numbers that describe a fragment.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of the random start; results do not depend on it.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    layout: Annotated[
        Layout, typer.Option(help="One column a target, or one row a measurement.", rich_help_panel=_COLUMNS)
    ] = Layout.AUTO,
    activity_kind: Annotated[
        ActivityKind | None, typer.Option(help="What values state; found from them if not given.", rich_help_panel=_COLUMNS)
    ] = None,
    smiles_column: Annotated[str | None, typer.Option(help="The SMILES.", rich_help_panel=_COLUMNS)] = None,
    compound_column: Annotated[str | None, typer.Option(help="Identifiers of compounds.", rich_help_panel=_COLUMNS)] = None,
    target_column: Annotated[str | None, typer.Option(help="Long tables: targets.", rich_help_panel=_COLUMNS)] = None,
    value_column: Annotated[str | None, typer.Option(help="Long tables: values.", rich_help_panel=_COLUMNS)] = None,
    on_error: Annotated[
        OnError, typer.Option(help="What happens to rows that cannot be used.", rich_help_panel=_COLUMNS)
    ] = OnError.FAIL,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")
    ] = False,
) -> None:
    """Learn a factor vector for every fragment and publish the run into NTDEMO_STATE.

    Without --data the trainer's own data are taken: NTDEMO_DATA, /data/data.json or the built-in five fragments.
    """
    ingest = {
        "layout": layout,
        "activity_kind": activity_kind,
        "smiles_column": smiles_column,
        "compound_column": compound_column,
        "target_column": target_column,
        "value_column": value_column,
        "on_error": on_error,
    }
    with _one_answer() as out:
        try:
            spec = RunSpec(
                kind="factors",
                sources=tuple(data or (DEFAULT,)),
                objective=objective,
                rank=rank,
                seed=seed,
                device=device,
                ingest=ingest,
            )
        except ValidationError as error:
            first = error.errors()[0]
            option = "".join(f"--{str(part).replace('_', '-')}: " for part in first["loc"] if part != "ingest")
            _give_up(Failure("invalid-request", f"{option}{first['msg'].removeprefix('Value error, ')}"), out, as_json=as_json)
        _train(spec, out, as_json=as_json)


@app.command()
def devices(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON array, and nothing else, to standard output.")
    ] = False,
) -> None:
    """List what a fit can run on."""
    from trainer.device import devices as present  # noqa: PLC0415 - asks torch, which takes seconds to load

    found = present()
    if as_json:
        typer.echo(json.dumps([asdict(device) for device in found]))
    else:
        for device in found:
            typer.echo(f"{device.name:<8}{device.model}, {device.memory_bytes / 2**30:.0f} GiB")


def main() -> NoReturn:
    """Run a command; its failures are one sentence and an exit status."""
    app()
    raise SystemExit(0)


def _train(spec: RunSpec, out: TextIO, *, as_json: bool) -> None:
    console = Console(stderr=True, markup=False, highlight=False)

    def waiting(held: Held) -> None:
        console.print(f"another run is being published ({held}); waiting for it")

    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_format, "warning")
        _make(settings.state)
        from trainer import pipeline  # noqa: PLC0415 - a wrong option need not wait for it

        with Bars(console) as bars:
            trained = pipeline.train(spec, settings, bars, waiting=waiting)
    except InvalidSettings as error:
        _give_up(Failure("invalid-request", str(error)), out, as_json=as_json)
    except KeyboardInterrupt:
        console.print("stopped; nothing was published")
        _leave(_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - told as a sentence, defects with their trace
        failure = diagnose(error)
        if failure.slug == problems.JOB_BROKEN.slug:
            console.print_exception()
        _give_up(failure, out, as_json=as_json, hint=_hint(failure, spec))
    if as_json:
        json.dump({**asdict(trained), "stages": bars.seconds}, out)
        out.write("\n")
    else:
        out.write(
            f"{trained.run}: {trained.fragments:,} fragments ({trained.shown_fragments:,} shown) in {trained.compounds:,} "
            f"compounds on {trained.targets:,} targets, from {trained.source}; rank {trained.rank}, loss {trained.loss:.6g}, "
            f"{trained.seconds:.1f} s\n"
        )
        if trained.rejected_rows:
            out.write(f"{trained.rejected_rows:,} rows were left out; the table `rejects` of data {trained.data} lists them\n")


def _make(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidSettings(f"NTDEMO_STATE is {str(state)!r}, which cannot be made: {error.strerror}.") from None


def _hint(failure: Failure, spec: RunSpec) -> str | None:
    """What helps where single molecules are at fault."""
    if spec.ingest.on_error is OnError.SKIP or not only_molecules(failure):
        return None
    return "With --on-error skip, molecules that cannot be used are left out, counted and listed in the table `rejects`."


def _give_up(failure: Failure, out: TextIO, *, as_json: bool, hint: str | None = None) -> NoReturn:
    """Say why, with every offence that is known, and leave."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    console.print(f"ntdemo-train: {failure.detail}")
    for offence in failure.extensions.get("offences", [])[1:]:
        console.print(f"  {Offence(**offence)}")
    if hint is not None:
        console.print(hint)
    if as_json:
        json.dump({"problem": {"type": f"/problems/{failure.slug}", "detail": failure.detail, **failure.extensions}}, out)
        out.write("\n")
    out.flush()
    _leave(_REFUSED if failure.slug in _CALLERS or failure.slug == "invalid-request" else _FAILED)


@contextmanager
def _one_answer() -> Iterator[TextIO]:
    """Standard output for the answer alone: what libraries and children print to it goes to standard error meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(kept, "w", encoding="utf-8") as out:
        yield out


def _leave(status: int) -> NoReturn:
    """End at once: a Spark session that is still starting must not be waited for; it ends with this process."""
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
