"""A pod's process: works off one attempt for a trainer that may come and go: `python -m trainer.jobs.pod DIRECTORY RUN`.

Under torchrun, in each pod of an Indexed Job, it is one of several that train a chatbot together; the first speaks for all.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from servicekit import logs
from trainer.dialogue.failures import Stopped
from trainer.jobs.assignment import JobDirectory
from trainer.jobs.stop import Stop
from trainer.jobs.worker import work_off
from trainer.pipelines import dialogue as bots
from trainer.runs.report import Stage
from trainer.runs.spec import BotSpec

__all__ = ["main"]

_TERMINATED: Final = 128 + signal.SIGTERM


class _Unheard:
    """The report of those that do not speak."""

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:  # noqa: ARG002 - the protocol's
        yield

    def progress(self, *_: object, **__: object) -> None:
        pass

    def held_out(self, step: int, perplexity: float) -> None:
        pass

    def samples(self, step: int, replies: Sequence[tuple[str, str]]) -> None:
        pass

    def computing_on(self, device: str) -> None:
        pass

    def published(self, run: str, decision: str = "") -> None:
        pass


def main() -> NoReturn:
    """Work until done, with the job's log as output."""
    directory, run = JobDirectory(Path(sys.argv[1])), sys.argv[2]
    signal.signal(signal.SIGTERM, _leave)  # the first process of a pod is sent no signal that it does not ask for
    if not directory.is_assigned(run):
        sys.exit(f"{run} is not to be made any more.")
    with directory.log.open("ab") as log:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(log.fileno(), stream.fileno())
    if os.environ.get("RANK", "0") == "0":  # torchrun's own variable
        work_off(directory)
    _follow(directory)
    sys.exit(0)


def _follow(directory: JobDirectory) -> None:
    """Train with the first process, which tells how it goes."""
    assignment, stop = directory.assignment(), Stop()
    logs.configure(assignment.settings.log_format, assignment.settings.log_level)
    assert isinstance(assignment.spec, BotSpec)  # noqa: S101 - nothing else is made by several processes
    assert assignment.place is not None  # noqa: S101 - the trainer gives one
    spec = assignment.spec.model_copy(update={"device": assignment.place.computes_on})
    with stop.on_interrupt(), suppress(Stopped):
        bots.train(spec, assignment.settings, _Unheard(), run=assignment.run, attempt=directory.root, stop=stop)


def _leave(_: int, __: FrameType | None) -> None:
    os._exit(_TERMINATED)


if __name__ == "__main__":
    main()
