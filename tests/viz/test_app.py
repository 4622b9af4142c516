"""The Dash application's HTTP side: headers, problems, exports, the page that loads everything."""

import csv
import io
import json
import re
from collections.abc import Iterator

import httpx
import pytest
from fastapi.testclient import TestClient
from tests.viz.conftest import Addresses

from viz.app import create_app
from viz.settings import Settings


@pytest.fixture(scope="module")
def lonely() -> Iterator[TestClient]:
    """viz whose scores API is away."""
    with TestClient(create_app(Settings(NTDEMO_HOST="127.0.0.1", NTDEMO_PORT=9))) as client:
        yield client


def test_it_is_alive_without_the_scores_api_and_says_what_it_lacks(lonely: TestClient) -> None:
    assert lonely.get("/healthz").status_code == 200
    ready = lonely.get("/readyz")
    assert ready.status_code == 503
    assert "http://127.0.0.1:9 does not answer" in ready.json()["missing"]["scores-api"]


def test_it_is_ready_before_a_scores_api_with_a_run(addresses: Addresses, http: httpx.Client) -> None:
    assert http.get(f"{addresses.dash}/readyz").json() == {"ready": True, "missing": {}}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_v1_path_is_a_problem_and_no_page(lonely: TestClient, method: str) -> None:
    answer = lonely.request(method, "/v1/fragments/fB")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/fragments", "/v1/nothing", "/healthz", "/assets/viz.css"])
def test_every_answer_carries_the_security_headers(lonely: TestClient, path: str) -> None:
    headers = lonely.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "'unsafe-inline'" not in policy["script-src"]
    assert not re.search(r"https?:|\*", headers["content-security-policy"])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_the_documentation_page_may_run_its_script(lonely: TestClient) -> None:
    answer = lonely.get("/docs")
    assert "swagger" in answer.text
    assert "'unsafe-inline'" in answer.headers["content-security-policy"].split("script-src")[1].split(";")[0]


def test_the_page_names_its_language_and_loads_from_here_alone(lonely: TestClient) -> None:
    page = lonely.get("/").text
    assert '<html lang="en">' in page
    assert "<noscript>" in page
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) > 5
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)


@pytest.mark.parametrize("path", ["/training", "/fragments?fragment=fB", "/"])
def test_whichever_page_comes_first_is_whole(path: str) -> None:
    with TestClient(create_app(Settings(NTDEMO_HOST="127.0.0.1", NTDEMO_PORT=9))) as client:
        page = client.get(path).text
        callbacks = client.get("/_dash-dependencies").json()
    assert "/assets/viz.css" in page
    assert "/assets/viz.js" in page
    assert len(callbacks) > 10


def test_pages_are_told_of_no_websocket(lonely: TestClient) -> None:
    page = lonely.get("/").text
    assert '"requests_pathname_prefix"' in page
    assert "websocket" not in page


def test_no_callback_may_be_reached_as_another_method(lonely: TestClient) -> None:
    assert lonely.put("/_dash-update-component").status_code == 405


_SEARCH = {"id": "address", "property": "search", "value": ""}
_HEALTH = {"id": "health", "property": "data", "value": None}
_SIDE = {"output": "space-side.children", "outputs": {"id": "space-side", "property": "children"}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junk",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"output": 5}',
        json.dumps({"output": "nobody.children", "outputs": [], "inputs": []}).encode(),
        json.dumps({"output": "content.title", "outputs": [], "inputs": [{"id": "title", "property": "data"}]}).encode(),
        json.dumps({**_SIDE, "inputs": []}).encode(),
        json.dumps({**_SIDE, "inputs": [_HEALTH, _SEARCH]}).encode(),
        json.dumps({**_SIDE, "inputs": [_SEARCH, _HEALTH], "changedPropIds": [5]}).encode(),
    ],
)
def test_a_callback_asked_for_with_junk_is_an_invalid_request(lonely: TestClient, body: bytes) -> None:
    answer = lonely.post("/_dash-update-component", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")


def test_a_callback_asked_for_with_too_much_is_refused(lonely: TestClient) -> None:
    answer = lonely.post("/_dash-update-component", content=b" " * (2**20 + 1), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/content-too-large")


def test_a_callback_not_stated_to_be_json_is_refused(lonely: TestClient) -> None:
    body = json.dumps({**_SIDE, "inputs": [_SEARCH, _HEALTH]})
    for kind, status in (("text/plain", 415), ("application/problem+json", 422)):
        answer = lonely.post("/_dash-update-component", content=body, headers={"Content-Type": kind})
        assert answer.status_code == status


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, {"points": 5}], ids=repr)
def test_no_value_that_a_callback_gets_is_a_fault_of_the_service(lonely: TestClient, value: object) -> None:
    callbacks = [each for each in lonely.get("/_dash-dependencies").json() if each["clientside_function"] is None]
    for callback in callbacks:
        outputs = [
            {"id": part.rsplit(".", 1)[0], "property": part.rsplit(".", 1)[1]}
            for part in callback["output"].strip(".").split("...")
        ]
        body = {
            "output": callback["output"],
            "outputs": outputs if callback["output"].startswith("..") else outputs[0],
            "inputs": [{**each, "value": value} for each in callback["inputs"]],
            "state": [{**each, "value": value} for each in callback["state"]],
            "changedPropIds": [],
        }
        answer = lonely.post("/_dash-update-component", json=body)
        assert answer.status_code < 500, (callback["output"], answer.text)


def test_the_nearest_fragments_are_exported_as_csv(addresses: Addresses, http: httpx.Client) -> None:
    answer = http.get(f"{addresses.dash}/exports/neighbours.csv", params={"fragment": "fB"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="nearest-fB-balanced.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["name"] for row in rows] == ["fC", "fD", "fE", "fA"]
    assert float(rows[0]["balanced"]) == pytest.approx(98, abs=0.5)


def test_names_with_signs_are_exported_too(addresses: Addresses, http: httpx.Client) -> None:
    found = http.get(f"{addresses.scores}/v1/fragments", params={"run": addresses.many, "query": "C#N", "limit": 3}).json()
    name = found["items"][0]["name"]
    answer = http.get(
        f"{addresses.dash}/exports/neighbours.csv", params={"fragment": name, "run": addresses.many, "similarity": "function"}
    )
    assert len(list(csv.DictReader(io.StringIO(answer.text)))) == 100
    assert re.fullmatch(r'attachment; filename="nearest-[A-Za-z0-9_-]+-function\.csv"', answer.headers["content-disposition"])


@pytest.mark.parametrize(
    ("query", "status", "slug"),
    [
        ({"fragment": "nobody"}, 404, "not-in-run"),
        ({"fragment": "fB", "run": "factors-nowhere"}, 404, "not-in-run"),
        ({"fragment": "fB", "similarity": "smell"}, 422, "invalid-request"),
        ({}, 422, "invalid-request"),
    ],
)
def test_an_export_that_cannot_be_is_a_problem(
    addresses: Addresses, http: httpx.Client, query: dict[str, str], status: int, slug: str
) -> None:
    answer = http.get(f"{addresses.dash}/exports/neighbours.csv", params=query)
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{slug}"
    assert http.get(addresses.dash + answer.json()["type"]).text.startswith("# ")


def test_an_export_without_the_scores_api_is_a_problem(lonely: TestClient) -> None:
    answer = lonely.get("/exports/neighbours.csv", params={"fragment": "fB"})
    assert answer.status_code == 502
    assert answer.json()["type"] == "/problems/upstream-away"


def test_scripts_are_compressed_kept_by_browsers_and_complete(lonely: TestClient) -> None:
    path = next(source for source in re.findall(r'src="([^"]+)"', lonely.get("/").text) if "dash_core_components.v" in source)
    plain = lonely.get(path, headers={"Accept-Encoding": "identity"})
    squeezed = lonely.get(path, headers={"Accept-Encoding": "gzip"})
    assert squeezed.headers["content-encoding"] == "gzip"
    assert int(squeezed.headers["content-length"]) < len(plain.content) / 2
    assert squeezed.text == plain.text
    assert "immutable" in squeezed.headers["cache-control"]
    again = lonely.get(path, headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_plotly_is_asked_for_anew_but_not_sent_anew(lonely: TestClient) -> None:
    path = "/_dash-component-suites/plotly/package_data/plotly.min.js"
    first = lonely.get(path)
    assert "plotly.js v4" in first.text[:200]
    assert first.headers["cache-control"] == "public, no-cache"
    assert lonely.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def test_a_script_that_does_not_exist_is_no_page(lonely: TestClient) -> None:
    answer = lonely.get("/_dash-component-suites/plotly/package_data/nothing.js")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


def test_an_export_that_the_run_cannot_tell_is_a_problem(addresses: Addresses, http: httpx.Client) -> None:
    answer = http.get(f"{addresses.dash}/exports/neighbours.csv", params={"fragment": "fB", "structure": "unlike"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/not-told"
    assert "tells nothing of structures" in answer.json()["detail"]
