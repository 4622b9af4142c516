"""A report: what a run tells while it is made, to a job's events or to a progress bar."""

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
    NETWORK = "network"
    """Write the ONNX graph and compare it with PyTorch."""
    WRITE = "write"
    """Write the tables' files and the artifact, which nobody sees yet."""
    COMMIT = "commit"
    """Commit the tables and put the artifact into its place, still unseen."""
    PUBLISH = "publish"
    """The one step after which readers see the run."""


class Report(Protocol):
    """Listens to one run. Calls may come from several threads."""

    def stage(self, stage: Stage) -> AbstractContextManager[None]:
        """`stage` lasts as long as the context."""

    def progress(self, stage: Stage, done: int, total: int | None = None, *, loss: float | None = None) -> None:
        """`done` of `total` parts of a stage are done, `total` is None where nobody knows; `loss` is the fit's."""

    def computing_on(self, device: str) -> None:
        """The fit runs on `device`."""

    def published(self, run: str) -> None:
        """Readers see the run from now on."""
