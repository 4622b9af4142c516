"""Runs: the list, one run, its training curve, and how its factors moved."""

from typing import Annotated

from fastapi import Path, Response

from scores_api import layout
from scores_api.models.runs import Curve, RunDetail, RunPage, Trajectory
from scores_api.paging import newest_first
from scores_api.routes.choice import ChosenCatalogue, Limit, NamedRun, PageCursor
from scores_api.routes.errors import answers
from scores_api.routes.published import published_router, ready_made

__all__ = ["router"]

router = published_router("runs")


@router.get("/v1/runs", summary="Published runs, the newest first", responses=answers(422, 503))
async def list_runs(catalogue: ChosenCatalogue, cursor: PageCursor = None, limit: Limit = 100) -> RunPage:
    """Every run that was ever published stays readable by its id."""
    items, following = newest_first(catalogue.runs, of="runs", run_of=lambda run: run.id, cursor=cursor, limit=limit)
    return RunPage(items=items, next=following)


@router.get("/v1/runs/{run}", summary="One run with its parameters and measurements", responses=answers(404, 503))
async def get_run(
    catalogue: ChosenCatalogue,
    run: Annotated[str, Path(max_length=200, description="Id of a run; `current` is the newest publication.")],
) -> RunDetail:
    """What was trained, from which data, with which code, on which device, and how well."""
    return catalogue.run(run)


@router.get("/v1/runs/{run}/curve", response_model=Curve, summary="The training curve of a run", responses=answers(404, 503))
async def get_curve(view: NamedRun) -> Response:
    """Loss by step."""
    return ready_made(view.projection.document(layout.CURVE), view.tag)


@router.get(
    "/v1/runs/{run}/trajectory", response_model=Trajectory, summary="How the factors moved", responses=answers(404, 503)
)
async def get_trajectory(view: NamedRun) -> Response:
    """Balanced factors of the recorded fragments, step by step, in at most three coordinates."""
    return ready_made(view.projection.document(layout.TRAJECTORY), view.tag)
