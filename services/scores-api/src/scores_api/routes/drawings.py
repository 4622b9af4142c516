"""Drawings of structures as SVG."""

from typing import Annotated, Any, Final

from fastapi import Query, Request, Response

from published.changes import CURRENT
from scores_api.etag import is_held
from scores_api.failures import StructureUnknown, WeightsUnequal
from scores_api.routes.choice import FragmentName, RunName, chosen_run
from scores_api.routes.errors import answers
from scores_api.routes.published import FragmentRoute, published_router
from scores_api.structures.drawings import Drawing, Drawings

__all__ = ["router"]

router = published_router("drawings", FragmentRoute)
_SVG: Final = "image/svg+xml"
_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {_SVG: {"schema": {"type": "string", "format": "binary"}}},
        "description": "The picture, which follows light and dark.",
    },
}
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_CHARACTERS: Final = 2000
_HIGHLIGHTS: Final = 100
Template = Annotated[
    str | None,
    Query(max_length=_CHARACTERS, description="SMILES of a structure: what both have in common is turned as it is there."),
]


@router.get(
    "/v1/drawings",
    response_class=Response,
    summary="A structure as SVG",
    responses=_DESCRIBED | answers(422, 500),
)
async def get_drawing(
    request: Request,
    *,
    smiles: Annotated[str, Query(min_length=1, max_length=_CHARACTERS, description="A molecule, or a fragment with `*`.")],
    highlight: Annotated[
        list[Annotated[str, Query(min_length=1, max_length=_CHARACTERS)]],
        Query(max_length=_HIGHLIGHTS, description="Fragments by their names, or SMARTS, whose atoms are lit."),
    ] = [],  # noqa: B006 - FastAPI copies it
    weight: Annotated[
        list[Annotated[float, Query(allow_inf_nan=False)]],
        Query(
            max_length=_HIGHLIGHTS,
            description="One for each `highlight`: what it adds. Shared out to its atoms; blue raises, orange lowers.",
        ),
    ] = [],  # noqa: B006 - FastAPI copies it
    template: Template = None,
    atoms: Annotated[
        bool, Query(description="An invisible disc on each atom; `data-atom` is its number in the SMILES, from 0.")
    ] = False,
) -> Response:
    """It has no ground of its own and follows `prefers-color-scheme`. Open bonds of a fragment end in a wavy line.

    The same question has the same picture, so that it may be kept for a day.
    """
    if weight and len(weight) != len(highlight):
        raise WeightsUnequal(len(weight), len(highlight))
    drawing = Drawing(smiles, smiles, tuple(highlight), tuple(weight) or None, template, atoms)
    return await _answered(request, drawing, "public, max-age=86400")


@router.get(
    "/v1/fragments/{fragment:path}/drawing.svg",
    response_class=Response,
    summary="A fragment's structure as SVG",
    responses=_DESCRIBED | answers(404, 410, 422, 500, 503),
)
async def get_fragment_drawing(
    request: Request, fragment: FragmentName, run: RunName = CURRENT, template: Template = None
) -> Response:
    """As `GET /v1/drawings` of its SMILES."""
    view = await chosen_run(request, run)
    fragments = view.published.fragments
    id_ = fragments.find(fragment)
    smiles = fragments.smiles[id_]
    if smiles is None:
        raise StructureUnknown(view.run, fragments.names[id_])
    return await _answered(request, Drawing(smiles, fragments.names[id_], template=template), "no-cache")


async def _answered(request: Request, drawing: Drawing, kept: str) -> Response:
    drawings: Drawings = request.app.state.drawings
    headers = {"ETag": drawing.tag, "Cache-Control": kept, "Content-Security-Policy": _POLICY}
    if is_held(request.headers.get("if-none-match", ""), drawing.tag):
        return Response(status_code=304, headers=headers)
    return Response(await drawings.svg(drawing), media_type=_SVG, headers=headers)
