"""Runs and bots: names, tags, notes, pins; delete one."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, status

from published.changes import Marks
from trainer.api.routes.access import PERMITTED, Running
from trainer.api.routes.rendering import answers, registered, run_resource
from trainer.api.routes.wire import RunEdit, RunList, RunResource
from trainer.jobs.table import is_used

__all__ = ["router"]

router = APIRouter(prefix="/v1/runs", tags=["runs"])
_Run = Annotated[str, Path(max_length=200, description="Id, name or alias of a run or bot.")]


@router.get("", summary="Runs and bots, the newest first", responses=answers(503))
async def list_runs(trainer: Running) -> RunList:
    """Every published run and bot, and what people say of it."""
    return RunList(items=[run_resource(entry) for entry in await registered(trainer.runs.all)])


@router.get("/{run}", summary="A run or bot", responses=answers(404, 503))
async def get_run(trainer: Running, run: _Run) -> RunResource:
    """What people say of it."""
    return run_resource(await registered(trainer.runs.get, run))


@router.patch(
    "/{run}", summary="Name, tag, note or pin a run", dependencies=[PERMITTED], responses=answers(401, 403, 404, 409, 422, 503)
)
async def edit_run(trainer: Running, run: _Run, edit: RunEdit) -> RunResource:
    """Only the members that are sent are changed, each as a whole."""
    sent = {name: getattr(edit, name) for name in edit.model_fields_set}
    if "tags" in sent:
        sent["tags"] = tuple(dict.fromkeys(edit.tags))

    def changed(marks: Marks) -> Marks:
        return replace(marks, **sent)

    return run_resource(await registered(trainer.runs.mark, run, changed))


@router.delete(
    "/{run}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a run",
    dependencies=[PERMITTED],
    responses=answers(401, 403, 404, 409, 503),
)
async def delete_run(trainer: Running, run: _Run) -> None:
    """Nobody is answered from it any more. Its files go to the quarantine by `ntdemo-train store vacuum` or the next start.

    Refused while an alias names it, it is pinned, or a job has it in use.
    """
    unfinished = await trainer.queue.unfinished()
    await registered(trainer.runs.delete, run, used=partial(is_used, jobs=unfinished))
