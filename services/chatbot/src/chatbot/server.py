"""The server: `ntdemo-chatbot`."""

import gc
import sys

__all__ = ["main"]


def main() -> None:
    """Serve until SIGINT or SIGTERM; settings come from the environment.

    What is loaded and assembled here lives as long as the process, so no garbage is looked for in it: a tenth of the start.
    `rich` is the terminal's: structlog and httpx would load it for what nobody asks of them here, 5 MB.

    Raises:
        SystemExit: status 2 for a wrong setting, 1 for a port that cannot be had, each after one sentence.
    """
    gc.disable()
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # None is how an import is told that there is none
    from chatbot.settings import Settings  # noqa: PLC0415 - loads structlog, as everything below: without rich and without gc
    from servicekit import logs  # noqa: PLC0415 - as above
    from servicekit.command import load_settings, service_arguments  # noqa: PLC0415 - as above

    service_arguments("ntdemo-chatbot", Settings)
    settings = load_settings(Settings)
    logs.configure(settings.log_format, settings.log_level)
    from chatbot.app import create_app  # noqa: PLC0415 - loads everything else, after a wrong setting was told
    from servicekit.doors.guard import Doors, require_keys  # noqa: PLC0415 - as above
    from servicekit.server import serve  # noqa: PLC0415 - as above

    require_keys(Doors(settings, settings.host))
    app = create_app(settings)
    gc.freeze()
    gc.enable()
    serve(app, host=settings.host, port=settings.port)
