"""Runs: the list, one run, two compared, a training curve, and how factors moved."""

import asyncio
import hashlib
from typing import Annotated

from fastapi import Query, Request, Response

from published import form
from scores_api.comparison import compared
from scores_api.failures import MapMissing
from scores_api.models.comparison import RunComparison
from scores_api.models.runs import Curve, NeighbourhoodMap, RejectPage, RunDetail, RunPage, Trajectory
from scores_api.paging import ascending, newest_first
from scores_api.rendering import reject_page
from scores_api.routes.choice import Limit, PageCursor, RunInPath, chosen_catalogue, chosen_run, chosen_run_of_page
from scores_api.routes.errors import answers
from scores_api.routes.published import published, published_body, published_router, unchanged
from servicekit.cursor import Cursor
from servicekit.links import links

__all__ = ["router"]

router = published_router("runs")
_CSV = "text/csv"
_Compared = Annotated[str, Query(max_length=200, description="Id, name or alias of a run.")]
_TABLE = {"content": {_CSV: {"schema": {"type": "string"}}}}


@router.get(
    "/v1/runs",
    response_model=RunPage,
    summary="Published runs, the newest first",
    responses=answers(422, 503) | {200: links("run", "/items/0/id", "get_run", "get_curve", "get_map", "list_rejects")},
)
async def list_runs(request: Request, cursor: PageCursor = None, limit: Limit = 100) -> Response:
    """Every run that was published stays readable by its id, until somebody deletes it at the trainer."""
    catalogue = await chosen_catalogue(request)
    items, following = newest_first(catalogue.runs, of="runs", run_of=lambda run: run.id, cursor=cursor, limit=limit)
    return published(request, RunPage(items=items, next=following).model_dump_json().encode(), catalogue.tag)


@router.get(
    "/v1/runs/compare",
    response_model=RunComparison,
    summary="What differs between two runs",
    responses=answers(404, 410, 422, 503),
)
async def compare_runs(
    request: Request,
    a: _Compared,
    b: _Compared,
    limit: Annotated[int, Query(ge=0, le=1000, description="Fragments that moved.")] = 20,
) -> Response:
    """Parameters and data that differ, all metrics, and the fragments whose ten nearest are others."""
    one, other = await chosen_run(request, a), await chosen_run(request, b)
    tag = f'"{hashlib.blake2b(f"{one.tag} {other.tag} {limit}".encode(), digest_size=12).hexdigest()}"'
    if (held := unchanged(request, tag)) is not None:
        return held
    found = await asyncio.to_thread(compared, one.published, other.published, limit=limit)
    return published(request, found.model_dump_json().encode(), tag)


@router.get(
    "/v1/runs/{run}",
    response_model=RunDetail,
    summary="One run with its parameters and measurements",
    responses=answers(404, 410, 503),
)
async def get_run(request: Request, run: RunInPath) -> Response:
    """What was trained, from which data, with which code, on which device, and how well."""
    catalogue = await chosen_catalogue(request)
    return published(request, catalogue.run(run).model_dump_json().encode(), catalogue.tag)


@router.get(
    "/v1/runs/{run}/curve", response_model=Curve, summary="The training curve of a run", responses=answers(404, 410, 503)
)
async def get_curve(request: Request, run: RunInPath) -> Response:
    """Loss by step."""
    view = await chosen_run(request, run)
    return await published_body(request, view.published, form.CURVE, view.tag)


@router.get(
    "/v1/runs/{run}/trajectory", response_model=Trajectory, summary="How the factors moved", responses=answers(404, 410, 503)
)
async def get_trajectory(request: Request, run: RunInPath) -> Response:
    """Balanced factors of the recorded fragments, step by step, in at most three coordinates."""
    view = await chosen_run(request, run)
    return await published_body(request, view.published, form.TRAJECTORY, view.tag)


@router.get(
    "/v1/runs/{run}/map",
    response_model=NeighbourhoodMap,
    summary="Fragments in a plane, by whom they act alike",
    responses=answers(404, 410, 503),
)
async def get_map(request: Request, run: RunInPath) -> Response:
    """The neighbourhood map, made with the run by t-SNE; runs of older releases have none and answer 404."""
    view = await chosen_run(request, run)
    if form.MAP not in view.published.files:
        raise MapMissing(view.run)
    return await published_body(request, view.published, form.MAP, view.tag)


@router.get(
    "/v1/runs/{run}/rejects",
    response_model=RejectPage,
    summary="Rows and cells that a run left out, and why",
    responses=answers(404, 410, 422, 503) | {200: _TABLE},
)
async def list_rejects(request: Request, run: RunInPath, cursor: PageCursor = None, limit: Limit = 100) -> Response:
    """Pages of JSON, or with `Accept: text/csv` all of them as one table."""
    view = await chosen_run_of_page(request, run, cursor)
    if _CSV in request.headers.get("accept", "").lower():
        return await published_body(request, view.published, form.REJECT_TABLE, view.tag_of("csv"), _CSV, vary="Accept")
    total = view.published.rejects
    ids, following = ascending(iter(range(Cursor.last(cursor, "rejects") + 1, total)), of="rejects", run=view.run, limit=limit)
    lines = view.published.reject_lines(ids)
    return published(request, reject_page(view.run, lines, total, following), view.tag, vary="Accept")
