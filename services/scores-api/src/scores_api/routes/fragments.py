"""Fragments: the list and the search, one fragment, and its neighbours."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import Query, Request, Response

from contracts.evidence import NEIGHBOURS
from contracts.kinds import SimilarityKind
from published.changes import CURRENT
from scores_api.models.fragments import FragmentDetail, FragmentPage, Neighbours
from scores_api.paging import ascending, stretch
from scores_api.rendering import fragment_detail, fragment_page, neighbour_list
from scores_api.routes.choice import FragmentName, Limit, PageCursor, RunName, chosen_run, chosen_run_of_page
from scores_api.routes.errors import answers
from scores_api.routes.published import FragmentRoute, published, published_router
from scores_api.search import is_published, nearest
from scores_api.structures.finder import Finder
from scores_api.structures.selection import Charge, Selection, Sort
from servicekit.cursor import Cursor
from servicekit.links import links

__all__ = ["router"]

router = published_router("fragments", FragmentRoute)


@router.get(
    "/v1/fragments",
    response_model=FragmentPage,
    summary="Fragments, listed or searched",
    responses=answers(404, 410, 422, 500, 503)
    | {200: links("fragment", "/items/0/name", "get_fragment", "list_neighbours", "get_fragment_drawing")},
)
async def list_fragments(
    request: Request,
    *,
    query: Annotated[str, Query(max_length=500, description="Part of a name or SMILES, case ignored.")] = "",
    shown: Annotated[bool, Query(description="Only fragments with enough evidence; false lists every modelled one.")] = True,
    run: RunName = CURRENT,
    structure: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=2000,
            description="Only fragments that contain this: a SMILES in any spelling, a fragment with `*`, a common name of a "
            "group (`morpholine`), or a SMARTS.",
            examples=["C1COCCN1"],
        ),
    ] = None,
    spelled: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=500,
            description="Only the fragment that this SMILES means, in any spelling; without `*`, also those that are it "
            "attached at any of its hydrogens.",
            examples=["O1CCNCC1", "[*:1]N1CCOCC1"],
        ),
    ] = None,
    min_support: Annotated[int, Query(ge=0, le=2**31 - 1, description="Only fragments in so many compounds or more.")] = 0,
    max_atoms: Annotated[
        int | None, Query(ge=1, le=1000, description="Only fragments of so many heavy atoms or fewer.")
    ] = None,
    rings: Annotated[bool | None, Query(description="Only fragments with rings, or only those without.")] = None,
    charge: Annotated[Charge | None, Query(description="Only fragments of this formal charge.")] = None,
    sort: Annotated[Sort, Query(description="What the order follows.")] = Sort.ID,
    cursor: PageCursor = None,
    limit: Limit = 100,
) -> Response:
    """All that meet every condition; those about structures leave out fragments of which the data state none."""
    view = await chosen_run_of_page(request, run, cursor)
    fragments = view.published.fragments
    selection = Selection(query, shown, structure, spelled, min_support, max_atoms, rings, charge, sort)
    if selection.is_plain:
        of = f"fragments {shown} {query}"
        matches = fragments.search(query, after=Cursor.last(cursor, of), shown_only=shown)
        ids, following = ascending(matches, of=of, run=view.run, limit=limit)
    else:
        finder: Finder = request.app.state.finder
        selected = await selection.of(fragments, finder)
        ids, following = stretch(selected, of=selection.mark, run=view.run, cursor=cursor, limit=limit)
    return published(request, fragment_page(fragments, ids, following), view.tag)


@router.get(
    "/v1/fragments/{fragment:path}/neighbours",
    response_model=Neighbours,
    summary="The nearest fragments",
    responses=answers(404, 410, 422, 503),
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
    is_ready = is_published(view.published, id_, similarity, max_structure)
    rows = search() if is_ready else await asyncio.to_thread(search)
    return published(request, neighbour_list(view.published, id_, similarity, rows), view.tag)


@router.get(
    "/v1/fragments/{fragment:path}",
    response_model=FragmentDetail,
    summary="One fragment with its vectors",
    responses=answers(404, 410, 422, 503),
)
async def get_fragment(request: Request, fragment: FragmentName, run: RunName = CURRENT) -> Response:
    """Its evidence, its canonical and its balanced factors."""
    view = await chosen_run(request, run)
    return published(request, fragment_detail(view.published, view.published.fragments.find(fragment)), view.tag)
