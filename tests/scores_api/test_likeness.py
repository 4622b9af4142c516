"""Every similarity, of one fragment and of several, against all pairs computed at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from tests.support.store import Contents, Publisher, five_fragments, many_fragments

from contracts.kinds import Objective, SimilarityKind
from contracts.tables import TABLES
from scores_api.app import create_app
from scores_api.settings import Settings

Floats = npt.NDArray[np.float64]

FRAGMENTS, SHOWN, TARGETS, DRAWS, RANK = 260, 220, 9, 40, 4
WEIGHTS = {SimilarityKind.FUNCTION: 0.25, SimilarityKind.STRUCTURE: 0.75}
SCORES = ([-10_000.0, 10.0, 40.0, 90.0, 10_000.0], [0.0, 0.2, 0.5, 0.9, 1.0])
KNOTS = ([-100.0, -20.0, 10.0, 100.0], [0.0, 0.4, 0.75, 1.0])
BEYOND = (SimilarityKind.STRUCTURE, SimilarityKind.COASSAY, SimilarityKind.COMBINED)


@dataclass(frozen=True)
class Alike:
    """A client, a run of many fragments, and all similarities of it in percent."""

    client: TestClient
    contents: Contents
    percents: dict[SimilarityKind, Floats]
    cosines_SFF: Floats
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


def published(
    generator: np.random.Generator, *, exchanges: bool = False
) -> tuple[Contents, dict[SimilarityKind, Floats], Floats]:
    contents = many_fragments(FRAGMENTS, shown=SHOWN, targets=TARGETS, rank=RANK)
    sets = [sorted(generator.choice(30, size=generator.integers(3, 9), replace=False).tolist()) for _ in range(FRAGMENTS)]
    member_FD = np.array([[number in one for number in range(30)] for one in sets], dtype=np.float64)
    shared_FF, size_F = member_FD @ member_FD.T, member_FD.sum(axis=1)
    rows_FT = np.maximum(generator.normal(size=(FRAGMENTS, TARGETS)), 0)
    rows_FT[5] = 0.0  # was measured like everything else
    length_F1 = np.linalg.norm(rows_FT, axis=1, keepdims=True)
    rows_FT = np.divide(rows_FT, length_F1, out=np.zeros_like(rows_FT), where=length_F1 > 0)
    rows_FT = rows_FT.astype(np.float32).astype(np.float64)  # as they are published
    directions_FSK = contents.canonical_FK[:, None] + 0.4 * generator.normal(size=(FRAGMENTS, DRAWS, RANK))
    directions_FSK = (directions_FSK / np.linalg.norm(directions_FSK, axis=2, keepdims=True)).astype(np.float16)
    cosines_SFF = 100 * np.einsum("fsk,gsk->sfg", directions_FSK.astype(np.float64), directions_FSK.astype(np.float64))
    joined_FD = directions_FSK.reshape(FRAGMENTS, -1).astype(np.float64)
    unit_FD = joined_FD / np.linalg.norm(joined_FD, axis=1, keepdims=True)
    percents = {
        SimilarityKind.FUNCTION: 100 * unit_FD @ unit_FD.T,
        SimilarityKind.STRUCTURE: 100 * shared_FF / (size_F[:, None] + size_F - shared_FF),
        SimilarityKind.COASSAY: 100 * rows_FT @ rows_FT.T,
    }
    parts = [np.interp(percents[kind], *KNOTS) for kind in (SimilarityKind.FUNCTION, SimilarityKind.STRUCTURE)]
    percents[SimilarityKind.COMBINED] = 50 * (parts[0] + parts[1])
    likeness: dict[str, Any] = {
        "fragment": range(FRAGMENTS),
        "environments": sets,
        "targets": [np.flatnonzero(row).astype(np.int32) for row in rows_FT],
        "coassay": [row[row > 0].astype(np.float32) for row in rows_FT],
    }
    ranks: list[dict[str, Any]] = [
        {"similarity": kind.value, "percents": KNOTS[0], "shares": KNOTS[1], "weight": WEIGHTS[kind]} for kind in WEIGHTS
    ]
    if exchanges:
        ease_F = generator.normal(scale=0.1, size=FRAGMENTS).astype(np.float32)
        gain_FF = np.triu(
            0.5 * generator.normal(size=(FRAGMENTS, FRAGMENTS)) * (generator.random((FRAGMENTS, FRAGMENTS)) < 0.1), 1
        )
        gain_FF = (gain_FF + gain_FF.T).astype(np.float32)
        likeness |= {
            "ease": ease_F,
            "exchanged": [np.flatnonzero(row).astype(np.int32) for row in gain_FF],
            "exchanges": [row[row != 0] for row in gain_FF],
        }
        ranks.append({"similarity": "combined", "percents": SCORES[0], "shares": SCORES[1], "weight": None})
        gained_FF = ease_F[:, None].astype(np.float64) + ease_F + gain_FF
        scores_FF = sum((WEIGHTS[kind] * part for kind, part in zip(WEIGHTS, parts, strict=True)), gained_FF)
        percents[SimilarityKind.COMBINED] = 100 * np.interp(100 * scores_FF, *SCORES)
    tables = {
        "likeness": pa.Table.from_pydict(
            {field.name: likeness.get(field.name, [None] * FRAGMENTS) for field in TABLES["likeness"].schema},
            schema=TABLES["likeness"].schema,
        ),
        "ranks": pa.Table.from_pylist(ranks, schema=TABLES["ranks"].schema),
    }
    contents = replace(
        contents,
        draws_FSK=directions_FSK,
        canonical_FK=joined_FD,
        balanced_FK=joined_FD,
        canonical_TK=np.zeros((TARGETS, DRAWS * RANK)),
        balanced_TK=np.zeros((TARGETS, DRAWS * RANK)),
        structure_FF=percents[SimilarityKind.STRUCTURE],
        likeness=tables,
    )
    return contents, percents, cosines_SFF


@pytest.fixture(scope="module", params=[False, True], ids=["ranks", "exchanges"])
def alike(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alike]:
    state = tmp_path_factory.mktemp("likeness")
    contents, percents, cosines_SFF = published(np.random.default_rng(0), exchanges=request.param)
    publisher = Publisher(state)
    bare = publisher.publish(five_fragments())
    publisher.publish(contents, objective=Objective.ACTIVITY)
    with TestClient(create_app(Settings(state=state)), base_url="http://api") as client:
        yield Alike(client, contents, percents, cosines_SFF, bare)


@pytest.mark.parametrize("kind", BEYOND)
@pytest.mark.parametrize("place", [0, 5, 77])
def test_neighbours_by_any_similarity_are_the_nearest_shown_ones(alike: Alike, kind: SimilarityKind, place: int) -> None:
    items = alike.neighbours(place, similarity=kind.value, limit=30)
    assert [item["name"] for item in items] == alike.nearest(place, kind, 30)
    assert [item["rank"] for item in items] == list(range(1, 31))
    others = [alike.contents.names.index(item["name"]) for item in items]
    for told in (SimilarityKind.FUNCTION, *BEYOND):
        np.testing.assert_allclose([item[told.value] for item in items], alike.percents[told][place, others], atol=0.006)
    for name, quantile in (("low", 0.05), ("high", 0.95)):
        bounds = np.quantile(alike.cosines_SFF[:, place, others], quantile, axis=0)
        np.testing.assert_allclose([item[name] for item in items], bounds, atol=0.006)


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


@pytest.mark.parametrize("asked", [{"similarity": "structure"}, {"similarity": "combined"}, {"max_structure": "30"}])
def test_a_run_without_structures_says_which_similarities_it_tells(alike: Alike, asked: dict[str, str]) -> None:
    response = alike.client.get("/v1/fragments/fA/neighbours", params={"run": alike.bare, **asked})
    assert response.status_code == 422
    assert response.json()["type"] == "/problems/similarity-unavailable"
    page = alike.client.get(response.json()["type"]).text
    assert "similarity=function" in page


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
