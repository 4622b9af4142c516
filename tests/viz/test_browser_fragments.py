"""The page of fragments in a real browser: search, the chosen one, its nearest."""

from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect
from tests.support.browser import Visit
from tests.viz.conftest import KNOWN, Addresses, some_fragment

from contracts.kinds import SimilarityKind
from viz.view import meaning

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_search_finds_among_3400_and_the_link_restores_the_view(
    addresses: Addresses, visit: Visit, context: BrowserContext, http: httpx.Client
) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.many}")
    expect(page.locator("#results caption")).to_have_text("The first 50 fragments")
    name = some_fragment(addresses, http, "C#N/C=C/")
    page.get_by_label("Name, SMILES or SMARTS").fill(name)
    expect(page.locator("#results caption")).to_contain_text(f"with “{name}”")
    page.locator("#results").get_by_role("link", name=name, exact=True).first.click()
    expect(page.locator("#fragment-view h2")).to_have_text(name)
    expect(page.get_by_label("Name, SMILES or SMARTS")).to_have_value(name)
    page.locator("#choices summary", has_text="Similarity").click()
    page.locator("#choices").get_by_role("link", name="function").click()
    expect(page.locator("#fragment-view caption")).to_contain_text("by function similarity")
    shown = page.locator("#fragment-view tbody").inner_text()
    assert len(shown.splitlines()) >= 50

    link = page.get_by_role("link", name="Permanent link").get_attribute("href")
    other = context.new_page()
    other.goto(addresses.dash + str(link))
    expect(other.locator("#fragment-view h2")).to_have_text(name)
    expect(other.locator("#fragment-view tbody tr").first).to_be_visible()
    assert other.locator("#fragment-view tbody").inner_text() == shown
    assert f"run={addresses.many}" in other.url
    assert "similarity=function" in other.url


def test_what_acts_alike_and_looks_unlike_is_one_press_away(addresses: Addresses, visit: Visit) -> None:
    chosen = f"fragment={quote(KNOWN[0], safe='')}&similarity=structure"
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.chances}&{chosen}")
    like = page.locator("#fragment-view").get_by_role("link", name=KNOWN[1], exact=True)
    expect(page.get_by_role("columnheader", name="structure %")).to_be_visible()
    expect(like).to_be_visible()
    page.get_by_role("list", name="Structure").get_by_role("link", name="at most 30 % alike").click()
    expect(page.locator("#fragment-view .caption")).to_contain_text("alike in what they do, unlike in structure")
    expect(page.locator("#fragment-view caption")).to_contain_text("at most 30 % alike in structure")
    expect(like).to_have_count(0)
    assert "structure=unlike" in page.url
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.suggested_filename.endswith("-structure-unlike.csv")
    rows = Path(download.value.path()).read_text().splitlines()
    structure = rows[0].split(",").index("structure")
    assert {row.split(",")[structure] for row in rows[1:]} == {"0.0"}


def test_a_run_without_structures_says_so_and_keeps_the_choice(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?fragment=fB&structure=unlike")
    expect(page.locator("#fragment-view")).to_contain_text("This run tells nothing of structures")
    page.get_by_role("list", name="Structure").get_by_role("link", name="any").click()
    expect(page.locator("#fragment-view tbody tr")).to_have_count(4)


def test_more_results_come_on_request(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.many}")
    expect(page.locator("#results tbody tr")).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("#results tbody tr")).to_have_count(100)


def test_the_csv_of_the_page_is_downloaded(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?fragment=fB")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    assert download.value.suggested_filename == "nearest-fB-balanced.csv"
    assert Path(download.value.path()).read_text().splitlines()[1].startswith("1,fC,")


def test_each_similarity_is_offered_with_what_it_means(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.replaced}&fragment={quote('*Cl', safe='')}")
    expect(page.locator("#fragment-view caption")).to_contain_text("by function similarity")
    page.locator("#choices summary", has_text="Similarity").click()
    offered = (SimilarityKind.FUNCTION, SimilarityKind.STRUCTURE, SimilarityKind.COASSAY)
    for kind in offered:
        expect(page.locator("#choices li", has=page.get_by_role("link", name=kind, exact=True))).to_contain_text(meaning(kind))
    expect(page.locator("#choices").get_by_role("link", name="balanced", exact=True)).to_have_count(0)
    page.locator("#choices").get_by_role("link", name="coassay").click()
    expect(page.locator("#fragment-view caption")).to_contain_text("by coassay similarity")


def test_a_fragment_that_does_not_exist_is_said(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?fragment=nobody")
    expect(page.locator("#fragment-view")).to_contain_text("nobody")
    expect(page.locator("#fragment-view")).to_contain_text("Choose another one")


@pytest.mark.parametrize("spelling", ["c1ccncc1", "n1ccccc1", "C1=CC=NC=C1", "[n]1[cX3]cccc1", "pyridine"])
def test_a_structure_is_found_however_it_is_written(addresses: Addresses, visit: Visit, spelling: str) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.chances}")
    expect(page.locator("#results tbody tr").nth(1)).to_be_visible()
    page.get_by_label("Name, SMILES or SMARTS").fill(spelling)
    expect(page.locator("#results caption")).to_have_text(f"1 fragment that contain the structure “{spelling}”")
    expect(page.locator("#results").get_by_role("link")).to_have_text("*c1ccncc1")
    expect(page.locator("#results img.structure")).to_have_js_property("complete", True)
    assert page.locator("#results img.structure").evaluate("image => image.naturalWidth") > 20


def test_what_is_drawn_is_searched_for(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.chances}")
    expect(page.locator("#results tbody tr").nth(1)).to_be_visible()
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#query-editor")).to_contain_text("What you draw stands in the field above as SMILES.")
    place = page.locator("#query-editor .editor-place").bounding_box()
    assert place is not None
    page.mouse.click(place["x"] + 200, place["y"] + 150)
    expect(page.get_by_label("Name, SMILES or SMARTS")).to_have_value("CC")
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#query-editor")).to_be_hidden()


def test_a_list_is_filtered_and_sorted_by_the_address(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.chances}")
    page.locator("#filters summary", has_text="Rings").click()
    page.get_by_role("list", name="Rings").get_by_role("link", name="with", exact=True).click()
    expect(page.locator("#results").get_by_role("link", name="*c1ccncc1")).to_be_visible()
    expect(page.locator("#results").get_by_role("link", name="*C(=O)O", exact=True)).to_have_count(0)
    assert "rings=with" in page.url
    page.go_back()
    expect(page.locator("#results").get_by_role("link", name="*C(=O)O", exact=True)).to_be_visible()
