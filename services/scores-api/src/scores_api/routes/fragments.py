"""Fragments: the list and the search, one fragment, and its neighbours."""

from typing import Annotated

from fastapi import Query

from contracts.evidence import NEIGHBOURS
from contracts.kinds import SimilarityKind
from scores_api.cursor import Cursor
from scores_api.models.fragments import FragmentDetail, FragmentPage, Neighbours
from scores_api.paging import ascending
from scores_api.rendering import fragment_detail, fragment_item, neighbour_items
from scores_api.routes.choice import ChosenFragment, Limit, PageCursor, PagedRun
from scores_api.routes.errors import answers
from scores_api.routes.published import published_router

__all__ = ["router"]

router = published_router("fragments")


@router.get("/v1/fragments", summary="Fragments, listed or searched", responses=answers(404, 422, 503))
async def list_fragments(
    view: PagedRun,
    *,
    query: Annotated[str, Query(max_length=500, description="Part of a name or SMILES, case ignored.")] = "",
    shown: Annotated[bool, Query(description="Only fragments with enough evidence; false lists every modelled one.")] = True,
    cursor: PageCursor = None,
    limit: Limit = 100,
) -> FragmentPage:
    """In the order of their ids."""
    of = f"fragments {shown} {query}"
    fragments = view.projection.fragments
    found = fragments.search(query, after=Cursor.place(cursor, of), shown_only=shown)
    ids, following = ascending(found, of=of, run=view.run, limit=limit)
    return FragmentPage(run=view.run, items=[fragment_item(fragments, place) for place in ids], next=following)


@router.get("/v1/fragments/{fragment:path}/neighbours", summary="The nearest fragments", responses=answers(404, 422, 503))
async def list_neighbours(
    chosen: ChosenFragment,
    similarity: Annotated[SimilarityKind, Query(description="What the order follows.")] = SimilarityKind.FUNCTION,
    limit: Annotated[int, Query(ge=1, le=NEIGHBOURS)] = 10,
) -> Neighbours:
    """The shown fragments most alike to this one, found exactly, each with all similarities and its evidence."""
    projection = chosen.view.projection
    return Neighbours(
        run=chosen.view.run,
        fragment=projection.fragments.names[chosen.place],
        similarity=similarity,
        items=neighbour_items(projection, chosen.place, similarity, limit),
    )


@router.get("/v1/fragments/{fragment:path}", summary="One fragment with its vectors", responses=answers(404, 422, 503))
async def get_fragment(chosen: ChosenFragment) -> FragmentDetail:
    """Its evidence, its canonical and its balanced factors."""
    return fragment_detail(chosen.view.projection, chosen.place)
