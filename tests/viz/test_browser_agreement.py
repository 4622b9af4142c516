"""Every number that a page shows is the scores API's: what the browser shows is read and compared."""

import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.support.browser import Visit
from tests.support.gaussian import SMILES
from tests.viz.conftest import Addresses

pytestmark = pytest.mark.browser


def rows(page: Page, table: str) -> dict[str, list[str]]:
    """Texts of a table's cells by its column headings, the first column's under an empty one."""
    expect(page.locator(f"{table} tbody tr").first).to_be_visible()
    head = page.locator(f"{table} thead th").all_inner_texts()
    cells = page.locator(f"{table} tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.children].map(cell => cell.innerText))"
    )
    return {title: [row[at] for row in cells] for at, title in enumerate(head)}


def figures(texts: list[str]) -> list[float | None]:
    return [None if text == "–" else float(text.replace("−", "-").replace(",", "").replace("+", "")) for text in texts]


def stated(values: list[float | None], decimals: int) -> list[Any]:
    return [None if value is None else pytest.approx(value, abs=0.51 * 10**-decimals) for value in values]


def test_neighbours_stand_on_the_page_as_the_api_states_them(addresses: Addresses, visit: Visit, http: httpx.Client) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.replaced}&fragment={quote('*Cl', safe='')}")
    shown = rows(page, "#fragment-view")
    path = f"{addresses.scores}/v1/fragments/{quote('*Cl', safe='')}/neighbours"
    items = http.get(path, params={"run": addresses.replaced, "limit": 50}).json()["items"]
    assert [name.split("\n")[-1] for name in shown["Fragment"]] == [item["name"] for item in items]
    for kind in ("function", "structure"):
        assert figures(shown[f"{kind} %"]) == stated([item[kind] for item in items], 1), kind
    assert figures([text.split(" ")[0] for text in shown["Expected change, log units"]]) == stated(
        [item["expected_change"] for item in items], 2
    )
    assert figures(shown["Swaps"]) == [item["swaps"] for item in items]
    assert figures(shown["Support"]) == [item["support"] for item in items]


def test_predictions_stand_on_the_page_as_the_api_states_them(addresses: Addresses, visit: Visit, http: httpx.Client) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.model}&compound={quote(SMILES[4], safe='')}")
    shown = rows(page, "#expected-view")
    question = {"compounds": [{"smiles": SMILES[4]}], "limit": 10}
    (told,) = http.post(f"{addresses.scores}/v1/predictions", params={"run": addresses.model}, json=question).json()[
        "compounds"
    ]
    targets = told["predictions"]
    assert [name.split("\n")[0] for name in shown["Target"]] == [target["target"] for target in targets]
    assert figures(shown["Value"]) == stated([target["value"] for target in targets], 2)
    assert figures(shown["Above usual"]) == stated([target["excess"] for target in targets], 2)
    ends = [text.split(" to ") for text in shown["90 % interval"]]
    assert figures([low for low, _ in ends]) == stated([target["low"] for target in targets], 2)
    assert figures([high for _, high in ends]) == stated([target["high"] for target in targets], 2)
    parts = rows(page, '#parts-view .table-frame:has-text("What adds up")')
    adds = dict(zip([name.split("\n")[-1] for name in parts["Part"]], figures(parts["Adds"]), strict=True))
    for fragment, value in zip(told["fragments"], targets[0]["contributions"]["fragments"], strict=True):
        assert adds[fragment["name"]] == pytest.approx(value, abs=5.1e-4)


def test_measurements_of_a_run_stand_on_the_page_as_the_api_states_them(
    addresses: Addresses, visit: Visit, http: httpx.Client
) -> None:
    page = visit.go(f"{addresses.dash}/training?run={addresses.few}")
    expect(page.locator("#run-view h2")).to_have_text(addresses.few)
    detail = http.get(f"{addresses.scores}/v1/runs/{addresses.few}").json()
    shown = rows(page, "#run-view")
    assert len(shown["Measurement"]) == len(detail["metrics"])
    assert sorted(value for value in figures(shown["Value"]) if value is not None) == pytest.approx(
        sorted(detail["metrics"].values()), abs=0.5
    )
    facts = page.locator("#run-view .facts").inner_text()
    for count in ("shown_fragments", "compounds", "targets"):
        assert re.search(rf"\b{detail[count]:,}\b", facts), count


def test_two_runs_are_compared_and_the_back_button_leaves_the_comparison(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/training")
    expect(page.locator("#run-view h2")).to_have_text(addresses.few)
    page.locator("#run-view summary", has_text="Compare with").click()
    page.get_by_role("list", name="Compare with").get_by_role("link", name=addresses.many).click()
    expect(page.locator("#run-view caption")).to_contain_text(f"What differs between {addresses.few}")
    expect(page.get_by_role("row", name=re.compile("^shown fragments 5 3,400"))).to_be_visible()
    expect(page.locator("#curve-graph .scatterlayer .trace")).to_have_count(2)
    page.go_back()
    expect(page.locator("#run-view caption")).to_have_text("How well it does, on what it did not learn from")
