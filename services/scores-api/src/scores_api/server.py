"""The server: `ntdemo-scores-api`."""

from servicekit import logs
from servicekit.server import serve
from scores_api.app import create_app
from scores_api.settings import Settings

__all__ = ["main"]
