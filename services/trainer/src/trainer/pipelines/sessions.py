"""The Spark session of a pipeline, which starts in the background, and other work that is begun there."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from trainer.runs.report import Report, Stage
from trainer.settings import Settings

if TYPE_CHECKING:
    from trainer.spark.session import Session, SparkSession

__all__ = ["in_background", "session_of"]

Result = TypeVar("Result")


@contextmanager
def session_of(settings: Settings, report: Report, spark: "SparkSession | None") -> Iterator[Callable[[], "SparkSession"]]:
    """A call that gives the Spark session, which starts in the background meanwhile."""
    if spark is not None:
        yield lambda: spark
        return

    def start() -> "Session":
        from trainer.spark.session import Session  # noqa: PLC0415 - loads pyspark

        with report.stage(Stage.SPARK):
            begun = Session(settings.state / "cache" / "trainer", master=settings.spark_master)
            begun.spark()
        return begun

    starting = in_background(start)
    try:
        yield lambda: starting.result().spark()
    finally:
        # After a failure nobody waits for a session that is still starting: it ends with this process.
        if starting.done() and starting.exception() is None:
            starting.result().stop()


def in_background(work: Callable[[], Result]) -> "Future[Result]":
    """Begin `work` in a thread that does not keep the process alive."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - carried to whoever asks for the result
            future.set_exception(error)

    threading.Thread(target=run, name=getattr(work, "__name__", "work"), daemon=True).start()
    return future
