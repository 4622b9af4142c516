from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from servicekit.application import create_application


async def ready() -> dict[str, str]:
    return {}


async def first(_: Request) -> PlainTextResponse:
    return PlainTextResponse("first")


def made(*routes: Route) -> FastAPI:
    return create_application(title="t", version="1", summary="", description="", ready=ready, problem_types=(), routes=routes)


def test_routes_that_are_given_are_matched_before_all_others() -> None:
    with TestClient(made(Route("/healthz", first))) as client:
        assert client.get("/healthz").text == "first"


def test_every_get_answers_head_with_the_same_head_and_no_body(client: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/limited/a", "/problems/teapot", "/openapi.json", "/docs"):
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "content-length"):
            assert head.headers[name] == got.headers[name], path


def test_who_takes_another_method_is_told_all_that_are_taken(client: TestClient) -> None:
    def allowed(method: str, path: str) -> set[str]:
        response = client.request(method, path)
        assert response.status_code == 405
        return set(response.headers["allow"].split(", "))

    assert allowed("PUT", "/limited/a") == {"GET", "HEAD"}
    assert allowed("GET", "/echo") == {"POST"}


def test_the_document_states_get_once_and_not_head(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths["/limited/{name}"]) == {"get"}


def test_a_router_that_is_included_keeps_its_own_kind_of_route() -> None:
    router = APIRouter()

    @router.get("/plain")
    async def plain() -> str:
        return "plain"

    app = made()
    app.include_router(router)
    with TestClient(app) as client:
        assert client.get("/plain").json() == "plain"
        assert client.head("/plain").status_code == 405
