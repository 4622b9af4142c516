"""Fragments: the list and the search, one fragment, and its neighbours."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import Query, Request, Response

from contracts.evidence import NEIGHBOURS
from contracts.kinds import SimilarityKind
from scores_api.catalogue import CURRENT
from scores_api.models.fragments import FragmentDetail, FragmentPage, Neighbours
from scores_api.paging import ascending
from scores_api.rendering import fragment_detail, fragment_page, neighbour_list
from scores_api.routes.choice import FragmentName, Limit, PageCursor, RunName, chosen_run, chosen_run_of_page
from scores_api.routes.errors import answers
from scores_api.routes.published import FragmentRoute, published, published_router
from scores_api.search import is_published, nearest
from servicekit.cursor import Cursor

__all__ = ["router"]

router = published_router("fragments", FragmentRoute)


@router.get(
    "/v1/fragments",
    response_model=FragmentPage,
    summary="Fragments, listed or searched",
    responses=answers(404, 422, 503),
)
async def list_fragments(
    request: Request,
    *,
    query: Annotated[str, Query(max_length=500, description="Part of a name or SMILES, case ignored.")] = "",
    shown: Annotated[bool, Query(description="Only fragments with enough evidence; false lists every modelled one.")] = True,
    run: RunName = CURRENT,
    cursor: PageCursor = None,
    limit: Limit = 100,
) -> Response:
    """In the order of their ids."""
    view = await chosen_run_of_page(request, run, cursor)
    of = f"fragments {shown} {query}"
    fragments = view.published.fragments
    matches = fragments.search(query, after=Cursor.last(cursor, of), shown_only=shown)
    ids, following = ascending(matches, of=of, run=view.run, limit=limit)
    return published(request, fragment_page(fragments, ids, following), view.tag)


@router.get(
    "/v1/fragments/{fragment:path}/neighbours",
    response_model=Neighbours,
    summary="The nearest fragments",
    responses=answers(404, 422, 503),
)
async def list_neighbours(
    request: Request,
    fragment: FragmentName,
    run: RunName = CURRENT,
    similarity: Annotated[SimilarityKind, Query(description="What the order follows.")] = SimilarityKind.FUNCTION,
    max_structure: Annotated[
        float | None,
        Query(ge=0, le=100, description="Only fragments that look no more alike than so many percent (Tanimoto of ECFP4)."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=NEIGHBOURS)] = 10,
) -> Response:
    """The shown fragments most alike to this one, found exactly, each with all similarities and its evidence.

    `similarity=function&max_structure=30` asks for what is alike in function and unlike in structure.
    """
    view = await chosen_run(request, run)
    id_ = view.published.fragments.find(fragment)
    search = partial(nearest, view.published, id_, similarity, limit, max_structure=max_structure)
    rows = search() if is_published(similarity, max_structure) else await asyncio.to_thread(search)
    return published(request, neighbour_list(view.published.fragments, id_, similarity, rows), view.tag)


@router.get(
    "/v1/fragments/{fragment:path}",
    response_model=FragmentDetail,
    summary="One fragment with its vectors",
    responses=answers(404, 422, 503),
)
async def get_fragment(request: Request, fragment: FragmentName, run: RunName = CURRENT) -> Response:
    """Its evidence, its canonical and its balanced factors."""
    view = await chosen_run(request, run)
    return published(request, fragment_detail(view.published, view.published.fragments.find(fragment)), view.tag)
