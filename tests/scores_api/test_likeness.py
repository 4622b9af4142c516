"""Every similarity, of one fragment and of several, against all pairs computed at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from tests.support.store import Contents, Publisher, five_fragments, many_fragments

from contracts.kinds import SimilarityKind
from contracts.tables import TABLES
from scores_api.app import create_app
from scores_api.settings import Settings

Floats = npt.NDArray[np.float64]

FRAGMENTS, SHOWN, TARGETS, RANK = 260, 220, 9, 4
BEYOND = (SimilarityKind.STRUCTURE, SimilarityKind.COASSAY)


@dataclass(frozen=True)
class Alike:
    """A client, a run of many fragments, and all similarities of it in percent."""

    client: TestClient
    contents: Contents
    percents: dict[SimilarityKind, Floats]
    bare: str
    """A run that publishes nothing beyond factors."""

    def neighbours(self, place: int, **asked: object) -> list[dict[str, Any]]:
        path = f"/v1/fragments/{quote(self.contents.names[place], safe='')}/neighbours"
        response = self.client.get(path, params={name: str(value) for name, value in asked.items()})
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    def nearest(self, place: int, kind: SimilarityKind, limit: int, most: float = 100.0) -> list[str]:
        """Names of the nearest shown fragments that look no more alike than `most`."""
        others = np.array([other for other in self.contents.shown if other != place])
        others = others[self.percents[SimilarityKind.STRUCTURE][place, others] <= most]
        order = np.argsort(-self.percents[kind][place, others].round(4), kind="stable")[:limit]
        return [self.contents.names[other] for other in others[order]]


def published(generator: np.random.Generator) -> tuple[Contents, dict[SimilarityKind, Floats]]:
    contents = many_fragments(FRAGMENTS, shown=SHOWN, targets=TARGETS, rank=RANK)
    sets = [sorted(generator.choice(30, size=generator.integers(3, 9), replace=False).tolist()) for _ in range(FRAGMENTS)]
    member_FD = np.array([[number in one for number in range(30)] for one in sets], dtype=np.float64)
    shared_FF, size_F = member_FD @ member_FD.T, member_FD.sum(axis=1)
    rows_FT = np.maximum(generator.normal(size=(FRAGMENTS, TARGETS)), 0)
    rows_FT[5] = 0.0  # was measured like everything else
    length_F1 = np.linalg.norm(rows_FT, axis=1, keepdims=True)
    rows_FT = np.divide(rows_FT, length_F1, out=np.zeros_like(rows_FT), where=length_F1 > 0)
    rows_FT = rows_FT.astype(np.float32).astype(np.float64)  # as they are published
    percents = {
        SimilarityKind.FUNCTION: contents.percents(SimilarityKind.FUNCTION),
        SimilarityKind.STRUCTURE: 100 * shared_FF / (size_F[:, None] + size_F - shared_FF),
        SimilarityKind.COASSAY: 100 * rows_FT @ rows_FT.T,
    }
    likeness: dict[str, Any] = {
        "fragment": range(FRAGMENTS),
        "environments": sets,
        "targets": [np.flatnonzero(row).astype(np.int32) for row in rows_FT],
        "coassay": [row[row > 0].astype(np.float32) for row in rows_FT],
    }
    tables = {"likeness": pa.Table.from_pydict(likeness, schema=TABLES["likeness"].schema)}
    contents = replace(contents, structure_FF=percents[SimilarityKind.STRUCTURE], likeness=tables)
    return contents, percents


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alike]:
    state = tmp_path_factory.mktemp("likeness")
    contents, percents = published(np.random.default_rng(0))
    publisher = Publisher(state)
    bare = publisher.publish(five_fragments())
    publisher.publish(contents)
    with TestClient(create_app(Settings(state=state)), base_url="http://api") as client:
        yield Alike(client, contents, percents, bare)


@pytest.mark.parametrize("kind", BEYOND)
@pytest.mark.parametrize("place", [0, 5, 77])
def test_neighbours_by_any_similarity_are_the_nearest_shown_ones(alike: Alike, kind: SimilarityKind, place: int) -> None:
    items = alike.neighbours(place, similarity=kind.value, limit=30)
    assert [item["name"] for item in items] == alike.nearest(place, kind, 30)
    assert [item["rank"] for item in items] == list(range(1, 31))
    others = [alike.contents.names.index(item["name"]) for item in items]
    for told in (SimilarityKind.FUNCTION, *BEYOND):
        np.testing.assert_allclose([item[told.value] for item in items], alike.percents[told][place, others], atol=0.006)


@pytest.mark.parametrize("kind", [SimilarityKind.FUNCTION, *BEYOND])
@pytest.mark.parametrize(("most", "limit"), [(20, 5), (4, 100), (0, 100)])
def test_alike_in_one_way_and_unlike_in_structure_can_be_asked_for(
    alike: Alike, kind: SimilarityKind, most: float, limit: int
) -> None:
    # In function, five lie ready in the published hundred; for a hundred the search goes on behind it.
    place = 3
    items = alike.neighbours(place, similarity=kind.value, max_structure=most, limit=limit)
    assert [item["name"] for item in items] == alike.nearest(place, kind, limit, most)
    assert all(item["structure"] <= most for item in items)


def test_one_fragment_without_a_structure_leaves_the_others_theirs(tmp_path: Path) -> None:
    contents, percents = published(np.random.default_rng(0))
    place = contents.shown[3]
    others = [other for other in contents.shown if other != place]
    without = max(others, key=lambda other: percents[SimilarityKind.COASSAY][place, other])
    table = contents.likeness["likeness"]
    sets = [None if number == without else found for number, found in enumerate(table["environments"].to_pylist())]
    column = table.schema.get_field_index("environments")
    table = table.set_column(column, table.schema.field(column), pa.array(sets, table.schema.field(column).type))
    Publisher(tmp_path).publish(replace(contents, likeness={"likeness": table}))
    with TestClient(create_app(Settings(state=tmp_path)), base_url="http://api") as client:
        path = f"/v1/fragments/{quote(contents.names[place], safe='')}/neighbours"
        items = client.get(path, params={"similarity": "coassay", "limit": "100"}).json()["items"]
    told = {item["name"]: item["structure"] for item in items}
    assert len(told) > 50
    assert [name for name, percent in told.items() if percent is None] == [contents.names[without]]
    for name, percent in told.items():
        if percent is not None:
            other = contents.names.index(name)
            assert percent == pytest.approx(percents[SimilarityKind.STRUCTURE][place, other], abs=0.006)


@pytest.mark.parametrize("kind", BEYOND)
def test_several_fragments_are_compared_by_any_similarity(alike: Alike, kind: SimilarityKind) -> None:
    places = [7, 5, 200, 31]
    question = {"fragments": [alike.contents.names[place] for place in places], "similarity": kind.value}
    answer = alike.client.post("/v1/similarities", json=question).json()
    expected_NN = alike.percents[kind][np.ix_(places, places)].copy()
    np.fill_diagonal(expected_NN, 100)
    np.testing.assert_allclose(answer["percents"], expected_NN, atol=0.01)
    np.testing.assert_array_equal(np.array(answer["percents"]), np.array(answer["percents"]).T)
    assert (answer["low"], answer["high"], answer["similarity"]) == (None, None, kind.value)


@pytest.mark.parametrize("asked", [{"similarity": "structure"}, {"max_structure": "30"}])
def test_a_run_without_structures_says_which_similarities_it_tells(alike: Alike, asked: dict[str, str]) -> None:
    response = alike.client.get("/v1/fragments/fA/neighbours", params={"run": alike.bare, **asked})
    assert response.status_code == 422
    assert response.json()["type"] == "/problems/similarity-unavailable"
    page = alike.client.get(response.json()["type"]).text
    assert "similarities" in page


def test_a_run_without_likeness_compares_no_structures(alike: Alike) -> None:
    question = {"fragments": ["fA", "fB"], "similarity": "coassay"}
    response = alike.client.post("/v1/similarities", params={"run": alike.bare}, json=question)
    assert response.status_code == 422
    assert response.json()["type"] == "/problems/similarity-unavailable"


@pytest.mark.parametrize("most", [-1, 101, "few"])
def test_percents_beyond_0_and_100_are_refused(alike: Alike, most: object) -> None:
    response = alike.client.get("/v1/fragments/x/neighbours", params={"max_structure": str(most)})
    assert response.status_code == 422
    assert response.json()["errors"][0]["place"] == "query.max_structure"
