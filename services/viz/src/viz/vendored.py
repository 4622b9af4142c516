"""What browsers get of other projects and we keep a copy of: the structure editor, with its licence."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse, Response

from servicekit.problems import NOT_FOUND, Problem

__all__ = ["install"]

_HOME: Final = Path(__file__).parent / "vendor"


def install(app: FastAPI) -> None:
    """Add the route to `app`."""
    files = {path.relative_to(_HOME).as_posix(): path for path in _HOME.rglob("*") if path.is_file()}

    @app.get("/vendor/{path:path}", include_in_schema=False)
    async def get_vendored(path: str) -> Response:
        """A file that is kept, by its exact name."""
        if path not in files:
            raise Problem(NOT_FOUND, f"There is no file /vendor/{path}.")
        return FileResponse(files[path], media_type="text/javascript" if path.endswith(".js") else "text/plain")
