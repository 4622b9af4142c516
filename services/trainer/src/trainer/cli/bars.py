"""Progress bars: a run's report for a person at a terminal, on standard error."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from trainer.runs.report import Stage

__all__ = ["Bars"]

_WORDS: Final = {
    Stage.SPARK: "start Spark",
    Stage.READ: "read the data",
    Stage.FIT: "fit factors",
    Stage.NEIGHBOURS: "rank neighbours",
    Stage.LEARN: "learn",
    Stage.MEASURE: "measure",
    Stage.NETWORK: "check the network",
    Stage.WRITE: "write tables",
    Stage.COMMIT: "commit tables",
    Stage.PUBLISH: "publish",
}


class Bars:
    """One line a stage, which moves while the stage lasts; where standard error is no terminal, a line when it has ended."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: dict[Stage, TaskID] = {}
        self._perplexity: float | None = None
        self.seconds: dict[str, float] = {}
        """Stage to the time it took, of those that have ended."""
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, lines: Sequence[str]) -> None:
        """Lines above the bars."""
        for line in lines:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """`stage` lasts as long as the context."""
        began_s = time.perf_counter()
        line = self._lines[stage] = self._progress.add_task(_WORDS[stage], total=None, note="")
        yield
        took_s = time.perf_counter() - began_s
        self.seconds[stage] = round(took_s, 3)
        self._progress.update(line, total=1, completed=1)
        if not self._console.is_terminal:
            self._console.print(f"{_WORDS[stage]:<18} {took_s:7.2f} s")

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
        """Move the stage's line."""
        note = f"{done:,}{'' if total is None else f' of {total:,}'}"
        if tokens_per_s is not None:
            known = "" if self._perplexity is None else f", held-out perplexity {self._perplexity:.1f}"
            left = "" if eta_s is None else f", {timedelta(seconds=round(eta_s))} left"
            note = f"step {note}, loss {loss or 0:.3f}, {tokens_per_s:,.0f} tokens/s{known}{left}"
        elif loss is not None:
            note = f"step {note}, loss {loss:.6g}"
        self._progress.update(self._lines[stage], total=total, completed=done, note=note)

    def held_out(self, step: int, perplexity: float) -> None:
        """Keep it for the line."""
        self._perplexity = perplexity
        if not self._console.is_terminal:
            self._console.print(f"step {step:,}: held-out perplexity {perplexity:.2f} a token")

    def samples(self, step: int, replies: Sequence[tuple[str, str]]) -> None:
        """Print them."""
        self._console.print(f"after {step:,} steps it answers")
        for message, reply in replies:
            self._console.print(f"  > {message}\n  {reply}")

    def computing_on(self, device: str) -> None:
        """Say the device."""
        self._console.print(f"computing on {device}")

    def published(self, run: str, decision: str = "") -> None:
        """Nothing: the command says it at its end."""
