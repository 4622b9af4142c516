"""Reports that do something at every step of a run, which is where a test looks, copies or kills."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from trainer.runs.report import Report, Stage

__all__ = ["SteppingReport"]


class SteppingReport:
    """Calls `step` with the name of each point that a run reaches, in its own thread, and waits for it."""

    def __init__(self, step: Callable[[str], None] = lambda _: None, *, told: Report | None = None) -> None:
        self._step = step
        self._told = told
        self._lock = threading.Lock()
        self.points: list[str] = []
        self.device: str | None = None

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        self._reach(f"{stage} begins")
        if self._told is None:
            yield
        else:
            with self._told.stage(stage):
                yield
        self._reach(f"{stage} ends")

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
        if self._told is not None:
            self._told.progress(stage, done, total, loss=loss, tokens_per_s=tokens_per_s, eta_s=eta_s)
        if stage is not Stage.FIT:
            self._reach(f"{stage} {done}")

    def held_out(self, step: int, perplexity: float) -> None:
        if self._told is not None:
            self._told.held_out(step, perplexity)

    def samples(self, step: int, replies: Sequence[tuple[str, str]]) -> None:
        if self._told is not None:
            self._told.samples(step, replies)

    def computing_on(self, device: str) -> None:
        self.device = device
        if self._told is not None:
            self._told.computing_on(device)

    def published(self, run: str, decision: str = "") -> None:
        self._reach("published")
        if self._told is not None:
            self._told.published(run, decision)

    def _reach(self, point: str) -> None:
        with self._lock:
            self.points.append(point)
            self._step(point)
