"""The numbers that pages show are those of the scores API, whatever the run and the similarity."""

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.support.store import Publisher, named_fragments
from tests.viz.conftest import Addresses, Published

from contracts.kinds import Objective, SimilarityKind
from viz.app import create_app
from viz.scores import Scores
from viz.settings import Settings

_NAMES = [f"f{at}" for at in range(70)]


@pytest.fixture(scope="module")
def posterior_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scores API whose run has draws that say other similarities than its mean vectors."""
    state = tmp_path_factory.mktemp("posterior")
    draws_FSK = np.random.default_rng(7).normal(size=(len(_NAMES), 5, 2))
    draws_FSK /= np.linalg.norm(draws_FSK, axis=2, keepdims=True)
    contents = dataclasses.replace(named_fragments(_NAMES), draws_FSK=draws_FSK.astype(np.float16))
    Publisher(state).publish(contents, objective=Objective.ACTIVITY)
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(state), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    with Served("ntdemo-scores-api", state.parent / "posterior.log", environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served)
        yield served.url


@pytest.mark.parametrize("similarity", [SimilarityKind.FUNCTION, SimilarityKind.BALANCED])
def test_the_3d_page_colours_by_what_the_scores_api_says(
    posterior_url: str, http: httpx.Client, similarity: SimilarityKind
) -> None:
    stated = http.post(f"{posterior_url}/v1/similarities", json={"fragments": _NAMES, "similarity": similarity}).json()
    search = {"id": "address", "property": "search", "value": f"?fragment=f3&similarity={similarity}&table=shown"}
    body = {
        "output": "space-view.children",
        "outputs": {"id": "space-view", "property": "children"},
        "inputs": [
            search,
            {"id": "health", "property": "data", "value": {"state": "ready"}},
            {"id": "scheme", "property": "data", "value": "light"},
        ],
        "changedPropIds": ["address.search"],
    }
    with TestClient(create_app(Settings(NTDEMO_HOST="127.0.0.1", NTDEMO_PORT=posterior_url.rsplit(":", 1)[1]))) as viz:
        page = viz.post("/_dash-update-component", json=body).json()["response"]["space-view"]["children"]
    points: dict[str, Any] = next(
        trace for trace in _figure(page)["data"] if trace["type"] == "scatter3d" and trace.get("customdata")
    )
    shown = {name: percent for name, _, percent in points["customdata"]}
    assert shown == pytest.approx(dict(zip(_NAMES, stated["percents"][3], strict=True)))
    assert ("is the mean over the posterior" in json.dumps(page)) is (similarity is SimilarityKind.FUNCTION)


def test_the_pairs_of_the_histogram_are_what_the_scores_api_says(posterior_url: str, http: httpx.Client) -> None:
    async def gathered() -> dict[frozenset[str], float]:
        async with Scores(posterior_url) as scores:
            pairs = await scores.pairs("current", SimilarityKind.FUNCTION, on_block=lambda *_: None)
            return {frozenset((pair.first, pair.second)): pair.percent for pair in pairs.within(-100, 100, 9999)[0]}

    question = {"fragments": _NAMES, "similarity": "function"}
    stated = http.post(f"{posterior_url}/v1/similarities", json=question).json()["percents"]
    assert asyncio.run(gathered()) == pytest.approx(
        {
            frozenset((one, other)): stated[at][beside]
            for at, one in enumerate(_NAMES)
            for beside, other in enumerate(_NAMES)
            if at < beside
        }
    )


@pytest.mark.parametrize("similarity", list(SimilarityKind))
def test_nearest_fragments_are_listed_by_any_similarity(
    published: Published, addresses: Addresses, http: httpx.Client, similarity: SimilarityKind
) -> None:
    first = http.get(f"{addresses.scores}/v1/fragments", params={"run": published.chances}).json()["items"][0]["name"]
    query = {"run": published.chances, "similarity": similarity}
    stated = http.get(f"{addresses.scores}/v1/fragments/{httpx.URL(first)}/neighbours", params=query | {"limit": 100})
    exported = http.get(f"{addresses.dash}/exports/neighbours.csv", params=query | {"fragment": first})
    column = exported.text.splitlines()[0].split(",").index(similarity)
    shown = [float(row.split(",")[column]) for row in exported.text.splitlines()[1:]]
    assert shown == [item[similarity] for item in stated.json()["items"]]


def _figure(component: object) -> dict[str, Any]:
    """The Plotly figure in a tree of Dash components."""
    if isinstance(component, list):
        return next((inner for child in component if (inner := _figure(child))), {})
    if not isinstance(component, dict):
        return {}
    props = component.get("props", {})
    figure: dict[str, Any] = props.get("figure") or _figure(props.get("children"))
    return figure
