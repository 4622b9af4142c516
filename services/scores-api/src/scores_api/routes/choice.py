"""What a request chooses: the publications or the run it reads, and which stretch of a list.

Plain functions that routes call, and not FastAPI dependencies: solving one costs as much as the whole of a small route.
"""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from scores_api.catalogue import CURRENT, Catalogue
from scores_api.live import Live
from scores_api.shelf import View
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

RunName = Annotated[str, Query(max_length=200, description="Id of the run to read; `current` is the newest publication.")]
RunInPath = Annotated[str, Path(max_length=200, description="Id of a run; `current` is the newest publication.")]
FragmentName = Annotated[
    str, Path(description="Name of the fragment, percent-encoded; `id:17` names it by its id.", examples=["fA", "c1ccccc1"])
]
PageCursor = Annotated[str | None, Query(max_length=4000, description="`next` of the page before; none for the first page.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Items a page.")]


def live_store(request: Request) -> Live:
    """The live view of the store, where the answer carries no ETag."""
    live: Live = request.app.state.live
    return live


async def chosen_catalogue(request: Request, response: Response) -> Catalogue:
    """All publications; `response` gets their ETag."""
    catalogue = (await live_store(request).snapshot()).catalogue
    _tag(response, catalogue.tag)
    return catalogue


async def chosen_run(request: Request, response: Response, run: str) -> View:
    """A run by its id or alias; `response` gets its ETag."""
    view = await live_store(request).view(run)
    _tag(response, view.tag)
    return view


async def chosen_run_of_page(request: Request, response: Response, run: str, cursor: str | None) -> View:
    """As `chosen_run`; a cursor stays in its run, even when `current` has become another one.

    Raises:
        CursorInvalid: it is none, or belongs to another run.
    """
    if cursor is not None:
        began = Cursor.read(cursor).run
        if run not in (CURRENT, began):
            raise CursorInvalid
        run = began
    return await chosen_run(request, response, run)


def _tag(response: Response, tag: str) -> None:
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "no-cache"
