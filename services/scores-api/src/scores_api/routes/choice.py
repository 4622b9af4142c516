"""What a request chooses: the publications or the run it reads, and which stretch of a list.

Plain functions that routes call, and not FastAPI dependencies: solving one costs as much as the whole of a small route.
"""

from collections.abc import Awaitable
from typing import Annotated

from fastapi import Path, Query, Request

from published.changes import CURRENT, LATEST
from scores_api.catalogue import Catalogue
from scores_api.live import Live
from scores_api.open_runs import OpenRun
from servicekit.cursor import Cursor, CursorInvalid

__all__ = [
    "FragmentName",
    "Limit",
    "PageCursor",
    "RunInPath",
    "RunName",
    "chosen_catalogue",
    "chosen_run",
    "chosen_run_of_page",
    "live_store",
]

RunName = Annotated[
    str, Query(max_length=200, description="The run to read: its id, its name or an alias; `latest` was published last.")
]
RunInPath = Annotated[str, Path(max_length=200, description="Id, name or alias of a run, such as `current`.")]
FragmentName = Annotated[
    str, Path(description="Name of the fragment, percent-encoded; `id:17` names it by its id.", examples=["fA", "c1ccccc1"])
]
PageCursor = Annotated[str | None, Query(max_length=4000, description="`next` of the page before; none for the first page.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Items a page.")]


def live_store(request: Request) -> Live:
    """The live view of the store."""
    live: Live = request.app.state.live
    return live


async def chosen_catalogue(request: Request) -> Catalogue:
    """All publications."""
    return (await live_store(request).snapshot()).catalogue


def chosen_run(request: Request, run: str) -> Awaitable[OpenRun]:
    """A run by its id or alias."""
    return live_store(request).run(run)


async def chosen_run_of_page(request: Request, run: str, cursor: str | None) -> OpenRun:
    """As `chosen_run`; a cursor stays in its run, even when an alias has come to name another one.

    Raises:
        CursorInvalid: it is none, or belongs to another run.
    """
    if cursor is not None:
        began = Cursor.read(cursor).run
        if run not in (CURRENT, LATEST, began):  # where what these name is damaged, another run answers
            known = (await chosen_catalogue(request)).registry
            if began not in known.named.get(run, ()) and known.run_of(run) != began:
                raise CursorInvalid
        run = began
    return await chosen_run(request, run)
