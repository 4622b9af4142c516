"""What HTTP promises of every published answer."""

import pytest
from fastapi.testclient import TestClient
from tests.scores_api.conftest import Published

ADDRESSES = [
    "/cosine/score",
    "/v1/runs",
    "/v1/runs/current",
    "/v1/runs/current/curve",
    "/v1/runs/current/trajectory",
    "/v1/fragments",
    "/v1/fragments/fA",
    "/v1/fragments/fA/neighbours",
    "/v1/factors/fragments",
    "/v1/factors/targets",
    "/v1/artifacts",
    "/v1/artifacts/factors/latest",
    "/v1/artifacts/factors/latest/files/factors.onnx",
]

pytestmark = pytest.mark.parametrize("address", ADDRESSES)


def test_it_carries_an_etag_and_must_be_asked_for_again(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    assert headers["etag"].startswith('"')
    assert headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("condition", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_who_holds_it_is_told_so_without_a_body(client: TestClient, address: str, condition: str) -> None:
    tag = client.get(address).headers["etag"]
    response = client.get(address, headers={"if-none-match": condition.format(tag=tag)})
    assert response.status_code == 304
    assert response.content == b""
    assert response.headers["etag"] == tag
    assert "x-request-id" in response.headers


@pytest.mark.parametrize("condition", ['"other"', "", "nonsense", 'W/"other"'])
def test_who_holds_another_gets_it(client: TestClient, address: str, condition: str) -> None:
    assert client.get(address, headers={"if-none-match": condition}).status_code == 200


def test_head_has_the_same_head_and_no_body(client: TestClient, address: str) -> None:
    got, head = client.get(address), client.head(address)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("etag", "content-type", "content-length"):
        assert head.headers[name] == got.headers[name]


def test_another_run_has_another_etag_where_the_address_takes_a_run(
    client: TestClient, address: str, published: Published
) -> None:
    other = f"{address}{'&' if '?' in address else '?'}run={published.runs['stretched']}"
    takes_run = "artifacts" not in address and "/v1/runs" not in address
    assert (client.get(other).headers["etag"] != client.get(address).headers["etag"]) == takes_run


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
def test_it_cannot_be_changed(client: TestClient, address: str, method: str) -> None:
    response = client.request(method, address)
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert response.json()["type"] == "/problems/method-not-allowed"
