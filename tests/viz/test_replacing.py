"""Replacements of a run in percent: pages and exports tell what the scores API tells, in its units."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi.testclient import TestClient
from tests.support.components import text_of
from tests.support.ports import free_ports
from tests.support.replacing import replacing_run
from tests.support.served import Served, wait_until_ready
from tests.support.store import Publisher
from tests.viz.conftest import CHLORIDE

from contracts.kinds import ChangeUnit, Objective
from viz.app import create_app
from viz.pages.goals import kept_at, looked_at, reach, swap_told
from viz.replacing import AtTarget, Products, Question, products_of
from viz.scores import Scores
from viz.settings import Settings

QUESTION = {"smiles": CHLORIDE, "fragment": "*Cl", "limit": 50}


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The scores API over a run whose targets are measured in percent."""
    scratch = tmp_path_factory.mktemp("percent")
    publisher = Publisher(scratch / "state")
    publisher.publish(replacing_run(percent=True), objective=Objective.ACTIVITY)
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(publisher.state), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    with (
        Served("ntdemo-scores-api", scratch / "log", environment, f"http://127.0.0.1:{port}") as served,
        httpx.Client(base_url=served.url, trust_env=False, timeout=30) as client,
    ):
        wait_until_ready(served)
        yield client


@pytest.fixture(scope="module")
def viz(scores: httpx.Client) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(NTDEMO_HOST="127.0.0.1", NTDEMO_PORT=scores.base_url.port))) as client:
        yield client


def shown(viz: TestClient, part: str, hidden: str = "", **view: Any) -> tuple[list[str], list[dict[str, str]], str]:
    """Headings, rows and the whole text of what stands in a part of a page; `hidden` is the part that it hides."""
    outputs: Any = {"id": part, "property": "children"}
    output = f"{part}.children"
    if hidden:
        outputs, output = [outputs, {"id": hidden, "property": "hidden"}], f"..{output}...{hidden}.hidden.."
    body = {
        "output": output,
        "outputs": outputs,
        "inputs": [
            {"id": "address", "property": "search", "value": f"?{urlencode(view, doseq=True)}"},
            {"id": "health", "property": "data", "value": {"state": "ready"}},
        ],
        "changedPropIds": ["address.search"],
    }
    children = viz.post("/_dash-update-component", json=body).json()["response"][part]["children"]
    table = next(_of_type(children, "Table"), None)
    if table is None:
        return [], [], text_of(children)
    head = [text_of(cell) for cell in _of_type(next(_of_type(table, "Thead")), "Th")]
    lines = _of_type(next(_of_type(table, "Tbody")), "Tr")
    rows = [dict(zip(head, [text_of(cell) for cell in line["props"]["children"]], strict=True)) for line in lines]
    return head, rows, text_of(children)


def _of_type(node: Any, kind: str) -> Iterator[Any]:
    for each in node if isinstance(node, list) else [node]:
        if isinstance(each, dict):
            if each.get("type") == kind:
                yield each
            yield from _of_type(each["props"].get("children"), kind)


def test_products_of_percents_are_told_in_percent_and_known_compounds_with_their_measurement(
    viz: TestClient, scores: httpx.Client
) -> None:
    told = scores.post("/v1/replacements", json={**QUESTION, "targets": ["a"], "keep": ["b"]}).json()
    head, rows, text = shown(viz, "products-view", compound=CHLORIDE, fragment="*Cl", target="a", keep="b")
    assert [heading for heading in head if "%" in heading and heading.startswith(("Predicted", "Adds"))] == [
        "Predicted at a, %",
        "Adds at a, %",
        "Predicted at b, %",
        "Adds at b, %",
    ]
    assert "Expected change, standard deviations" in head
    within = [each["kept_within"] for each in told["items"][0]["targets"]]
    assert min(within) > 5
    assert f"less active by more than {within[0]:.3g} % at a, {within[1]:.3g} % at b." in text
    assert "half a standard deviation" in text
    assert "log units" not in text
    known = [item for item in told["items"] if item["matched"] is not None]
    assert known
    of_product = {row["Product"]: row for row in rows}
    for item in told["items"]:
        row = of_product[item["product"]]
        assert row["Known as"] == (item["matched"]["name"] if item["matched"] else "–")
        assert ("measured" in row["Predicted at a, %"]) is (item["measured"][0] is not None)
    measured = next(item for item in known if item["measured"][0] is not None)
    assert of_product[measured["product"]]["Predicted at a, %"].endswith(f"(measured {measured['measured'][0]:.2f})")


def test_the_csv_of_products_tells_units_measurements_and_pairs_apart(viz: TestClient, scores: httpx.Client) -> None:
    told = scores.post("/v1/replacements", json={**QUESTION, "targets": ["a"]}).json()["items"]
    answer = viz.get("/exports/products.csv", params={"compound": CHLORIDE, "fragment": "*Cl", "target": "a"})
    written = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["product"] for row in written] == [item["product"] for item in told]
    assert {row["a unit"] for row in written} == {"%"}
    assert {row["change_unit"] for row in written} == {"standard deviations"}
    stated = ["" if item["measured"][0] is None else str(item["measured"][0]) for item in told]
    assert [row["a measured"] for row in written] == stated
    assert any(stated)
    assert [int(row["a pairs"]) for row in written] == [item["targets"][0]["measured"] for item in told]
    assert [float(row["a kept_within"]) for row in written] == [item["targets"][0]["kept_within"] for item in told]
    structures = viz.get("/exports/products.sdf", params={"compound": CHLORIDE, "fragment": "*Cl", "target": "a"}).text
    in_file = re.findall(r"<a measured>.*\n(\S+)", structures)
    assert in_file == [row["a measured"] for row in written if row["a measured"]]


def test_a_question_that_nothing_meets_says_how_many_were_looked_at(viz: TestClient, scores: httpx.Client) -> None:
    acid = {"smiles": "OC(=O)c1ccc(CC(=O)NC)cc1", "fragment": "*C(=O)O"}  # the least active of all
    told = scores.post("/v1/replacements", json={**acid, "limit": 50, "lose": ["a", "b", "c"]}).json()
    assert told["items"] == []
    view: dict[str, Any] = {"compound": acid["smiles"], "fragment": acid["fragment"], "lose": ["a", "b", "c"]}
    _, rows, text = shown(viz, "products-view", **view)
    assert rows == []
    assert told["considered"] == told["comparable"] > 5
    assert f"all {told['comparable']} that are offered were looked at." in text


def test_a_choice_from_some_of_the_groups_says_so(viz: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def of_more(scores: Scores, run: str, question: Question) -> Products:
        found = await products_of(scores, run, question)
        return replace(found, considered=50, comparable=2000, items=() if question.lose else (found.items * 10)[:50])

    monkeypatch.setattr("viz.pages.replace.products_of", of_more)
    _, rows, text = shown(viz, "products-view", compound=CHLORIDE, fragment="*Cl")
    assert len(rows) == 20
    assert "20 of 50 products, the least change first, of the 50 of 2,000 that are expected to change least" in text
    _, rows, text = shown(viz, "products-view", compound=CHLORIDE, fragment="*Cl", lose="a")
    assert rows == []
    assert "of the targets: 50 of 2,000 were looked at, those that are expected to change least." in text


@pytest.mark.parametrize(
    ("goals", "order"),
    [
        ({}, "the least change first"),
        ({"target": "a", "lose": "b"}, "what adds most at a first"),
        ({"lose": "b"}, "the strongest loss at b first"),
    ],
)
def test_the_caption_says_by_what_products_are_ordered(viz: TestClient, goals: dict[str, str], order: str) -> None:
    _, rows, text = shown(viz, "products-view", compound=CHLORIDE, fragment="*Cl", **goals)
    assert f"{len(rows)} products, {order}" in text


def test_replacements_and_pairs_of_percents_are_told_in_percent(viz: TestClient, scores: httpx.Client) -> None:
    at = scores.get("/v1/fragments/*Cl/replacements", params={"target": "b", "limit": 20}).json()["items"][0]["targets"][0]
    head, rows, text = shown(viz, "replacements-view", "replacements", fragment="*Cl", target="b")
    assert len(rows) > 10
    assert head[1] == "Adds at b, %"
    assert f"not less active by more than {at['kept_within']:.3g} % at b." in text
    head, rows, text = shown(viz, "pairs-view", "pairs-view", fragment="*Cl", by="*OC")
    assert head == ["Target", "Pairs", "Mean difference", "Unit"]
    assert {row["Unit"] for row in rows} == {"%"}
    assert "Expected change, standard deviations: " in text
    answer = viz.get("/exports/pairs.csv", params={"fragment": "*Cl", "by": "*OC"})
    written = list(csv.DictReader(io.StringIO(answer.text)))
    told = scores.get("/v1/pairs", params={"a": "*Cl", "b": "*OC"}).json()["items"]
    assert [(row["target"], row["unit"], float(row["difference"])) for row in written] == [
        (item["target"], "%", item["difference"]) for item in told
    ]


def test_targets_of_several_units_have_ends_and_words_of_their_own() -> None:
    def at(target: str, unit: str | None, low: float | None, within: float) -> AtTarget:
        high = None if low is None else -low
        return AtTarget(target, unit, None if low is None else 0.0, low, high, None, None, within, 0)

    assert reach([at("a", "%", -30.0, 9.21), at("a", "%", -12.0, 9.21), at("a", "%", None, 9.21)]) == (-30.0, 30.0)
    assert reach([at("a", "%", None, 9.21)]) == (0.0, 0.0)
    assert kept_at([at("a", "%", -1, 9.2134), at("b", "pKi", -1, 0.5), at("c", None, -1, 0.5)]) == (
        "9.21 % at a, 0.5 pKi at b, 0.5 at c"
    )
    assert len({swap_told(unit) for unit in ChangeUnit}) == len(ChangeUnit)
    assert looked_at(50, 2000) == ", of the 50 of 2,000 that are expected to change least"
    assert looked_at(14, 14) == ""
