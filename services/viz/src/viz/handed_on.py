"""What browsers get as the scores API answers it, without a way to that API: drawings, and what a run left out."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Annotated, Any, Final, Self
from urllib.parse import quote, urlencode

import httpx
from fastapi import FastAPI, Query, Request
from fastapi.responses import Response
from pydantic import SecretStr

from servicekit.client import ServiceAway, ServiceProblem, asking, bearer, checked
from servicekit.tracing import propagating
from viz.failures import NotInRun, NotTold, UpstreamAway
from viz.language import N_
from viz.predicted import many_question
from viz.replacing import Question
from viz.view import CURRENT

__all__ = ["HandedOn", "install"]

_SCORES_API: Final = N_("the scores API")
_SD_FILE: Final = "chemical/x-mdl-sdfile"
_PATIENCE_S: Final = 20.0
_CHARACTERS: Final = 2000
_MOST: Final = 100
_KEPT: Final = ("ETag", "Cache-Control", "Content-Security-Policy", "Content-Type")
_DRAWN: Final = {
    "content": {"image/svg+xml": {"schema": {"type": "string", "format": "binary"}}},
    "description": "The picture.",
}


class HandedOn:
    """Asks the scores API; a client to be entered on the event loop that uses it, and left on the same."""

    def __init__(self, url: str, *, key: SecretStr | None = None) -> None:
        self._url = url
        self._client = httpx.AsyncClient(
            base_url=url,
            headers=bearer(key),
            timeout=httpx.Timeout(_PATIENCE_S, connect=2.0),
            trust_env=False,
            **propagating(),
            limits=httpx.Limits(max_connections=8),
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def drawing(self, query: str, held: str | None = None) -> httpx.Response:
        """What `GET /v1/drawings` answers to a query; a 304 where the tag `held` is still that of the drawing.

        Raises:
            NotTold: something in the query is no structure. So does the next method.
            UpstreamAway: the API cannot be asked. So does the next method.
        """
        return await self._get(f"/v1/drawings?{query}", held)

    async def of_fragment(self, run: str, fragment: str, held: str | None = None) -> httpx.Response:
        """The same of a fragment of a run, by its name."""
        return await self._get(f"/v1/fragments/{quote(fragment, safe='')}/drawing.svg?{urlencode({'run': run})}", held)

    async def rejects(self, run: str) -> httpx.Response:
        """What a run left out, as CSV."""
        return await self._get(f"/v1/runs/{quote(run, safe='')}/rejects", None, accept="text/csv")

    async def products(self, run: str, question: Question) -> bytes:
        """The molecules that a question leads to, as an SD file."""
        path, body = f"/v1/replacements?{urlencode({'run': run})}", question.body().to_dict()
        return (await self._ask("POST", path, json=body, headers={"Accept": _SD_FILE})).content

    async def predictions(self, run: str, molecules: Sequence[tuple[str, str]], *, target: str | None, limit: int) -> str:
        """What is expected of molecules, each a SMILES and a name, as an SD file."""
        smiles, names = zip(*molecules, strict=True)
        path, body = f"/v1/predictions?{urlencode({'run': run})}", many_question(smiles, target, limit, names=names).to_dict()
        return (await self._ask("POST", path, json=body, headers={"Accept": _SD_FILE})).text

    async def _get(self, path: str, held: str | None, *, accept: str = "*/*") -> httpx.Response:
        return await self._ask("GET", path, headers={"Accept": accept} | ({} if held is None else {"If-None-Match": held}))

    async def _ask(self, method: str, path: str, **question: Any) -> httpx.Response:
        try:
            with asking(_SCORES_API):
                return checked(await self._client.request(method, path, **question))
        except ServiceAway as away:
            raise UpstreamAway(_SCORES_API, self._url, away) from away
        except ServiceProblem as problem:
            if problem.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
                raise NotInRun(problem.detail) from problem
            if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise NotTold(f"{problem.title}. {problem.detail}") from problem
            raise UpstreamAway(_SCORES_API, self._url, f"{problem.title}: {problem.detail}") from problem


def install(app: FastAPI, handed_on: HandedOn) -> None:
    """Add the routes to `app`."""

    @app.get(
        "/drawings",
        tags=["drawings"],
        summary="A structure as SVG, as the scores API draws it.",
        response_class=Response,
        responses={200: _DRAWN},
    )
    async def get_drawing(
        request: Request,
        *,
        smiles: Annotated[str, Query(min_length=1, max_length=_CHARACTERS, description="A molecule or a fragment.")],  # noqa: ARG001 - handed on as it was sent
        highlight: Annotated[list[str], Query(max_length=_MOST, description="Fragments whose atoms are lit.")] = [],  # noqa: ARG001, B006 - as above
        weight: Annotated[list[float], Query(max_length=_MOST, description="What each of them adds.")] = [],  # noqa: ARG001, B006 - as above
        template: Annotated[str | None, Query(max_length=_CHARACTERS, description="What it is turned after.")] = None,  # noqa: ARG001 - as above
        atoms: Annotated[bool, Query(description="A disc with its number on each atom.")] = False,  # noqa: ARG001 - as above
    ) -> Response:
        return _handed_on(await handed_on.drawing(request.url.query, request.headers.get("if-none-match")))

    @app.get(
        "/drawings/of-fragment",
        tags=["drawings"],
        summary="A fragment's structure as SVG, by its name.",
        response_class=Response,
        responses={200: _DRAWN},
    )
    async def get_fragment_drawing(
        request: Request,
        fragment: Annotated[str, Query(min_length=1, description="Name of the fragment.")],
        run: Annotated[str, Query(description="Id of the run, or `current`.")] = CURRENT,
    ) -> Response:
        return _handed_on(await handed_on.of_fragment(run, fragment, request.headers.get("if-none-match")))

    @app.get(
        "/exports/rejects.csv",
        tags=["exports"],
        summary="Rows and cells that a run left out, as CSV.",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "One row a reject."}},
    )
    async def export_rejects(run: Annotated[str, Query(description="Id of the run, or `current`.")] = CURRENT) -> Response:
        told = await handed_on.rejects(run)
        named = re.sub(r"[^A-Za-z0-9_-]+", "-", run)[:80] or "run"
        disposition = f'attachment; filename="left-out-{named}.csv"'
        return Response(told.content, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})

    @app.get(
        "/exports/products.sdf",
        tags=["exports"],
        summary="Molecules that replacing a fragment leads to, as an SD file.",
        response_class=Response,
        responses={200: {"content": {_SD_FILE: {"schema": {"type": "string"}}}, "description": "One molecule a record."}},
    )
    async def export_structures(
        compound: Annotated[str, Query(min_length=1, description="The molecule as SMILES.")],
        fragment: Annotated[str | None, Query(min_length=1, description="Name of the fragment.")] = None,
        atom: Annotated[int | None, Query(ge=0, description="An atom of it, counted from 0 as the SMILES is written.")] = None,
        target: Annotated[str | None, Query(description="The target that orders them.")] = None,
        keep: Annotated[list[str], Query(max_length=5)] = [],  # noqa: B006 - read only
        lose: Annotated[list[str], Query(max_length=5)] = [],  # noqa: B006 - the same
        run: Annotated[str, Query(description="Id of the run, or `current`.")] = CURRENT,
    ) -> Response:
        found = await handed_on.products(run, Question(compound, fragment, atom, target, tuple(keep), tuple(lose)))
        disposition = 'attachment; filename="products.sdf"'
        return Response(found, media_type=_SD_FILE, headers={"Content-Disposition": disposition})


def _handed_on(drawn: httpx.Response) -> Response:
    headers = {name: drawn.headers[name] for name in _KEPT if name in drawn.headers}
    return Response(drawn.content, drawn.status_code, headers=headers)
