"""What a request chose: the publications or the run it reads, and in that a fragment; dependencies shared by the routes."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response

from scores_api.catalogue import CURRENT, Catalogue
from scores_api.cursor import Cursor
from scores_api.failures import CursorInvalid
from scores_api.live import Live
from scores_api.shelf import View

__all__ = ["ChosenCatalogue", "ChosenFragment", "ChosenRun", "FragmentChoice", "Limit", "NamedRun", "PageCursor", "PagedRun"]

PageCursor = Annotated[str | None, Query(max_length=4000, description="`next` of the page before; none for the first page.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="Items a page.")]
_Run = Annotated[str, Query(max_length=200, description="Id of the run to read; `current` is the newest publication.")]


def _live(request: Request) -> Live:
    live: Live = request.app.state.live
    return live


def _publish(request: Request, response: Response, tag: str) -> None:
    """Say which version an address showed; the answer to a POST is no version of its address."""
    if request.method in {"GET", "HEAD"}:
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = "no-cache"


async def _catalogue(request: Request, response: Response) -> Catalogue:
    catalogue = (await _live(request).snapshot()).catalogue
    _publish(request, response, catalogue.tag)
    return catalogue


async def _run(request: Request, response: Response, run: _Run = CURRENT) -> View:
    view = await _live(request).view(run)
    _publish(request, response, view.tag)
    return view


async def _named_run(
    request: Request,
    response: Response,
    run: Annotated[str, Path(max_length=200, description="Id of a run; `current` is the newest publication.")],
) -> View:
    return await _run(request, response, run)


async def _paged_run(request: Request, response: Response, run: _Run = CURRENT, cursor: PageCursor = None) -> View:
    """A cursor stays in its run, even when `current` has become another one."""
    if cursor is not None:
        began = Cursor.read(cursor).run
        if run not in (CURRENT, began):
            raise CursorInvalid
        run = began
    return await _run(request, response, run)


@dataclass(frozen=True)
class FragmentChoice:
    """A fragment of a run."""

    view: View
    place: int
    """The fragment's id."""


async def _fragment(
    request: Request,
    response: Response,
    fragment: Annotated[
        str, Path(description="Name of the fragment, percent-encoded; `id:17` names it by its id.", examples=["fA", "c1ccccc1"])
    ],
    run: _Run = CURRENT,
) -> FragmentChoice:
    view = await _run(request, response, run)
    return FragmentChoice(view, view.projection.fragments.find(fragment))


ChosenCatalogue = Annotated[Catalogue, Depends(_catalogue)]
"""All publications."""
ChosenRun = Annotated[View, Depends(_run)]
"""The run of `?run=`."""
NamedRun = Annotated[View, Depends(_named_run)]
"""The run in the path."""
PagedRun = Annotated[View, Depends(_paged_run)]
"""The run of `?run=` or of the cursor."""
ChosenFragment = Annotated[FragmentChoice, Depends(_fragment)]
"""The fragment in the path."""
