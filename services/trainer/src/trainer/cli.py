"""The command line: `ntdemo-train`."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TextIO, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from contracts.dialogue import Architecture, Language
from contracts.kinds import ActivityKind, Holdout, Objective
from servicekit import logs
from trainer import problems
from trainer.bars import Bars
from trainer.dialogue.failures import Stopped
from trainer.jobs.diagnosis import diagnose, only_molecules
from trainer.jobs.job import Failure
from trainer.lock import Held
from trainer.offences import Offence
from trainer.run import CURRENT, DEFAULT, MINUTES, BotSize, BotSpec, Engine, FactorsSpec, Layout, OnError
from trainer.settings import InvalidSettings, Settings

if TYPE_CHECKING:
    from trainer.bots import TrainedBot
    from trainer.pipeline import Trained
    from trainer.screen import Screened

__all__ = ["app", "main"]

_FAILED: Final = 1
_REFUSED: Final = 2
_INTERRUPTED: Final = 130
_CALLERS: Final = frozenset(
    {
        problems.INVALID_DATA.slug,
        problems.DATA_NOT_FOUND.slug,
        problems.DEVICE_NOT_FOUND.slug,
        problems.OBJECTIVE_MISFIT.slug,
        problems.CHECKPOINT_UNUSABLE.slug,
    }
)
"""Problems that who calls can mend: exit status 2."""
_COLUMNS: Final = "Columns of molecules"
Result = TypeVar("Result")
Spec = TypeVar("Spec", FactorsSpec, BotSpec)
Waiting = Callable[[Held], None]

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
    engine: Annotated[
        Engine, typer.Option(help="spark-als spreads a fit of counts over Spark's cluster, and ends near the optimum.")
    ] = Engine.TORCH,
    rank: Annotated[
        int | None, typer.Option(min=1, max=512, help="Numbers that describe a fragment; 3 for counts, 32 for activity.")
    ] = None,
    holdout: Annotated[
        Holdout, typer.Option(help="Judge activity by cells it has not seen, before it learns from all of them.")
    ] = Holdout.NONE,
    later: Annotated[
        list[str] | None,
        typer.Option(help="A file whose cells judge with --holdout time, and are learned from in the end; may be repeated."),
    ] = None,
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
    asked = {
        "kind": "factors",
        "sources": tuple(data or (DEFAULT,)),
        "objective": objective,
        "engine": engine,
        **({} if rank is None else {"rank": rank}),
        "holdout": holdout,
        "later": tuple(later or ()),
        "seed": seed,
        "device": device,
        "ingest": ingest,
    }
    with _one_answer() as out:
        spec = _spec(FactorsSpec, asked, out, as_json=as_json)

        def work(settings: Settings, bars: Bars, waiting: Waiting) -> "Trained":
            from trainer import pipeline  # noqa: PLC0415 - a wrong option need not wait for it

            return pipeline.train(spec, settings, bars, waiting=waiting)

        trained, stages = _perform(work, out, as_json=as_json, hint=lambda failure: _hint(failure, spec.ingest.on_error))
        if as_json:
            _answer({**asdict(trained), "stages": stages}, out)
            return
        out.write(
            f"{trained.run}: {trained.fragments:,} fragments ({trained.shown_fragments:,} shown) in {trained.compounds:,} "
            f"compounds on {trained.targets:,} targets, from {trained.source}; rank {trained.rank}, loss {trained.loss:.6g}, "
            f"{trained.seconds:.1f} s\n"
        )
        if spec.holdout is not Holdout.NONE:
            measures = {name: value for name, value in trained.metrics.items() if name != "mean_squared_error"}
            out.write("".join(f"  {name:22}{value:12.4f}\n" for name, value in measures.items()))
        if trained.rejected_rows:
            out.write(f"{trained.rejected_rows:,} rows were left out; the table `rejects` of data {trained.data} lists them\n")


@app.command()
def score(
    data: Annotated[list[Path], typer.Option(help="A file or a directory of molecules; may be given several times.")],
    out: Annotated[Path, typer.Option(help="Directory of Parquet files that is made; it must not exist.")],
    run: Annotated[str, typer.Option(help="A published run of factors; `current` is the last.")] = CURRENT,
    target: Annotated[
        list[str] | None, typer.Option(help="Score on this target alone; may be given several times. All if not given.")
    ] = None,
    best: Annotated[int | None, typer.Option(min=1, help="Keep so many molecules a target, the highest predictions.")] = None,
    smiles_column: Annotated[str | None, typer.Option(help="The SMILES.", rich_help_panel=_COLUMNS)] = None,
    compound_column: Annotated[str | None, typer.Option(help="Identifiers of molecules.", rich_help_panel=_COLUMNS)] = None,
    on_error: Annotated[
        OnError, typer.Option(help="What happens to molecules that cannot be used.", rich_help_panel=_COLUMNS)
    ] = OnError.FAIL,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")
    ] = False,
) -> None:
    """Predict a library of molecules, of any size, by a published run: a row a molecule and target.

    Spark spreads the work over this machine, or over the cluster that TRAINER_SPARK_MASTER names.
    """
    with _one_answer() as answer:

        def work(settings: Settings, bars: Bars, _: Waiting) -> "Screened":
            from trainer.screen import Screening, screen  # noqa: PLC0415 - a wrong option need not wait for it

            asked = Screening(
                data=tuple(data),
                out=out,
                run=run,
                targets=tuple(dict.fromkeys(target or ())),
                best=best,
                smiles_column=smiles_column,
                compound_column=compound_column,
                on_error=on_error,
            )
            return screen(asked, settings, bars)

        screened, stages = _perform(work, answer, as_json=as_json, hint=lambda failure: _hint(failure, on_error))
        if as_json:
            _answer({**asdict(screened), "stages": stages}, answer)
            return
        answer.write(
            f"{screened.out}: {screened.molecules - screened.rejected:,} molecules scored by {screened.run} "
            f"(targets: {screened.targets:,})\n"
        )
        if screened.rejected:
            answer.write(f"{screened.rejected:,} molecules have no score; their rows say why in the column `reason`\n")


@app.command()
def dialogue(  # noqa: PLR0917 - an argument an option
    language: Annotated[Language, typer.Option(help="What the bot speaks.")],
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            help="A file or folder of conversations; may be given several times. `starter` is our own small corpus, and what "
            "is taken without this option. PATH#SOURCE takes one source of it, PATH*N learns it N times an epoch."
        ),
    ] = None,
    iterations: Annotated[int | None, typer.Option(min=1, help="Steps of the optimizer, over all resumed parts.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help=f"Of training, over all resumed parts; {MINUTES:.0f} without --iterations.")
    ] = None,
    architecture: Annotated[
        Architecture, typer.Option("--arch", help="The network behind the bot.")
    ] = Architecture.TRANSFORMER,
    size: Annotated[BotSize, typer.Option(help="Of the network: small for processors, large for GPUs.")] = BotSize.SMALL,
    dropout: Annotated[
        float | None, typer.Option(help="0.1 if not given; 0 suits less than an epoch, 0.3 more than five.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Of the weights, as SPDX: what the corpora allow.")] = "Apache-2.0",
    seed: Annotated[int, typer.Option(min=0, help="Of first weights, order and dropout.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue this language's last training from its checkpoint.")
    ] = False,
    begin_with: Annotated[
        str | None,
        typer.Option(help="`shipped`, or the weights.npz published with a bot: begin with its network and words."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")
    ] = False,
) -> None:
    """Train a chatbot, measure it on held-out conversations and publish its bundle into NTDEMO_STATE.

    Ctrl-C stops after the step under way and writes a checkpoint: --resume continues it as if it had not been stopped. Under
    `torchrun --nproc-per-node N -m trainer.cli dialogue ...` N processes train one bot.
    """
    asked = {
        "kind": "dialogue",
        "language": language,
        "corpora": tuple(corpus or ()),
        "architecture": architecture,
        "size": size,
        "iterations": iterations,
        "minutes": minutes,
        "resume": resume,
        "begin_with": begin_with,
        "dropout": dropout,
        "licence": licence,
        "seed": seed,
        "device": device,
    }
    with _one_answer() as out:
        spec = _spec(BotSpec, asked, out, as_json=as_json)
        stop = _Stop()

        def work(settings: Settings, bars: Bars, waiting: Waiting) -> "TrainedBot | None":
            from trainer import bots  # noqa: PLC0415 - a wrong option need not wait for it

            with stop.on_interrupt():
                return bots.train(spec, settings, bars, stop=stop, waiting=waiting)

        bot, stages = _perform(work, out, as_json=as_json)
        if bot is None:
            return  # another process of this training leads it
        if as_json:
            seconds = {"seconds": bot.seconds, "stages": stages}
            _answer({"run": bot.run, "artifact": bot.artifact, **seconds, "card": bot.card.model_dump(mode="json")}, out)
            return
        from trainer.bot_summary import bot_summary  # noqa: PLC0415 - see above

        out.write(bot_summary(bot))


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


class _Stop:
    """Asked after every step: has somebody pressed Ctrl-C? A second time ends the process as usual."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        return self._asked

    @contextmanager
    def on_interrupt(self) -> Iterator[None]:
        """SIGINT and SIGTERM ask to stop for the length of the context."""

        def ask(_: int, __: FrameType | None) -> None:
            if self._asked:
                raise KeyboardInterrupt
            self._asked = True

        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _spec(kind: type[Spec], asked: Mapping[str, Any], out: TextIO, *, as_json: bool) -> Spec:
    """The options as a spec, or the first that is wrong."""
    try:
        return kind(**asked)
    except ValidationError as error:
        first = error.errors()[0]
        option = "".join(f"--{str(part).replace('_', '-')}: " for part in first["loc"] if part != "ingest")
        _give_up(Failure("invalid-request", f"{option}{first['msg'].removeprefix('Value error, ')}"), out, as_json=as_json)


def _perform(
    work: Callable[[Settings, Bars, "Waiting"], Result],
    out: TextIO,
    *,
    as_json: bool,
    hint: Callable[[Failure], str | None] = lambda _: None,
) -> tuple[Result, dict[str, float]]:
    """What `work` gives, and the seconds of its stages; whatever stops it is told, and ends the process."""
    is_follower = os.environ.get("RANK", "0") != "0"  # torchrun's own variable: one of its processes speaks for all
    console = Console(stderr=True, markup=False, highlight=False, quiet=is_follower)

    def waiting(held: Held) -> None:
        console.print(f"another run is being published ({held}); waiting for it")

    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_format, "warning")
        _make(settings.state)
        with Bars(console) as bars:
            return work(settings, bars, waiting), bars.seconds
    except InvalidSettings as error:
        _give_up(Failure("invalid-request", str(error)), out, as_json=as_json)
    except KeyboardInterrupt:
        console.print("stopped; nothing was published")
        _leave(_INTERRUPTED)
    except Stopped as stopped:
        console.print(f"{stopped}; nothing was published, --resume continues from there")
        _leave(_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - told as a sentence, defects with their trace
        failure = diagnose(error)
        if failure.slug == problems.JOB_BROKEN.slug:
            console.print_exception()
        _give_up(failure, out, as_json=as_json, hint=hint(failure))


def _answer(answer: Mapping[str, Any], out: TextIO) -> None:
    json.dump(answer, out, ensure_ascii=False)
    out.write("\n")


def _make(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidSettings(f"NTDEMO_STATE is {str(state)!r}, which cannot be made: {error.strerror}.") from None


def _hint(failure: Failure, on_error: OnError) -> str | None:
    """What helps where single molecules are at fault."""
    if on_error is OnError.SKIP or not only_molecules(failure):
        return None
    return "With --on-error skip, molecules that cannot be used are left out, counted and kept with the reason."


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
