"""What holds on every page, in a real browser: menus, keyboard, recovery, colours, no barrier."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from tests.support.browser import Visit, faults
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.viz.conftest import PATIENCE_MS, PLACES, Addresses, Published, opened, viz_environment

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_training_page_shows_curve_runs_and_that_the_trainer_is_away(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/training")
    expect(page.locator("#jobs-view")).to_contain_text("The trainer at http://127.0.0.1:9 does not answer")
    expect(page.locator("#runs-view tbody tr")).to_have_count(5)
    expect(page.locator("#curve-graph .scatterlayer .point")).to_have_count(5)
    page.locator(f"#runs-view a[href*='{addresses.many}']").first.click()
    expect(page.locator("#run-view h2")).to_have_text(addresses.many)
    expect(page.locator("#curve-graph .scatterlayer .point")).to_have_count(3)


def test_the_run_menu_switches_the_page_and_closes(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments")
    expect(page.locator("#results tbody tr")).to_have_count(5)
    page.locator("#choices summary", has_text="Run").click()
    page.locator("#choices").get_by_role("link", name=addresses.many).click()
    expect(page.locator("#results caption")).to_have_text("The first 50 fragments")
    expect(page.locator("#choices details[open]")).to_have_count(0)


def test_everything_can_be_reached_by_keyboard(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments")
    expect(page.locator("#results tbody tr")).to_have_count(5)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Name, SMILES or SMARTS")).to_be_focused()
    page.keyboard.type("fC")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    found = page.locator("#results").get_by_role("link", name="fC")
    for _ in range(12):  # over the editor's button, the filters and the table, which scrolls
        page.keyboard.press("Tab")
        if found.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#fragment-view h2")).to_have_text("fC")


def test_a_page_that_does_not_exist_says_so(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/nothing")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("menu", ["Similarity", "Run"])
def test_a_menu_opens_within_the_screen(addresses: Addresses, visit: Visit, menu: str, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 844})
    page = visit.go(f"{addresses.dash}/training")
    page.locator("#choices summary", has_text=menu).click()
    box = page.get_by_role("list", name=menu, exact=True).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


@pytest.mark.slow
def test_pages_opened_too_early_say_so_and_recover_by_themselves(
    published: Published, context: BrowserContext, tmp_path: Path
) -> None:
    scores_port, dash_port, bokeh_port = free_ports(3)
    scores_url, dash_url = f"http://127.0.0.1:{scores_port}", f"http://127.0.0.1:{dash_port}"
    environment = {
        "NTDEMO_STATE": str(published.state),
        "NTDEMO_HOST": "127.0.0.1",
        "NTDEMO_PORT": str(scores_port),
    }
    with Served("ntdemo-viz", tmp_path / "viz.log", viz_environment(scores_url, dash_port, bokeh_port), dash_url) as viz:
        wait_until_ready(viz, "/healthz")
        dash, bokeh = context.new_page(), context.new_page()
        dash.goto(f"{dash_url}/fragments")
        expect(dash.locator("#notice")).to_contain_text("Not connected.")
        expect(dash.locator("#results")).to_contain_text(f"The scores API at {scores_url} does not answer")
        bokeh.goto(f"http://127.0.0.1:{bokeh_port}/histogram")
        expect(bokeh.get_by_text("This page tries again by itself.")).to_be_visible()
        with Served("ntdemo-scores-api", tmp_path / "api.log", environment, scores_url) as scores:
            wait_until_ready(scores)
            expect(dash.locator("#results tbody tr")).to_have_count(5)
            expect(dash.locator("#notice")).to_be_empty()
            expect(bokeh.get_by_text("2 pairs from 80 to 100 %")).to_be_visible()


def test_the_colours_follow_the_readers_preference(addresses: Addresses, browser: Browser) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{addresses.dash}/training")
        expect(page.locator("#curve-graph .main-svg").first).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_function(
            "colour => document.querySelector('#curve-graph .xtick text').style.fill === colour", arg=_TICKS[scheme]
        )
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert grounds == ["rgb(244, 245, 247)", "rgb(14, 16, 19)"]


_TICKS = {"light": "rgb(89, 97, 107)", "dark": "rgb(163, 171, 181)"}


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark"), (1440, "dark"), (390, "light")])
@pytest.mark.parametrize(("server", "path"), PLACES)
def test_pages_fit_the_screen_and_pass_axe(
    addresses: Addresses, browser: Browser, axe: str, server: str, path: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    opened(page, addresses, server, path)
    assert faults(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
