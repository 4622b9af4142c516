"""The server: `ntdemo-scores-api`."""

from scores_api.app import create_app
from scores_api.settings import Settings
from servicekit import logs
from servicekit.command import load_settings, service_arguments
from servicekit.server import serve

__all__ = ["main"]


def main() -> None:
    """Serve until SIGINT or SIGTERM; settings come from the environment.

    Raises:
        SystemExit: a setting is wrong (status 2), or the address cannot be bound (status 1).
    """
    service_arguments("ntdemo-scores-api", Settings)
    settings = load_settings(Settings)
    logs.configure(settings.log_format, settings.log_level)
    serve(create_app(settings), host=settings.host, port=settings.port)
