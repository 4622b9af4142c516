"""The Bokeh pages in a real browser."""

import re

import pytest
from playwright.sync_api import expect
from tests.support.browser import Visit
from tests.viz.conftest import Addresses

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_brushing_the_histogram_lists_pairs(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.bokeh}/histogram")
    expect(page.get_by_text("2 pairs from 80 to 100 %")).to_be_visible()
    box = page.get_by_role("img", name=re.compile("^Histogram")).bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] * 0.6
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.98, middle, steps=12)
    page.mouse.up()
    expect(page.get_by_text(re.compile("^10 pairs from"))).to_be_visible()
    expect(page.get_by_role("region", name="Pairs of the range").get_by_role("row")).to_have_count(11)


def test_the_ends_of_the_range_move_by_keyboard(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.bokeh}/histogram")
    lower = page.get_by_role("slider", name="Listed range, %, lower end")
    expect(lower).to_be_visible()
    lower.focus()
    page.keyboard.press("Home")
    expect(page.get_by_text("10 pairs from -100 to 100 %")).to_be_visible()


def test_playing_moves_the_fragments_to_the_last_step(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.bokeh}/training")
    expect(page.get_by_text("Step 0 of 40")).to_be_visible()
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_text("Step 40 of 40")).to_be_visible()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("row", name=re.compile("^fA "))).not_to_contain_text("0.000 0.000")


@pytest.mark.parametrize("app", ["histogram", "training"])
def test_the_run_is_chosen_by_a_menu(addresses: Addresses, visit: Visit, app: str) -> None:
    page = visit.go(f"{addresses.bokeh}/{app}")
    expect(page.locator(".bk-Figure").first).to_be_visible()
    page.locator("summary", has_text="Run current").focus()
    page.keyboard.press("Enter")
    page.get_by_role("list", name="Run", exact=True).get_by_role("link", name=addresses.chances).click()
    expect(page.locator("summary", has_text=f"Run {addresses.chances}")).to_be_visible()
    assert f"run={addresses.chances}" in page.url
    assert page.get_by_role("navigation", name="Pages").get_by_role("link", name="Fragments").get_attribute("href") == (
        f"{addresses.dash}/fragments?run={addresses.chances}"
    )


def test_the_histogram_offers_what_its_run_tells_the_recommended_first(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.bokeh}/histogram")
    page.locator("summary", has_text="Similarity balanced").click()
    offered = page.get_by_role("list", name="Similarity", exact=True).get_by_role("link")
    expect(offered).to_have_text(["balanced", "function"])
    offered.get_by_text("function").click()
    expect(page.locator("summary", has_text="Similarity function")).to_be_visible()
