"""Factors of fragments and targets: pages of JSON, or all as one Arrow stream."""

from typing import Final

from fastapi import Request, Response

from scores_api import layout
from scores_api.catalogue import CURRENT
from scores_api.models.factors import FactorPage, FactorSide
from scores_api.paging import ascending
from scores_api.rendering import factor_item
from scores_api.routes.choice import Limit, PageCursor, RunName, chosen_run_of_page
from scores_api.routes.errors import answers
from scores_api.routes.published import published_router, ready_made
from servicekit.cursor import Cursor

__all__ = ["router"]

router = published_router("factors")
_ARROW: Final = "application/vnd.apache.arrow.stream"
_STREAM = {"content": {_ARROW: {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/v1/factors/{side}",
    response_model=FactorPage,
    summary="Vectors of all fragments or targets",
    responses=answers(404, 422, 503) | {200: _STREAM},
)
async def list_factors(
    request: Request,
    response: Response,
    side: FactorSide,
    run: RunName = CURRENT,
    cursor: PageCursor = None,
    limit: Limit = 100,
) -> FactorPage | Response:
    """Pages of JSON, or with `Accept: application/vnd.apache.arrow.stream` all rows as one Arrow IPC stream.

    The stream's columns are `id: int32`, `name: string`, `vector: list<float>` and `balanced: list<float>`; its schema metadata
    states `run` and `side`.
    """
    view = await chosen_run_of_page(request, response, run, cursor)
    if _ARROW in request.headers.get("accept", "").lower():
        stream = view.projection.document(layout.factors_stream(side.value))
        return ready_made(stream, view.tag_of("arrow"), _ARROW, vary="Accept")
    response.headers["Vary"] = "Accept"
    of = f"factors {side.value}"
    factors = view.projection.factors[side]
    ids, following = ascending(iter(range(Cursor.last(cursor, of) + 1, len(factors.names))), of=of, run=view.run, limit=limit)
    return FactorPage(run=view.run, side=side, items=[factor_item(factors, place) for place in ids], next=following)
