"""Replacements: what can take the place of a fragment, in general and in a molecule, and what was measured of it."""

from typing import Annotated, Final

from fastapi import Query, Request, Response

from published.changes import CURRENT
from scores_api.models.replacements import PRODUCTS, TARGETS, PairPage, Products, ReplacementList, ReplacementQuestion
from scores_api.replacing.answers import ReplacementAnswers
from scores_api.routes.choice import FragmentName, Limit, PageCursor, RunName, chosen_run, chosen_run_of_page
from scores_api.routes.errors import answers
from scores_api.routes.published import FragmentRoute, published, published_router
from servicekit.cursor import Cursor

__all__ = ["router"]

router = published_router("replacements", FragmentRoute)
_SD_FILE: Final = "chemical/x-mdl-sdfile"
Targets = Annotated[list[str], Query(max_length=TARGETS)]


def _asked(request: Request) -> ReplacementAnswers:
    found: ReplacementAnswers = request.app.state.replacing
    return found


@router.get(
    "/v1/fragments/{fragment:path}/replacements",
    response_model=ReplacementList,
    summary="What can take the place of a fragment",
    responses=answers(404, 410, 422, 500, 503),
)
async def list_replacements(
    request: Request,
    *,
    fragment: FragmentName,
    run: RunName = CURRENT,
    target: Annotated[
        str | None, Query(description="Where it is told what a replacement adds, which then orders them.")
    ] = None,
    keep: Annotated[Targets, Query(description="Only what more likely than not keeps activity at these targets.")] = [],  # noqa: B006 - read only
    lose: Annotated[Targets, Query(description="Only what more likely than not loses activity at these.")] = [],  # noqa: B006 - the same
    limit: Annotated[int, Query(ge=1, le=PRODUCTS)] = 10,
) -> Response:
    """Groups with as many open ends, by how little they are expected to change activity, with interval and evidence.

    At a target it is told with its sign, averaged over up to six compounds of the data that have the one or the other. Where
    targets are asked for, the 30 groups (or `limit`, if that is more) that are expected to change least are looked at:
    `considered` of `comparable`. What adds most at `target`, or at the first of `keep`, comes first; where `lose` alone is
    named, what loses most at the first of it.
    """
    view = await chosen_run(request, run)
    found = await _asked(request).of_fragment(view.published, fragment, [target] if target else [], keep, lose, limit)
    return published(request, found.model_dump_json().encode(), view.tag)


@router.post(
    "/v1/replacements",
    response_model=Products,
    summary="Molecules with one fragment replaced",
    responses=answers(404, 410, 413, 422, 500, 503) | {200: {"content": {_SD_FILE: {"schema": {"type": "string"}}}}},
)
async def ask_replacements(request: Request, question: ReplacementQuestion, run: RunName = CURRENT) -> Response:
    """The products of a molecule with what is expected of each; with `Accept: chemical/x-mdl-sdfile` as an SD file.

    At targets each product is compared with the molecule itself by one model of both, which has learned from all that was
    measured. Without `by` the 30 groups (or `limit`, if that is more) that are expected to change least are looked at then.
    """
    view = await chosen_run(request, run)
    found = await _asked(request).of_molecule(view.published, question)
    if _SD_FILE in request.headers.get("accept", ""):
        return Response(await _asked(request).as_structures(found), media_type=_SD_FILE)
    return Response(found.model_dump_json(), media_type="application/json")


@router.get(
    "/v1/pairs",
    response_model=PairPage,
    summary="What was measured of one replacement",
    responses=answers(404, 410, 422, 500, 503),
)
async def list_pairs(
    request: Request,
    *,
    a: Annotated[str, Query(max_length=500, description="Name of the fragment that is replaced.", examples=["*Cl"])],
    b: Annotated[str, Query(max_length=500, description="Name of the one in its place.", examples=["*F"])],
    run: RunName = CURRENT,
    cursor: PageCursor = None,
    limit: Limit = 100,
) -> Response:
    """Compounds that differ by it, the values of both at each target, and their difference."""
    view = await chosen_run_of_page(request, run, cursor)
    of = f"pairs {a} {b}"
    after = Cursor.last(cursor, of) + 1
    page, more = await _asked(request).pair(view.published, a, b, after, limit)
    following = Cursor(of=of, run=view.run, after=after + limit - 1).text() if more else None
    return published(request, page.model_copy(update={"next": following}).model_dump_json().encode(), view.tag)
