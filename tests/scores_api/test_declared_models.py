"""What is sent is what the OpenAPI document declares: every published answer is read back by its route's model."""

import json
from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import BaseModel
from tests.scores_api.conftest import AWKWARD, Published


def model_of(app: FastAPI, path: str) -> type[BaseModel]:
    (route,) = [route for route in app.routes if isinstance(route, APIRoute) and route.path == path]
    assert isinstance(route.response_model, type)
    assert issubclass(route.response_model, BaseModel)
    return route.response_model


def addresses(published: Published) -> Iterator[tuple[str, str]]:
    """Template of a route, and an address of it, for each kind of run and of question."""
    fragments = {"stretched": 1, "many": 2, "awkward": len(AWKWARD), "five": 5}
    yield "/v1/runs", "/v1/runs"
    yield "/v1/artifacts", "/v1/artifacts"
    yield "/v1/artifacts/{artifact}/{version}", "/v1/artifacts/factors/latest"
    yield "/v1/runs/compare", f"/v1/runs/compare?a={published.runs['stretched']}&b=current"
    yield "/v1/runs/compare", f"/v1/runs/compare?a={published.runs['many']}&b=current"
    yield "/v1/runs/{run}/map", f"/v1/runs/{published.runs['five']}/map"
    for kind, run in published.runs.items():
        yield "/v1/runs/{run}", f"/v1/runs/{run}"
        yield "/v1/runs/{run}/curve", f"/v1/runs/{run}/curve"
        yield "/v1/runs/{run}/trajectory", f"/v1/runs/{run}/trajectory"
        yield "/v1/runs/{run}/rejects", f"/v1/runs/{run}/rejects?limit=3"
        yield "/v1/fragments", f"/v1/fragments?run={run}&limit=7&shown=false"
        yield "/v1/fragments", f"/v1/fragments?run={run}&query=zzzzz"
        for side in ("fragments", "targets"):
            yield "/v1/factors/{side}", f"/v1/factors/{side}?run={run}&limit=3"
        if kind != "many":
            yield "/cosine/score", f"/cosine/score?run={run}"
        for number in range(fragments[kind]):
            yield "/v1/fragments/{fragment:path}", f"/v1/fragments/id:{number}?run={run}"
            for question in ("", "&limit=100", "&similarity=balanced"):
                path = f"/v1/fragments/id:{number}/neighbours?run={run}{question}"
                yield "/v1/fragments/{fragment:path}/neighbours", path


def test_every_answer_is_one_of_the_declared_model_and_says_no_more(client: TestClient, published: Published) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    seen = set()
    for template, address in addresses(published):
        response = client.get(address)
        assert response.status_code == 200, address
        model = model_of(app, template)
        answer = model.model_validate_json(response.content, strict=True)
        assert json.loads(answer.model_dump_json()) == response.json(), address
        seen.add(template)
    described = {route.path for route in app.routes if isinstance(route, APIRoute) and route.include_in_schema}
    answering = {path for path in described if path.startswith(("/v1", "/cosine"))}
    asked_by_post_or_bytes = {
        "/v1/similarities",
        "/v1/predictions",
        "/v1/replacements",
        "/v1/pairs",  # these three of runs that measured replacements: test_replacements.py
        "/v1/fragments/{fragment:path}/replacements",
        "/v1/drawings",  # SVG, as the next
        "/v1/fragments/{fragment:path}/drawing.svg",
        "/v1/artifacts/{artifact}/{version}/files/{file}",
    }
    assert seen == answering - asked_by_post_or_bytes, "every route that answers JSON is asked"
