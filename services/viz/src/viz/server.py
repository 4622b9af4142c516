"""The server: `ntdemo-viz`, one process with the Dash pages and the Bokeh pages."""

from servicekit import logs
from servicekit.command import load_settings, service_arguments
from servicekit.doors.guard import Doors, require_keys
from servicekit.server import serve
from viz.app import create_app
from viz.bokeh_apps.server import BokehServer
from viz.settings import Settings

__all__ = ["main"]


def main() -> None:
    """Serve both until SIGINT or SIGTERM.

    Raises:
        SystemExit: status 2 for a wrong setting, 1 for a port that cannot be had, each after one sentence.
    """
    service_arguments("ntdemo-viz", Settings)
    settings = load_settings(Settings)
    logs.configure(settings.log_format, settings.log_level)
    require_keys(Doors(settings, settings.viz_host))
    bokeh = BokehServer(settings)
    serve(create_app(settings, beside=lambda: bokeh), host=settings.viz_host, port=settings.dash_port)
