"""Runs: the list, one run, its training curve, and how its factors moved."""

from fastapi import Request, Response

from scores_api import layout
from scores_api.models.runs import Curve, RunDetail, RunPage, Trajectory
from scores_api.paging import newest_first
from scores_api.routes.choice import Limit, PageCursor, RunInPath, chosen_catalogue, chosen_run
from scores_api.routes.errors import answers
from scores_api.routes.published import published_router, ready_made

__all__ = ["router"]

router = published_router("runs")


@router.get("/v1/runs", summary="Published runs, the newest first", responses=answers(422, 503))
async def list_runs(request: Request, response: Response, cursor: PageCursor = None, limit: Limit = 100) -> RunPage:
    """Every run that was ever published stays readable by its id."""
    catalogue = await chosen_catalogue(request, response)
    items, following = newest_first(catalogue.runs, of="runs", run_of=lambda run: run.id, cursor=cursor, limit=limit)
    return RunPage(items=items, next=following)


@router.get("/v1/runs/{run}", summary="One run with its parameters and measurements", responses=answers(404, 503))
async def get_run(request: Request, response: Response, run: RunInPath) -> RunDetail:
    """What was trained, from which data, with which code, on which device, and how well."""
    return (await chosen_catalogue(request, response)).run(run)


@router.get("/v1/runs/{run}/curve", response_model=Curve, summary="The training curve of a run", responses=answers(404, 503))
async def get_curve(request: Request, response: Response, run: RunInPath) -> Response:
    """Loss by step."""
    view = await chosen_run(request, response, run)
    return ready_made(view.projection.document(layout.CURVE), view.tag)


@router.get(
    "/v1/runs/{run}/trajectory", response_model=Trajectory, summary="How the factors moved", responses=answers(404, 503)
)
async def get_trajectory(request: Request, response: Response, run: RunInPath) -> Response:
    """Balanced factors of the recorded fragments, step by step, in at most three coordinates."""
    view = await chosen_run(request, response, run)
    return ready_made(view.projection.document(layout.TRAJECTORY), view.tag)
