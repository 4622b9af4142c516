"""A report: what a run tells while it is made, to a job's events or to a progress bar."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

__all__ = ["Report", "Stage"]


class Stage(StrEnum):
    """A part of a run. Stages overlap: Spark starts while the data are read and the factors are fitted."""

    SPARK = "spark"
    """Start the Spark session."""
    READ = "read"
    """Read and check the data."""
    FIT = "fit"
    """Fit the factors."""
    NEIGHBOURS = "neighbours"
    """Rank the nearest fragments of every fragment."""
    LEARN = "learn"
    """Train the network of a chatbot."""
    MEASURE = "measure"
    """Measure it on conversations that it did not learn from."""
    NETWORK = "network"
    """Write the ONNX graph and compare it with PyTorch."""
    WRITE = "write"
    """Write the tables' files or the artifact, which nobody sees yet."""
    COMMIT = "commit"
    """Commit the tables and put the artifact into its place, still unseen."""
    PUBLISH = "publish"
    """The one step after which readers see the run."""


class Report(Protocol):
    """Listens to one run. Calls may come from several threads."""

    def stage(self, stage: Stage) -> AbstractContextManager[None]:
        """`stage` lasts as long as the context."""

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
        """`done` of `total` parts of a stage are done, `total` is None where nobody knows; `loss` is the fit's.

        A chatbot's training says how many tokens a second it learns from, and how long it goes on where it goes by the clock.
        """

    def held_out(self, step: int, perplexity: float) -> None:
        """A chatbot's perplexity a token, on conversations that it does not learn from, after `step` steps."""

    def samples(self, step: int, replies: Sequence[tuple[str, str]]) -> None:
        """What a chatbot answers after `step` steps: (message, reply)."""

    def computing_on(self, device: str) -> None:
        """The fit runs on `device`."""

    def published(self, run: str, decision: str = "") -> None:
        """Readers see the run from now on; `decision` says whether it took `current`, and why."""
