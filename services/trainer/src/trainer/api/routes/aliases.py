"""Aliases: which run or bot each names; move one, go back, delete one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request, Response, status

from servicekit.doors.keys import Scope
from trainer.api.routes.access import PERMITTED, Running
from trainer.api.routes.rendering import alias_resource, answers, refusing, registered
from trainer.api.routes.wire import AliasList, AliasResource, AliasTarget

__all__ = ["router"]

router = APIRouter(prefix="/v1/aliases", tags=["runs"])
_Name = Annotated[
    str, Path(max_length=64, description="`current`, `ntdemo-en` or `ntdemo-ja` for bots, or a word of your choice for a run.")
]


async def _expected(
    if_match: Annotated[
        str | None,
        Header(
            max_length=300,
            description="Only if it names this run still: the `ETag` of the alias; `*`: only if there is such an alias.",
        ),
    ] = None,
    if_none_match: Annotated[
        str | None, Header(pattern=r"^\*$", description="`*`: only if there is no such alias yet.")
    ] = None,
) -> str | None:
    """The run that the alias must name; "" where it must name none, `*` where any (ANY), None where nobody says."""
    if if_none_match is not None:
        return ""
    return None if if_match is None else if_match.strip().strip('"')


_Expected = Annotated[str | None, Depends(_expected)]


@router.get("", summary="Aliases", responses=answers(503))
async def list_aliases(trainer: Running) -> AliasList:
    """Every alias of runs, and the plain names under which promoted bots are served."""
    return AliasList(items=[alias_resource(alias) for alias in await registered(trainer.runs.aliases)])


@router.get("/{alias}", summary="An alias", responses=answers(404, 503))
async def get_alias(trainer: Running, alias: _Name, response: Response) -> AliasResource:
    """What it names; the `ETag` is the run."""
    return _told(alias_resource(await registered(trainer.runs.alias, alias)), response)


@router.put(
    "/{alias}",
    summary="Let an alias name a run",
    dependencies=[PERMITTED],
    responses=answers(401, 403, 404, 409, 412, 422, 503),
)
async def put_alias(
    request: Request, trainer: Running, alias: _Name, target: AliasTarget, expected: _Expected, response: Response
) -> AliasResource:
    """From now on; who asks by the alias is answered from that run. An alias that is new is made.

    A bot takes its language's plain name only if it is not worse than the one that is served, on exchanges that its training
    held out: both are measured first, which takes up to a minute. With `force` nothing is measured; where keys are asked for,
    only one that may `admin` forces.
    """
    if target.force:
        await request.state.require(Scope.ADMIN)
    if trainer.bots.knows(alias):
        run = (await registered(trainer.runs.get, target.run)).run
        with refusing():
            found = await trainer.bots.promote(alias, run, force=target.force, expected=expected)
        return _told(alias_resource(found), response)
    return _told(alias_resource(await registered(trainer.runs.name, alias, target.run, expected=expected)), response)


@router.post(
    "/{alias}/rollback", summary="Go back", dependencies=[PERMITTED], responses=answers(401, 403, 404, 409, 412, 422, 503)
)
async def roll_back_alias(trainer: Running, alias: _Name, expected: _Expected, response: Response) -> AliasResource:
    """Let the alias name what it named before its last move; for a bot's, before the first promotion, the shipped bot."""
    if trainer.bots.knows(alias):
        with refusing():
            found = await trainer.bots.roll_back(alias, expected=expected)
        return _told(alias_resource(found), response)
    return _told(alias_resource(await registered(trainer.runs.roll_back, alias, expected=expected)), response)


@router.delete(
    "/{alias}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete an alias",
    dependencies=[PERMITTED],
    responses=answers(401, 403, 404, 409, 412, 422, 503),
)
async def delete_alias(trainer: Running, alias: _Name, expected: _Expected) -> None:
    """The run stays. `current` and the plain names of bots cannot be deleted."""
    await registered(trainer.runs.drop, alias, expected=expected)


def _told(resource: AliasResource, response: Response) -> AliasResource:
    response.headers["ETag"] = f'"{resource.run or ""}"'
    return resource
