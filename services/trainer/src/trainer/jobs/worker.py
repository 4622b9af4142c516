"""The worker: a process that works off one attempt of a job: `python -m trainer.jobs.worker DIRECTORY`."""

import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, NoReturn

from servicekit import logs, telemetry
from servicekit.tracing import TraceContext, kept
from trainer.dialogue.failures import Stopped
from trainer.jobs.assignment import Assignment, JobDirectory
from trainer.jobs.diagnosis import diagnose
from trainer.jobs.events import EventReader, EventReport, EventWriter
from trainer.jobs.lifeline import lifeline
from trainer.jobs.memory import peak_memory_bytes
from trainer.jobs.stages import stage_table
from trainer.jobs.stop import Stop
from trainer.pipelines import dialogue as bots
from trainer.pipelines import factors as pipeline
from trainer.runs import problems
from trainer.runs.report import Report, Stage
from trainer.runs.spec import BotSpec, FactorsSpec, RunSpec

__all__ = ["Superseded", "main", "work", "work_off"]

_PUBLISHES: Final = frozenset({Stage.NETWORK, Stage.WRITE, Stage.COMMIT, Stage.PUBLISH})


class Superseded(Exception):
    """The attempt was given up while it worked: another makes the job's run, or nobody does."""


def work(directory: JobDirectory, listen: Callable[[Report], Report] = lambda report: report) -> int:
    """Work off the attempt assigned in `directory`; 0 when its run is published, 1 when its events tell why not."""
    assignment = directory.assignment()
    stop = Stop()

    def before(stage: Stage) -> None:
        if stage in _PUBLISHES and not directory.is_assigned(assignment.run):
            raise Superseded(f"{assignment.run} is not to be made any more; nothing of it was published")

    logs.configure(assignment.settings.log_format, assignment.settings.log_level)
    with EventWriter(directory.events) as writer:
        report = EventReport(writer, before=before)
        try:
            match _placed(assignment):
                case FactorsSpec() as spec:
                    told = listen(report)
                    trained = pipeline.train(spec, assignment.settings, told, run=assignment.run, planned=_tell)
                    _tell([trained.decision])
                case BotSpec() as spec:
                    told = listen(report)
                    with stop.on_interrupt():
                        bots.train(spec, assignment.settings, told, run=assignment.run, attempt=directory.root, stop=stop)
        except Stopped as stopped:
            sys.stdout.write(f"{stopped}; its next attempt continues from there\n")
            return 1
        except Superseded as superseded:
            sys.stdout.write(f"{superseded}\n")
            return 1
        except Exception as error:  # whatever it is, the job's record tells it
            failure = diagnose(error)
            if failure.slug == problems.JOB_BROKEN.slug:
                logging.getLogger(__name__).exception("job_broken")
            report.failed(failure)
            return 1
        finally:
            report.memory(peak_memory_bytes())
            sys.stdout.write(stage_table(EventReader(directory.events).read()))
    return 0


def _placed(assignment: Assignment) -> RunSpec:
    """The spec, to be computed on the device that the job was given and on no other."""
    if assignment.place is None:
        return assignment.spec
    return assignment.spec.model_copy(update={"device": assignment.place.computes_on})


def _tell(lines: Sequence[str]) -> None:
    """The plan, for the job's log."""
    sys.stdout.write("\n".join([*lines, ""]))
    sys.stdout.flush()


def work_off(directory: JobDirectory) -> NoReturn:
    """Work off the attempt and end this process."""
    began_s = time.perf_counter()
    with (
        telemetry.configure("ntdemo-trainer", version("ntdemo-trainer")),
        TraceContext(kept(directory.root)) as trace,
    ):
        status = work(directory)
        if (collecting := telemetry.spans()) is not None:
            took_s = time.perf_counter() - began_s
            attributes = {"ntdemo.job": directory.root.name}
            collecting.finished("job", trace, took_s, attributes, serves=False, failed=bool(status))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # after a failure a Spark session may still be starting: it ends with this process, unwaited for


def main() -> NoReturn:
    """Work until done; the end of the trainer is the end of this process."""
    with lifeline():
        work_off(JobDirectory(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
