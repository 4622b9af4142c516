"""The server: `ntdemo-trainer`."""

import os
import sys
import threading
import time

import structlog
from fastapi import FastAPI
from pydantic import ValidationError

from servicekit import logs
from servicekit.command import service_arguments
from servicekit.doors.guard import require_keys
from servicekit.server import serve
from trainer.api.app import create_app
from trainer.api.doors import doors
from trainer.api.service import Trainer
from trainer.data.offences import InvalidData
from trainer.jobs.claim import StartRefused, claimed
from trainer.jobs.executors.executor import Away
from trainer.jobs.executors.kubernetes.server import way
from trainer.jobs.first_run import first_spec
from trainer.jobs.templates import JobTemplates
from trainer.settings import InvalidSettings, Settings
from trainer.spark import intake

__all__ = ["main"]

_REFUSED = 2
_INTERRUPTED = 130
_STREAMS_S = 2.0
"""Requests under way get so long to end."""
_STOP_S = 5.0
"""Then the process ends, whatever it waits for: nothing in a state directory depends on how its owner ends, and a worker ends
with its trainer."""
_log = structlog.stdlib.get_logger(__name__)


def main() -> None:
    """Serve until SIGINT or SIGTERM; a start that cannot succeed ends with one sentence and exit status 2."""
    service_arguments("ntdemo-trainer", Settings)
    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_format, settings.log_level)
        require_keys(doors(settings))
        _check_data(settings)
        _check_cluster(settings)
        with claimed(settings.state) as table:
            app = create_app(settings, table=table)
            serve(app, host=settings.host, port=settings.port, shutdown_s=_STREAMS_S, on_exit=lambda: _begin_to_stop(app))
    except (InvalidSettings, StartRefused) as refusal:
        _refuse(str(refusal))
    except KeyboardInterrupt:  # before it served
        print("ntdemo-trainer: stopped", file=sys.stderr)  # noqa: T201 - what who pressed Ctrl-C reads
        sys.exit(_INTERRUPTED)


def _check_data(settings: Settings) -> None:
    """Data that are present but broken stop the start: others are never taken instead."""
    path = settings.start_data()
    if path is None:
        return
    if not path.exists():
        raise StartRefused(f"NTDEMO_DATA is {str(path)!r}: there is no such file or directory.")
    try:
        intake.check([path], first_spec(settings).ingest)
    except OSError as error:
        raise StartRefused(f"{path} cannot be read: {error.strerror}.") from None
    except InvalidData as error:
        raise StartRefused(f"The data of {path} cannot be used: {error}") from None


def _check_cluster(settings: Settings) -> None:
    """Which cluster runs jobs, and what it is to give each, must be known before there is one."""
    if settings.executor == "kubernetes":
        try:
            JobTemplates.of(settings)
            way(settings.kubernetes_api)
        except Away as error:
            raise StartRefused(f"TRAINER_EXECUTOR is kubernetes. {error}") from None
        except OSError as error:
            raise StartRefused(f"{error.filename} cannot be read: {error.strerror}.") from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise StartRefused(f"{settings.job_templates} does not say what a job gets: {place}: {first['msg']}.") from None


def _begin_to_stop(app: FastAPI) -> None:
    """Let those who follow a job go, who come back with the last id they have seen; and set a limit to everything else.

    Runs in a signal's handler, which must neither log nor wait.
    """
    trainer: Trainer | None = getattr(app.state, "trainer", None)
    if trainer is not None:
        trainer.queue.close()
    threading.Thread(target=_limit_the_stop, name="stop", daemon=True).start()


def _limit_the_stop() -> None:
    _log.info("stopping", within_s=_STOP_S)
    time.sleep(_STOP_S)
    _log.warning("stop_not_waited_for")
    os._exit(0)


def _refuse(sentence: str) -> None:
    print(f"ntdemo-trainer: {sentence}", file=sys.stderr)  # noqa: T201 - what who started it reads
    sys.exit(_REFUSED)


if __name__ == "__main__":
    main()
