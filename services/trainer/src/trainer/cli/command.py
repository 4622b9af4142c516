"""A command under way: its options become a spec, its work shows bars, and it ends in one answer or one failure."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, Self, TextIO, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from servicekit import logs
from trainer.cli.bars import Bars
from trainer.cli.options import option_names, with_options
from trainer.data.offences import InvalidData, Offence
from trainer.dialogue.failures import Stopped
from trainer.jobs.diagnosis import diagnose, only_molecules
from trainer.jobs.job import Failure
from trainer.runs import problems
from trainer.runs.ingest import IngestOptions, OnError
from trainer.runs.spec import BotSpec, FactorsSpec
from trainer.settings import InvalidSettings, Settings
from trainer.store.lock import Held

__all__ = ["COLUMNS", "AsJson", "Command", "Waiting"]

_FAILED: Final = 1
_REFUSED: Final = 2
_INTERRUPTED: Final = 130
_CALLERS: Final = frozenset(
    {
        *(kind.slug for kind in (problems.RUN_KEPT, problems.NAME_TAKEN, problems.ALIAS_NOT_FOUND, problems.ALIAS_MOVED)),
        *(kind.slug for kind in (problems.NOTHING_BEFORE, problems.BOT_NOT_PROMOTED, problems.RUN_NOT_FOUND)),
        problems.INVALID_DATA.slug,
        problems.DATA_NOT_FOUND.slug,
        problems.DEVICE_NOT_FOUND.slug,
        problems.OBJECTIVE_MISFIT.slug,
        problems.CHECKPOINT_UNUSABLE.slug,
    }
)
"""Problems that who calls can mend: exit status 2."""
_Result = TypeVar("_Result")
_Spec = TypeVar("_Spec", FactorsSpec, BotSpec, IngestOptions)

COLUMNS: Final = "Columns of molecules"
"""What the help calls the options that say how tables are read."""
Waiting = Callable[[Held], None]
"""Told when another run is being published, for which this one waits."""
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, and nothing else, to standard output.")]


class Command:
    """What a command says and how it ends: the answer goes to standard output, everything else to standard error."""

    def __init__(self, out: TextIO, options: Mapping[str, str], *, as_json: bool) -> None:
        self._out = out
        self._options = options
        self._as_json = as_json

    @classmethod
    @contextmanager
    def begun(cls, context: typer.Context, *, as_json: bool) -> Iterator[Self]:
        """Standard output for the answer alone: what libraries and children print to it goes to standard error meanwhile."""
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
        with os.fdopen(kept, "w", encoding="utf-8") as out:
            yield cls(out, option_names(context), as_json=as_json)

    def spec(self, kind: type[_Spec], members: Mapping[str, Any]) -> _Spec:
        """The options as a spec; the first that is wrong is told, and ends the process."""
        try:
            return kind(**members)
        except ValidationError as error:
            first = error.errors()[0]
            location = "".join(f"`{part}`: " for part in first["loc"] if isinstance(part, str) and part != "ingest")
            self._give_up(Failure("invalid-request", f"{location}{first['msg'].removeprefix('Value error, ')}"))

    def perform(
        self, work: Callable[[Settings, Bars, Waiting], _Result], *, on_error: OnError = OnError.SKIP
    ) -> tuple[_Result, dict[str, float]]:
        """What `work` gives, and the seconds of its stages; whatever stops it is told, and ends the process.

        Where `on_error` is not to skip what cannot be used, and that is what stopped it, the option is named.
        """
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
            self._give_up(Failure("invalid-request", str(error)))
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
            self._give_up(failure, hint=_hint(failure, on_error))

    def say(self, text: str) -> None:
        """The answer for people."""
        self._out.write(text)

    def answer(self, answer: Mapping[str, Any]) -> None:
        """The answer as JSON."""
        json.dump(answer, self._out, ensure_ascii=False)
        self._out.write("\n")

    def _give_up(self, failure: Failure, *, hint: str | None = None) -> NoReturn:
        """Say why, with every offence that is known, in the words of the command's own options, and leave."""
        failure = _in_options(failure, self._options)
        console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
        console.print(f"ntdemo-train: {failure.detail}")
        for offence in failure.extensions.get("offences", [])[1:]:
            console.print(f"  {Offence(**offence)}")
        if hint is not None:
            console.print(hint)
        if self._as_json:
            problem = {"type": f"/problems/{failure.slug}", "detail": failure.detail, **failure.extensions}
            json.dump({"problem": problem}, self._out)
            self._out.write("\n")
        self._out.flush()
        _leave(_REFUSED if failure.slug in _CALLERS or failure.slug == "invalid-request" else _FAILED)


def _in_options(failure: Failure, options: Mapping[str, str]) -> Failure:
    """The failure with the options of the command in place of the members of its spec."""
    extensions = dict(failure.extensions)
    if "offences" in extensions:
        offences = [Offence(**{**each, "reason": with_options(each["reason"], options)}) for each in extensions["offences"]]
        extensions["offences"] = [asdict(offence) for offence in offences]
        return Failure(failure.slug, str(InvalidData(offences, extensions["offences_total"])), extensions)
    return Failure(failure.slug, with_options(failure.detail, options), extensions)


def _make(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidSettings(f"NTDEMO_STATE is {str(state)!r}, which cannot be made: {error.strerror}.") from None


def _hint(failure: Failure, on_error: OnError) -> str | None:
    """What helps where single molecules are at fault."""
    if on_error is OnError.SKIP or not only_molecules(failure):
        return None
    return "With --on-error skip, what cannot be used is left out, counted and kept with the reason."


def _leave(status: int) -> NoReturn:
    """End at once: a Spark session that is still starting must not be waited for; it ends with this process."""
    sys.stderr.flush()
    os._exit(status)
