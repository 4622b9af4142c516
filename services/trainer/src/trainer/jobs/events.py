"""A job's events: JSON Lines on disk, appended by whoever works on the job, followed by whoever watches it."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from trainer.jobs.job import Failure
from trainer.runs.report import Stage

__all__ = ["EventKind", "EventReader", "EventReport", "EventWriter", "JobEvent", "part_from_writers"]

_PROGRESS_EVERY_S: Final = 0.1
_log = structlog.stdlib.get_logger(__name__)


class EventKind(StrEnum):
    """What an event tells."""

    ATTEMPT = "attempt"
    """The job was started: `attempt`, `run`."""
    STAGE_STARTED = "stage-started"
    """`stage`."""
    STAGE_FINISHED = "stage-finished"
    """`stage`, `seconds`."""
    PROGRESS = "progress"
    """`stage`, `done`, and where they are known `total`, `loss`, `rate` (parts a second), `tokens_per_s`, `eta_s`."""
    HELD_OUT = "held-out"
    """`step`, `perplexity`: a chatbot's, a token, on conversations that it does not learn from."""
    SAMPLES = "samples"
    """`step`, `replies`: pairs of a message and what a chatbot answers now."""
    DEVICE = "device"
    """`device` the fit runs on."""
    PUBLISHED = "published"
    """`run` that readers see from now on, and for factors `decision`: whether it took `current`, and why."""
    FAILED = "failed"
    """`slug`, `detail`, `extensions` of the problem."""
    INTERRUPTED = "interrupted"
    """The process died without a verdict: `reason`."""
    PREEMPTED = "preempted"
    """It was stopped for a job of greater priority and waits again: `attempt`, `reason`."""
    MEMORY = "memory"
    """`peak_bytes`: the most that its processes held of the machine's memory."""
    END = "end"
    """The job has reached a final state; nothing follows. Made by the stream, not kept in the file."""


@dataclass(frozen=True)
class JobEvent:
    """One line of the file. Ids are the numbers of the lines, from 1; a line that cannot be read leaves a gap."""

    id: int
    time: datetime
    kind: EventKind
    data: Mapping[str, Any]


class _Line(BaseModel):
    """What a line of the file holds, as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    time: datetime
    kind: EventKind
    data: dict[str, Any]


class EventWriter:
    """Appends events to a file, the only one that does so meanwhile.

    A line that a killed writer left unfinished is removed first.
    """

    def __init__(self, path: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        size_bytes = os.fstat(self._descriptor).st_size
        self._end_bytes = os.pread(self._descriptor, size_bytes, 0).rfind(b"\n") + 1
        os.ftruncate(self._descriptor, self._end_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._descriptor)

    def write(self, kind: EventKind, **data: Any) -> None:
        """Append one event, the whole line or nothing of it.

        Raises:
            OSError: The disk refuses.
        """
        with self._lock:
            line = json.dumps({"time": self._clock().isoformat(), "kind": kind, "data": data}, ensure_ascii=False)
            left = memoryview(f"{line}\n".encode())
            end_bytes = self._end_bytes
            try:
                while left:  # a disk that is nearly full takes a part, and refuses the next
                    written_bytes = os.pwrite(self._descriptor, left, end_bytes)
                    end_bytes += written_bytes
                    left = left[written_bytes:]
            except OSError:
                os.ftruncate(self._descriptor, self._end_bytes)
                raise
            self._end_bytes = end_bytes


class EventReader:
    """Follows a file that grows; each call of `read` gives the events that came since the last.

    A line that is no event, torn when a machine went down or written by another version, is left out, and the log says so.
    """

    def __init__(self, path: Path, *, after: int = 0) -> None:
        self._path = path
        self._after = after
        self._position_bytes = 0
        self._id = 0

    @property
    def last_id(self) -> int:
        """Id of the newest event read or skipped; 0 before the first."""
        return self._id

    def read(self) -> list[JobEvent]:
        """New complete events with an id greater than `after`; none where there is no file yet."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position_bytes)
                fresh = file.read()
        except FileNotFoundError:
            return []
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._position_bytes += len(whole)
        events = []
        for line in whole.split(b"\n")[:-1]:
            self._id += 1
            if self._id > self._after:
                try:
                    read = _Line.model_validate_json(line)
                except ValidationError as error:
                    _log.warning("event_unreadable", file=str(self._path), line=self._id, reason=error.errors()[0]["msg"])
                else:
                    events.append(JobEvent(self._id, read.time, read.kind, read.data))
        return events


def part_from_writers(path: Path) -> None:
    """Put a copy of the file in its place: who still writes into it, on a node that nobody reaches, writes into nothing.

    Raises:
        OSError: The disk refuses; the file is as it was.
    """
    try:
        old = path.open("rb")
    except FileNotFoundError:
        return
    fresh = path.with_name(f"{path.name}.new")
    with old:
        with fresh.open("wb") as copy:
            shutil.copyfileobj(old, copy)
        fresh.replace(path)
        if since := old.read():  # which somebody may have read before
            with path.open("ab") as file:
                file.write(since)


class EventReport:
    """Writes what a run tells as events; of progress that comes thick and fast at most ten a second."""

    def __init__(
        self,
        writer: EventWriter,
        *,
        before: Callable[[Stage], None] = lambda _: None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`before` is called at the begin of a stage, which does not begin where it raises."""
        self._writer = writer
        self._before = before
        self._clock_s = clock_s
        self._begun_s: dict[Stage, float] = {}
        self._told_s: dict[Stage, float] = {}
        self._unsaid: dict[Stage, dict[str, Any]] = {}

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """`stage` lasts as long as the context; only its success is told."""
        self._before(stage)
        began_s = self._clock_s()
        self._begun_s[stage] = began_s
        self._writer.write(EventKind.STAGE_STARTED, stage=stage)
        yield
        if (unsaid := self._unsaid.pop(stage, None)) is not None:
            self._writer.write(EventKind.PROGRESS, **unsaid)
        self._writer.write(EventKind.STAGE_FINISHED, stage=stage, seconds=round(self._clock_s() - began_s, 4))

    def progress(
        self,
        stage: Stage,
        done: int,
        total: int | None = None,
        *,
        loss: float | None = None,
        tokens_per_s: float | None = None,
        eta_s: float | None = None,
    ) -> None:
        """Write the progress, or keep it until the next or the stage's end where one was written just now."""
        now_s = self._clock_s()
        data: dict[str, Any] = {"stage": stage, "done": done}
        elapsed_s = now_s - self._begun_s.get(stage, now_s)
        if loss is not None:
            data["loss"] = loss
        if elapsed_s > 0 and done > 0:
            data["rate"] = round(done / elapsed_s, 3)
        if total is not None:
            data["total"] = total
            if elapsed_s > 0 and done > 0:
                data["eta_s"] = round((total - done) * elapsed_s / done, 1)
        if tokens_per_s is not None:
            data["tokens_per_s"] = round(tokens_per_s, 1)
        if eta_s is not None:
            data["eta_s"] = round(eta_s, 1)
        if now_s - self._told_s.get(stage, float("-inf")) < _PROGRESS_EVERY_S:
            self._unsaid[stage] = data
            return
        self._told_s[stage] = now_s
        self._unsaid.pop(stage, None)
        self._writer.write(EventKind.PROGRESS, **data)

    def held_out(self, step: int, perplexity: float) -> None:
        """Write it."""
        self._writer.write(EventKind.HELD_OUT, step=step, perplexity=round(perplexity, 4))

    def samples(self, step: int, replies: Sequence[tuple[str, str]]) -> None:
        """Write them."""
        self._writer.write(EventKind.SAMPLES, step=step, replies=[list(pair) for pair in replies])

    def computing_on(self, device: str) -> None:
        """Write the device."""
        self._writer.write(EventKind.DEVICE, device=device)

    def published(self, run: str, decision: str = "") -> None:
        """Write that readers see the run."""
        self._writer.write(EventKind.PUBLISHED, run=run, **({"decision": decision} if decision else {}))

    def memory(self, peak_bytes: int | None) -> None:
        """Write how much memory the run has held, where that is known."""
        if peak_bytes is not None:
            self._writer.write(EventKind.MEMORY, peak_bytes=peak_bytes)

    def failed(self, failure: Failure) -> None:
        """Write why the run failed."""
        self._writer.write(EventKind.FAILED, slug=failure.slug, detail=failure.detail, extensions=dict(failure.extensions))
