"""The server: `ntdemo-trainer`."""

import sys

from fastapi import FastAPI

from servicekit import logs
from servicekit.server import serve
from trainer.api.app import create_app
from trainer.api.service import Trainer
from trainer.data.offences import InvalidData
from trainer.jobs.claim import Refused, claimed
from trainer.jobs.first_run import first_spec
from trainer.settings import InvalidSettings, Settings
from trainer.spark import intake

__all__ = ["main"]

_REFUSED = 2


def main() -> None:
    """Serve until SIGINT or SIGTERM; a start that cannot succeed ends with one sentence and exit status 2."""
    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_format, settings.log_level)
        _check_data(settings)
        with claimed(settings.state) as table:
            app = create_app(settings, table=table)
            serve(app, host=settings.host, port=settings.port, on_exit=lambda: _end_streams(app))
    except (InvalidSettings, Refused) as refusal:
        _refuse(str(refusal))


def _check_data(settings: Settings) -> None:
    """Data that are present but broken stop the start: others are never taken instead."""
    path = settings.start_data()
    if path is None:
        return
    if not path.exists():
        raise Refused(f"NTDEMO_DATA is {str(path)!r}: there is no such file or directory.")
    try:
        intake.check([path], first_spec(settings).ingest)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from None
    except InvalidData as error:
        raise Refused(f"The data of {path} cannot be used: {error}") from None


def _end_streams(app: FastAPI) -> None:
    """Let those who follow a job go; they come back with the last id they have seen."""
    trainer: Trainer | None = getattr(app.state, "trainer", None)
    if trainer is not None:
        trainer.desk.close()


def _refuse(sentence: str) -> None:
    print(f"ntdemo-trainer: {sentence}", file=sys.stderr)  # noqa: T201 - what who started it reads
    sys.exit(_REFUSED)


if __name__ == "__main__":
    main()
