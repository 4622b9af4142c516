"""The server: `ntdemo-chatbot`."""

from chatbot.app import create_app
from chatbot.settings import load
from servicekit import logs
from servicekit.server import serve

__all__ = ["main"]


def main() -> None:
    """Serve until SIGINT or SIGTERM; settings come from the environment.

    Raises:
        SystemExit: status 2 for a wrong setting, 1 for a port that cannot be had, each after one sentence.
    """
    settings = load()
    logs.configure(settings.log_format, settings.log_level)
    serve(create_app(settings), host=settings.host, port=settings.port)
