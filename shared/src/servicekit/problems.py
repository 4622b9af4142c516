"""Problems: every failure a caller can meet, as RFC 9457 `application/problem+json`.

A service declares its `ProblemType`s as constants and raises `Problem`s of them. `install` turns these, FastAPI's
validation errors and Starlette's HTTP errors into problem documents; `servicekit.plain_errors` does so with the bare text that
Starlette answers by itself, and `servicekit.observation` with whatever nobody foresaw. Each type is explained by a
page, served at its `type` URI and kept as `docs/problems/<slug>.md` (generated from the same text by `make problems`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.routing import Match

from servicekit.excerpt import excerpt

__all__ = [
    "COMMON_PROBLEMS",
    "CONTENT_TOO_LARGE",
    "FORBIDDEN",
    "HOST_UNKNOWN",
    "INVALID_CURSOR",
    "INVALID_REQUEST",
    "NOT_FOUND",
    "NOT_READY",
    "ORIGIN_FOREIGN",
    "RUN_NOT_FOUND",
    "TOO_MANY_REQUESTS",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "Problem",
    "ProblemDocument",
    "ProblemType",
    "install",
    "of_status",
    "problem_response",
    "respond",
    "unforeseen",
]

MEDIA_TYPE: Final = "application/problem+json"
_LISTED: Final = 20
"""Places that an invalid request's problem names; `count` says how many there are."""
_LONGEST: Final = 1000
"""Characters of a detail or an address, whatever a caller sent; those who write details take excerpts of single names."""
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class ProblemType:
    """A kind of failure: a slug that never changes, a title, a status, and a page that helps."""

    slug: str
    title: str
    status: HTTPStatus
    explanation: str
    """Why it happens, in a sentence or two."""
    remedy: str
    """What the caller does about it."""

    def page(self) -> str:
        """The Markdown page of this type."""
        return (
            f"# {self.title}\n\n`{self.slug}` · HTTP {self.status.value} {self.status.phrase}\n\n"
            f"{self.explanation}\n\n## What to do\n\n{self.remedy}\n"
        )


class Problem(Exception):
    """A failure on its way to the caller.

    `extensions` become members of the problem document beside the standard ones, for example `errors=[...]`.
    """

    def __init__(self, kind: ProblemType, detail: str, *, headers: Mapping[str, str] | None = None, **extensions: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.extensions = extensions


class ProblemDocument(BaseModel):
    """The body of every error response (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    """A URI reference; `GET` it for an explanation."""
    title: str
    status: int
    detail: str
    instance: str
    """The path that was asked for."""


INVALID_REQUEST: Final = ProblemType(
    "invalid-request",
    "The request is not valid",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "A parameter, header or the body does not fit the OpenAPI document; `errors` names the first 20 places and what was "
    "expected, `count` says how many there are.",
    "Compare the request with the service's `/docs` and correct the places that `errors` names.",
)
NOT_FOUND: Final = ProblemType(
    "not-found",
    "There is nothing at this address",
    HTTPStatus.NOT_FOUND,
    "No route of this service has the path that was asked for.",
    "Look the path up in the service's `/docs`.",
)
METHOD_NOT_ALLOWED: Final = ProblemType(
    "method-not-allowed",
    "This address does not take this method",
    HTTPStatus.METHOD_NOT_ALLOWED,
    "The path exists, but not with the method of the request; the `Allow` header lists those it takes.",
    "Use one of the methods in the `Allow` header.",
)
HTTP_ERROR: Final = ProblemType(
    "http-error",
    "The request could not be served",
    HTTPStatus.BAD_REQUEST,
    "The server refused the request at the level of HTTP; the status and the detail say why.",
    "Correct the request as the detail says.",
)
INVALID_CURSOR: Final = ProblemType(
    "invalid-cursor",
    "The cursor is not one of this list",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "A cursor is the `next` of a page before; this one was made up, cut off or taken from another list.",
    "Start again without `cursor` and follow `next`.",
)
"""For services with paged lists, which name it among their own types."""
RUN_NOT_FOUND: Final = ProblemType(
    "run-not-found",
    "There is no such run",
    HTTPStatus.NOT_FOUND,
    "No run has the id, alias or name that was asked for; each is exact.",
    "List the runs with `GET /v1/runs`; the scores API reads the current one where none is named.",
)
"""For services that know runs."""
NOT_READY: Final = ProblemType(
    "not-ready",
    "The service is not ready yet",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Something the service needs before it can answer is missing; the detail names it.",
    "Wait as long as `Retry-After` says and ask again; `/readyz` shows what is missing.",
)
CONTENT_TOO_LARGE: Final = ProblemType(
    "content-too-large",
    "The body of the request is too large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "The body has more bytes than this address takes; nothing of it was used.",
    "Send less at a time.",
)
RANGE_NOT_SATISFIABLE: Final = ProblemType(
    "range-not-satisfiable",
    "The range lies outside the file",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    "`Range` asks for bytes behind the end of the file; `Content-Range` says how many bytes it has.",
    "Ask for a range inside the file, or for the whole of it without `Range`.",
)
HOST_UNKNOWN: Final = ProblemType(
    "host-unknown",
    "The service does not answer to this name",
    HTTPStatus.MISDIRECTED_REQUEST,
    "`Host` names neither this machine nor one of the names the service was told it has. A web page elsewhere can point a "
    "name of its own at this address; it gets no answer.",
    "Ask by `localhost`, by the address in numbers, or add the name to the service's `NTDEMO_ALLOWED_HOSTS`.",
)
ORIGIN_FOREIGN: Final = ProblemType(
    "origin-foreign",
    "Another site's page may not change anything here",
    HTTPStatus.FORBIDDEN,
    "A browser sent the request for a page of another origin, as `Origin` or `Sec-Fetch-Site` says.",
    "Send it from the service's own pages or from a program. The scores API takes pages of `SCORES_API_CORS_ORIGINS`.",
)
UNSUPPORTED_MEDIA_TYPE: Final = ProblemType(
    "unsupported-media-type",
    "The body is of a kind that is not taken here",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "`Content-Type` names a kind that this address does not take: JSON is sent as `application/json`, files as what they are, "
    "and never as a form or as plain text, which any web page can send.",
    "State the kind: `curl -H 'Content-Type: application/json'`, or `application/octet-stream` for a file.",
)
UNAUTHORIZED: Final = ProblemType(
    "unauthorized",
    "The key is missing, wrong or has expired",
    HTTPStatus.UNAUTHORIZED,
    "This service asks for keys: always where others reach it, and for what changes something wherever it was given one.",
    "Send `Authorization: Bearer KEY`; a browser asks for it, as the password of any user name. Who runs the service "
    "makes keys with `ntdemo-train keys create`, or set `NTDEMO_API_KEY` (`TRAINER_API_KEY`), which our own programs send.",
)
FORBIDDEN: Final = ProblemType(
    "forbidden",
    "The key may not do this",
    HTTPStatus.FORBIDDEN,
    "Keys may `read`, `train` or `admin`, each what those before it may; this needs more than the key has.",
    "Take another key, or have one made: `ntdemo-train keys create --scope train`.",
)
TOO_MANY_REQUESTS: Final = ProblemType(
    "too-many-requests",
    "This key asks too often",
    HTTPStatus.TOO_MANY_REQUESTS,
    "One key may make `NTDEMO_RATE_LIMIT` requests a minute, and has made them.",
    "Ask again after `Retry-After` seconds.",
)
INTERNAL_ERROR: Final = ProblemType(
    "internal-error",
    "Something went wrong in the service",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "A defect of the service: it met a situation that nobody foresaw. Its log holds the details under the request id.",
    "Ask again; if it happens again, report it with the `X-Request-ID` of the response.",
)
COMMON_PROBLEMS: Final = (
    INVALID_REQUEST,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    CONTENT_TOO_LARGE,
    RANGE_NOT_SATISFIABLE,
    HTTP_ERROR,
    NOT_READY,
    HOST_UNKNOWN,
    ORIGIN_FOREIGN,
    UNSUPPORTED_MEDIA_TYPE,
    UNAUTHORIZED,
    FORBIDDEN,
    TOO_MANY_REQUESTS,
    INTERNAL_ERROR,
)
"""Types that every service knows."""
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_BY_STATUS: Final = {
    kind.status: kind for kind in (NOT_FOUND, METHOD_NOT_ALLOWED, CONTENT_TOO_LARGE, RANGE_NOT_SATISFIABLE, INTERNAL_ERROR)
}


def problem_response(
    kind: ProblemType,
    detail: str,
    instance: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    extensions: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """The response that carries a problem document; `status` overrides the type's own."""
    code = int(status if status is not None else kind.status)
    body = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": code,
        "detail": excerpt(detail, _LONGEST),
        "instance": excerpt(instance, _LONGEST),
        **(extensions or {}),
    }
    return _ProblemResponse(body, status_code=code, headers=dict(headers or {}))


class _ProblemResponse(JSONResponse):
    """JSON that repeats whatever the caller sent; half a surrogate pair, which UTF-8 cannot hold, stays escaped."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


def install(app: FastAPI, types: Iterable[ProblemType]) -> None:
    """Make `app` answer every failure with a problem, and serve the pages of `types` and the common ones."""
    pages = {kind.slug: kind for kind in (*COMMON_PROBLEMS, *types)}
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)

    @app.get("/problems/{slug}", include_in_schema=False)
    async def problem_page(slug: str) -> Response:
        if slug not in pages:
            raise Problem(NOT_FOUND, f"There is no problem type {excerpt(slug)!r}.")
        return PlainTextResponse(pages[slug].page(), media_type="text/markdown; charset=utf-8")


def _instance(request: Request) -> str:
    """The path as it was sent: decoded, a `#` or `?` in it would not be told from the end of a path."""
    raw: bytes | None = request.scope.get("raw_path")
    return raw.decode("latin-1") if raw is not None else quote(request.scope["path"])


def respond(request: Request, problem: Problem) -> JSONResponse:
    """The response to `request` that carries `problem`; what is not ready says when to ask again."""
    headers = dict(problem.headers)
    if problem.kind.status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", "2")
    return problem_response(problem.kind, problem.detail, _instance(request), headers=headers, extensions=problem.extensions)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - the handler is registered for this class alone
    return respond(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the handler is registered for this class alone
    errors = [
        {"place": ".".join(excerpt(str(part)) for part in item["loc"]), "reason": item["msg"], "kind": item["type"]}
        for item in error.errors()
    ]
    places = "; ".join(f"{item['place']}: {item['reason']}" for item in errors[:3])
    extensions = {"errors": errors[:_LISTED], "count": len(errors)}
    return problem_response(INVALID_REQUEST, places, _instance(request), extensions=extensions)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler is registered for this class alone
    kind = of_status(error.status_code)
    detail = f"There is nothing at {excerpt(_instance(request))}." if kind is NOT_FOUND else str(error.detail)
    if isinstance(error.__cause__, UnicodeDecodeError):
        detail = f"The body is not UTF-8: {error.__cause__}."
    headers = {"Allow": ", ".join(_allowed(request))} if kind is METHOD_NOT_ALLOWED else error.headers
    return problem_response(kind, detail, _instance(request), status=error.status_code, headers=headers)


def _allowed(request: Request) -> list[str]:
    """The methods that the address takes, by any of its routes: Starlette names those of the first."""
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    return [
        method for method, scope in scopes.items() if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    ]


def of_status(status: int) -> ProblemType:
    """The common type for a failure of which no more than its HTTP status is known."""
    return _BY_STATUS.get(HTTPStatus(status), HTTP_ERROR)


def unforeseen(path: str, error: Exception) -> JSONResponse:
    """The response to a request for `path` that met what nobody foresaw, which is logged whole."""
    _log.error("request_failed", path=path, exc_info=error)
    return problem_response(INTERNAL_ERROR, "The service failed to answer; its log says why.", path)
