import io

import numpy as np
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from tests.scores_api.conftest import Published

ARROW = "application/vnd.apache.arrow.stream"


@pytest.mark.parametrize("side", ["fragments", "targets"])
def test_pages_of_factors_join_to_all_vectors(client: TestClient, published: Published, side: str) -> None:
    contents = published.contents["many"]
    expected = {
        "fragments": (contents.canonical_FK, contents.balanced_FK),
        "targets": (contents.canonical_TK, contents.balanced_TK),
    }[side]
    items = []
    cursor: str | None = None
    while True:
        parameters: dict[str, str | int] = {
            "run": published.runs["many"],
            "limit": 1000,
            **({"cursor": cursor} if cursor else {}),
        }
        page = client.get(f"/v1/factors/{side}", params=parameters).json()
        assert (page["run"], page["side"]) == (published.runs["many"], side)
        items += page["items"]
        if (cursor := page["next"]) is None:
            break
    assert [item["id"] for item in items] == list(range(len(expected[0])))
    assert [item["name"] for item in items] == contents.facts[side]["name"].to_pylist()
    np.testing.assert_allclose([item["vector"] for item in items], expected[0], rtol=1e-6)
    np.testing.assert_allclose([item["balanced"] for item in items], expected[1], rtol=1e-6)


@pytest.mark.parametrize("side", ["fragments", "targets"])
@pytest.mark.parametrize("accept", [ARROW, f"{ARROW}, application/json;q=0.5", ARROW.upper()])
def test_one_arrow_stream_holds_all_of_them(client: TestClient, published: Published, side: str, accept: str) -> None:
    contents = published.contents["many"]
    response = client.get(f"/v1/factors/{side}", params={"run": published.runs["many"]}, headers={"accept": accept})
    assert response.headers["content-type"] == ARROW
    assert response.headers["vary"] == "Accept"
    with pa.ipc.open_stream(io.BytesIO(response.content)) as reader:
        table = reader.read_all()
    assert table.schema.remove_metadata() == pa.schema(
        [
            pa.field("id", pa.int32(), nullable=False),
            pa.field("name", pa.string(), nullable=False),
            pa.field("vector", pa.list_(pa.float32()), nullable=False),
            pa.field("balanced", pa.list_(pa.float32()), nullable=False),
        ]
    )
    assert table.schema.metadata == {b"run": published.runs["many"].encode(), b"side": side.encode()}
    factors = contents.canonical_FK if side == "fragments" else contents.canonical_TK
    np.testing.assert_allclose(np.array(table["vector"].to_pylist()), factors, rtol=1e-6)
    assert table["name"].to_pylist() == contents.facts[side]["name"].to_pylist()


def test_json_and_arrow_have_different_etags(client: TestClient) -> None:
    tags = {client.get("/v1/factors/targets", headers={"accept": accept}).headers["etag"] for accept in (ARROW, "*/*")}
    assert len(tags) == 2


def test_the_arrow_etag_is_compared_as_well(client: TestClient) -> None:
    tag = client.get("/v1/factors/targets", headers={"accept": ARROW}).headers["etag"]
    held = client.get("/v1/factors/targets", headers={"accept": ARROW, "if-none-match": tag})
    other = client.get("/v1/factors/targets", headers={"accept": "*/*", "if-none-match": tag})
    assert (held.status_code, other.status_code) == (304, 200)


def test_another_side_is_refused(client: TestClient) -> None:
    response = client.get("/v1/factors/compounds")
    assert response.status_code == 422
    assert response.json()["errors"][0]["place"] == "path.side"
