"""Factors of fragments and targets: pages of JSON, or all as one Arrow stream."""

from typing import Final

from fastapi import Request, Response

from published import form
from published.changes import CURRENT
from scores_api.models.factors import FactorPage, FactorSide
from scores_api.paging import ascending
from scores_api.rendering import factor_page
from scores_api.routes.choice import Limit, PageCursor, RunName, chosen_run_of_page
from scores_api.routes.errors import answers
from scores_api.routes.published import published, published_body, published_router
from servicekit.cursor import Cursor

__all__ = ["router"]

router = published_router("factors")
_ARROW: Final = "application/vnd.apache.arrow.stream"
_STREAM = {"content": {_ARROW: {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/v1/factors/{side}",
    response_model=FactorPage,
    summary="Vectors of all fragments or targets",
    responses=answers(404, 410, 422, 503) | {200: _STREAM},
)
async def list_factors(
    request: Request,
    side: FactorSide,
    run: RunName = CURRENT,
    cursor: PageCursor = None,
    limit: Limit = 100,
) -> Response:
    """Pages of JSON, or with `Accept: application/vnd.apache.arrow.stream` all rows as one Arrow IPC stream.

    The stream's columns are `id: int32`, `name: string`, `vector: list<float>` and `balanced: list<float>`; its schema metadata
    states `run` and `side`.
    """
    view = await chosen_run_of_page(request, run, cursor)
    if _ARROW in request.headers.get("accept", "").lower():
        stream = form.factors_stream(side.value)
        return await published_body(request, view.published, stream, view.tag_of("arrow"), _ARROW, vary="Accept")
    of = f"factors {side.value}"
    ids, following = ascending(
        iter(range(Cursor.last(cursor, of) + 1, len(view.published.factors[side].names))), of=of, run=view.run, limit=limit
    )
    return published(request, factor_page(view.published, side, ids, following), view.tag, vary="Accept")
