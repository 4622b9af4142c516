"""Replacements in a real browser: of a fragment, the pairs behind them, and in one's own molecule."""

import csv
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.support.browser import Visit
from tests.support.hands import Keyboard, Mouse
from tests.viz.conftest import ASPIRIN, CHLORIDE, Addresses
from tests.viz.test_browser_agreement import figures, rows, stated

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CL = quote("*Cl", safe="")


def of_api(addresses: Addresses, http: httpx.Client, **asked: str) -> list[dict[str, object]]:
    path = f"{addresses.scores}/v1/fragments/{CL}/replacements"
    items: list[dict[str, object]] = http.get(path, params={"run": addresses.replaced, "limit": 20, **asked}).json()["items"]
    return items


def names(cells: list[str]) -> list[str]:
    return [cell.split("\n")[-1] for cell in cells]


def asked(page: Page) -> dict[str, list[str]]:
    """What the page's address says."""
    return parse_qs(urlsplit(page.url).query)


def test_replacements_stand_on_the_page_as_the_api_states_them(addresses: Addresses, visit: Visit, http: httpx.Client) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.replaced}&fragment={CL}")
    shown, items = rows(page, "#replacements-view"), of_api(addresses, http)
    assert len(items) > 10
    assert names(shown["In its place"]) == [item["name"] for item in items]
    changes = [cell.split("(")[0] for cell in shown["Expected change, log units"]]
    assert figures(changes) == stated([item["expected_change"] for item in items], 2)  # type: ignore[misc]
    assert figures(shown["Kept %"]) == stated([item["percent"] for item in items], 1)  # type: ignore[misc]
    assert figures(shown["Measured pairs"]) == [item["swaps"] for item in items]


def test_at_a_target_they_are_told_with_their_sign_and_the_address_keeps_it(
    addresses: Addresses, visit: Visit, http: httpx.Client
) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.replaced}&fragment={CL}")
    field = page.get_by_label("At target, if not at all of them")
    expect(page.locator("#at-target-names option")).to_have_count(3)
    field.fill("b")
    field.press("Enter")
    expect(page.locator("#replacements-view caption")).to_contain_text("what adds most at b first")
    assert asked(page)["target"] == ["b"]
    shown, items = rows(page, "#replacements-view"), of_api(addresses, http, target="b")
    at = [item["targets"][0] for item in items]  # type: ignore[index]
    assert names(shown["In its place"]) == [item["name"] for item in items]
    assert figures([cell.split("(")[0] for cell in shown["Adds at b, pIC50"]]) == stated([each["shift"] for each in at], 2)
    higher = [None if each["chance_higher"] is None else 100 * each["chance_higher"] for each in at]
    assert figures(shown["More active at b %"]) == stated(higher, 0)
    page.get_by_role("link", name="At all targets").click()
    expect(page.locator("#replacements-view caption")).to_contain_text("the least change first")
    assert "target" not in asked(page)


def test_a_replacement_leads_to_the_measured_pairs_behind_it(addresses: Addresses, visit: Visit, http: httpx.Client) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.replaced}&fragment={CL}")
    page.get_by_title("Measured pairs of *Cl and *OC", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#pairs-view h2")).to_have_text("Measured: *Cl replaced by *OC")
    told = http.get(f"{addresses.scores}/v1/pairs", params={"a": "*Cl", "b": "*OC", "run": addresses.replaced}).json()
    tables = page.locator("#pairs-view table")
    expect(tables).to_have_count(2)
    expect(tables.nth(1).locator("tbody tr")).to_have_count(len(told["items"]))
    assert figures(tables.nth(1).locator("td:last-child").all_inner_texts()) == stated(
        [item["difference"] for item in told["items"]], 2
    )
    by_target = dict(
        zip(
            tables.nth(0).locator("th[scope=row]").all_inner_texts(),
            figures(tables.nth(0).locator("td:nth-child(3)").all_inner_texts()),
            strict=True,
        )
    )
    for target, mean in by_target.items():
        differences = [item["difference"] for item in told["items"] if item["target"] == target]
        assert mean == pytest.approx(sum(differences) / len(differences), abs=0.0051)
    assert set(by_target) == {"a", "b", "c"}
    expect(tables.nth(1).locator("img.structure").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download pairs as CSV").click()
    assert download.value.suggested_filename == "pairs-Cl-OC.csv"
    written = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert [float(row["difference"]) for row in written] == [item["difference"] for item in told["items"]]
    page.get_by_role("link", name="Close").click()
    expect(page.locator("#pairs-view")).to_be_hidden()


def test_a_run_without_measured_replacements_says_so(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?fragment=fB")
    expect(page.locator("#replacements-view")).to_contain_text("no compounds were measured that differ by one fragment alone")
    page.goto(f"{addresses.dash}/fragments?run={addresses.replaced}&fragment={quote('*N(*)*', safe='')}")
    expect(page.locator("#fragment-view h2")).to_have_text("*N(*)*")
    expect(page.locator("#replacements-view")).to_contain_text("nothing that can take the place of *N(*)*")
    page.goto(f"{addresses.dash}/fragments")
    expect(page.locator("#results tbody tr").first).to_be_visible()
    expect(page.locator("#replacements")).to_be_hidden()


def test_a_fragment_of_ones_own_molecule_is_replaced_by_keyboard_and_the_products_downloaded(
    addresses: Addresses, visit: Visit, http: httpx.Client
) -> None:
    page = visit.go(f"{addresses.dash}/replace?run={addresses.replaced}")
    page.get_by_label("Molecule as SMILES").fill(CHLORIDE)
    page.keyboard.press("Enter")
    menu = page.locator("#parts-choice summary")
    expect(menu).to_have_text("Replace choose a fragment")
    menu.focus()
    page.keyboard.press("Enter")
    page.get_by_role("list", name="Replace").get_by_role("link", name="*Cl", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#products-view h2")).to_have_text("Products of replacing *Cl")
    expect(page.locator("#products-view caption")).to_have_text(re.compile(r"^1\d products, the least change first$"))
    goal = page.get_by_label("Target", exact=True)
    goal.fill("a")
    page.get_by_role("button", name="Order by it").click()
    expect(page.locator("#products-view caption")).to_contain_text("what adds most at a first")
    goal.fill("b")
    page.get_by_role("button", name="Lose activity").click()
    expect(page.locator("#products-view thead")).to_contain_text("Predicted at b")
    assert (asked(page)["target"], asked(page)["lose"]) == (["a"], ["b"])

    question = {"smiles": CHLORIDE, "fragment": "*Cl", "targets": ["a"], "lose": ["b"], "limit": 50}
    told = http.post(f"{addresses.scores}/v1/replacements", params={"run": addresses.replaced}, json=question).json()["items"]
    shown = rows(page, "#products-view")
    assert names(shown["Product"]) == [item["product"] for item in told]
    assert figures([cell.split("(")[0] for cell in shown["Predicted at a, pIC50"]]) == stated(
        [item["values"][0] for item in told], 2
    )
    assert figures([cell.split("(")[0] for cell in shown["Adds at b, pIC50"]]) == stated(
        [item["targets"][1]["shift"] for item in told], 2
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    written = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert [row["product"] for row in written] == [item["product"] for item in told]
    assert float(written[0]["a predicted"]) == told[0]["values"][0]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download SDF").click()
    structures = Path(download.value.path()).read_text()
    assert structures.count("$$$$") == len(written)
    assert "<a predicted>" in structures

    page.get_by_role("link", name="Loses b ✕").click()
    expect(page.locator("#goals")).not_to_contain_text("Loses")
    expect(page.locator("#products-view caption")).to_have_text(re.compile(r"^1\d products, what adds most at a first$"))
    page.locator("#products-view").get_by_title("Measured pairs of *Cl and *OC", exact=True).click()
    expect(page.locator("#pairs-view h2")).to_have_text("Measured: *Cl replaced by *OC")


def test_from_aspirin_to_the_replacements_of_its_acid_that_keep_a_target_as_a_file(
    addresses: Addresses, visit: Visit, hands: Mouse | Keyboard, http: httpx.Client
) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.replaced}")
    hands.press(page.get_by_role("button", name="Draw"))
    expect(page.locator("#compound-editor")).to_contain_text("What you draw stands in the field above as SMILES.")
    hands.write(page.get_by_label("SMILES, or names"), ASPIRIN)
    hands.press(page.get_by_role("button", name="Predict", exact=True))
    expect(page.locator("#expected-view tbody tr")).to_have_count(3)
    hands.press(page.get_by_role("link", name="Replace a fragment of it"))
    atoms = page.get_by_role("group", name=f"Atoms of {ASPIRIN}").get_by_role("button")
    expect(atoms).to_have_count(13)
    hands.press(page.get_by_role("button", name="Replace at atom 12, O"))
    expect(page.locator("#products-view h2")).to_have_text("Products of replacing *C(=O)O")
    hands.write(page.get_by_label("Target", exact=True), "a")
    hands.press(page.get_by_role("button", name="Keep activity"))
    expect(page.locator("#products-view thead")).to_contain_text("Predicted at a")
    with page.expect_download() as download:
        hands.press(page.get_by_role("link", name="Download SDF"))
    assert hands.actions <= 12
    question = {"smiles": ASPIRIN, "atom": 12, "keep": ["a"], "limit": 50}
    told = http.post(f"{addresses.scores}/v1/replacements", params={"run": addresses.replaced}, json=question).json()["items"]
    assert told
    structures = Path(download.value.path()).read_text()
    assert structures.count("$$$$") == len(told)
    assert names(rows(page, "#products-view")["Product"]) == [item["product"] for item in told[:20]]


def test_of_two_equal_fragments_the_one_that_is_pressed_is_replaced(
    addresses: Addresses, visit: Visit, http: httpx.Client
) -> None:
    molecule = "Clc1ccc(CC(=O)NC)c(Cl)c1"
    page = visit.go(f"{addresses.dash}/replace?run={addresses.replaced}&compound={quote(molecule, safe='')}")
    made = []
    for atom in (0, 11):
        page.get_by_role("button", name=f"Replace at atom {atom}, Cl").click()
        expect(page.get_by_role("button", name=f"Replace at atom {atom}, Cl")).to_have_attribute("aria-pressed", "true")
        question = {"smiles": molecule, "atom": atom, "limit": 50}
        told = http.post(f"{addresses.scores}/v1/replacements", params={"run": addresses.replaced}, json=question).json()
        first = told["items"][0]["product"]
        expect(page.locator("#products-view tbody tr").first).to_contain_text(first)
        assert names(rows(page, "#products-view")["Product"]) == [item["product"] for item in told["items"][:20]]
        made.append({item["product"] for item in told["items"]})
    assert not made[0] & made[1]


def test_what_cannot_be_replaced_says_why(addresses: Addresses, visit: Visit) -> None:
    at = f"{addresses.dash}/replace?run={addresses.replaced}&compound={quote(CHLORIDE, safe='')}"
    page = visit.go(f"{at}&fragment={quote('*Br', safe='')}")
    expect(page.locator("#products-view")).to_contain_text("This cannot be replaced: has no *Br that can be replaced.")
    page.goto(f"{at}&fragment={CL}&target=nowhere")
    expect(page.locator("#products-view")).to_contain_text("has no target 'nowhere'")
    page.get_by_label("Target", exact=True).fill("")
    page.get_by_role("button", name="Keep activity").click()
    expect(page.locator("#goals-told")).to_have_text("Type or choose the name of a target first.")
    page.goto(f"{addresses.dash}/replace?run={addresses.replaced}&compound=nonsense(")
    expect(page.locator("#parts-choice")).to_contain_text("not a SMILES")
