"""The numbers that pages show are those of the scores API, whatever the run and the similarity."""

import asyncio
import csv
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi.testclient import TestClient
from tests.viz.conftest import Addresses, Published

from contracts.kinds import SimilarityKind
from viz.app import create_app
from viz.pairs import Pairs
from viz.scores import Scores
from viz.settings import Settings


def _drawn(scores_url: str, address: str) -> Any:
    """What the page of 3-D draws."""
    body = {
        "output": "space-view.children",
        "outputs": {"id": "space-view", "property": "children"},
        "inputs": [
            {"id": "address", "property": "search", "value": address},
            {"id": "health", "property": "data", "value": {"state": "ready"}},
            {"id": "scheme", "property": "data", "value": "light"},
        ],
        "changedPropIds": ["address.search"],
    }
    with TestClient(create_app(Settings(NTDEMO_HOST="127.0.0.1", NTDEMO_PORT=scores_url.rsplit(":", 1)[1]))) as viz:
        return viz.post("/_dash-update-component", json=body).json()["response"]["space-view"]["children"]


@pytest.mark.parametrize(
    ("colour", "member"),
    [("size", "heavy_atoms"), ("rings", "rings"), ("charge", "charge"), ("logp", "logp"), ("support", "support")],
)
def test_the_map_colours_by_what_the_scores_api_says_of_structures(
    published: Published, scores_url: str, http: httpx.Client, colour: str, member: str
) -> None:
    listed = http.get(f"{scores_url}/v1/fragments", params={"run": published.replaced, "limit": 100}).json()["items"]
    figure = _figure(_drawn(scores_url, f"?run={published.replaced}&drawn=map&colour={colour}"))
    points: dict[str, Any] = next(trace for trace in figure["data"] if trace.get("customdata"))
    coloured = dict(zip((name for name, *_ in points["customdata"]), points["marker"]["color"], strict=True))
    stated = {item["name"]: item[member] for item in listed}
    if colour in {"size", "support"}:
        coloured = {name: 10**value for name, value in coloured.items()}
    assert coloured == pytest.approx(stated)


@pytest.mark.slow
@pytest.mark.parametrize("similarity", ["function", "structure", "coassay"])
def test_the_3d_page_colours_by_what_the_scores_api_says(
    published: Published, scores_url: str, http: httpx.Client, similarity: str
) -> None:
    run, chosen = {"run": published.replaced}, "*Cl"
    listed = http.get(f"{scores_url}/v1/fragments", params=run | {"limit": 100}).json()["items"]
    names = [item["name"] for item in listed]
    question = {"fragments": names, "similarity": similarity}
    stated = http.post(f"{scores_url}/v1/similarities", params=run, json=question).json()["percents"][names.index(chosen)]
    address = f"?run={published.replaced}&fragment={quote(chosen)}&similarity={similarity}&table=shown"
    page = _drawn(scores_url, address)
    points: dict[str, Any] = next(
        trace for trace in _figure(page)["data"] if trace["type"] == "scatter3d" and trace.get("customdata")
    )
    shown = {name: percent for name, _, percent in points["customdata"]}
    assert shown == pytest.approx(dict(zip(names, stated, strict=True)))
    assert ("told by the distances of all of them" in json.dumps(page)) is (similarity == "function")


def test_the_pairs_of_the_histogram_are_what_the_scores_api_says(
    published: Published, scores_url: str, http: httpx.Client
) -> None:
    async def gathered() -> Pairs:
        async with Scores(scores_url) as scores:
            return await scores.pairs(published.replaced, SimilarityKind.FUNCTION, on_block=lambda *_: None)

    pairs = asyncio.run(gathered())
    run = {"run": published.replaced}
    question = {"fragments": pairs.names, "similarity": "function"}
    stated = http.post(f"{scores_url}/v1/similarities", params=run, json=question).json()["percents"]
    told = {frozenset((pair.first, pair.second)): pair.percent for pair in pairs.within(-100, 100, 9999)[0]}
    assert len(pairs.names) == 18
    assert told == pytest.approx(
        {
            frozenset((one, other)): stated[at][beside]
            for at, one in enumerate(pairs.names)
            for beside, other in enumerate(pairs.names)
            if at < beside
        }
    )


_TOLD = [("few", "function"), ("few", "balanced"), *(("replaced", kind) for kind in ("function", "structure", "coassay"))]


@pytest.mark.parametrize(("told_by", "similarity"), _TOLD)
def test_nearest_fragments_are_listed_by_any_similarity(
    published: Published, addresses: Addresses, http: httpx.Client, told_by: str, similarity: str
) -> None:
    query = {"run": getattr(published, told_by), "similarity": similarity}
    chosen = {"few": "fB", "replaced": "*Cl"}[told_by]
    stated = http.get(f"{addresses.scores}/v1/fragments/{chosen}/neighbours", params=query | {"limit": 100}).json()["items"]
    exported = http.get(f"{addresses.dash}/exports/neighbours.csv", params=query | {"fragment": chosen})
    rows = list(csv.DictReader(exported.text.splitlines()))
    assert stated
    assert [row["name"] for row in rows] == [item["name"] for item in stated]
    assert [float(row[similarity]) for row in rows] == [item[similarity] for item in stated]
    assert [row["swaps"] or None for row in rows] == [None if item["swaps"] is None else str(item["swaps"]) for item in stated]


def _figure(component: object) -> dict[str, Any]:
    """The Plotly figure in a tree of Dash components."""
    if isinstance(component, list):
        return next((inner for child in component if (inner := _figure(child))), {})
    if not isinstance(component, dict):
        return {}
    props = component.get("props", {})
    figure: dict[str, Any] = props.get("figure") or _figure(props.get("children"))
    return figure
