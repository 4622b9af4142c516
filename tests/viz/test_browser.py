"""The pages in a real browser: what a reader sees, and what the browser is asked to fetch."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.support.browser import PLAIN, Visit, axe_script, launched, serious_faults, watched
from tests.support.gaussian import SMILES
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.viz.conftest import ASPIRIN, KNOWN, Addresses, Published, viz_environment

from contracts.kinds import SimilarityKind
from viz.view import meaning

pytestmark = pytest.mark.browser

_WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
_PATIENCE_MS = 60_000
# Plotly's 3-D sees a press only when it draws: hold it for some frames and longer than a twitch.
_AFTER_FRAMES = """() => new Promise(done => {
  let frames = 0;
  const until = performance.now() + 100;
  const frame = () => (++frames > 4 && performance.now() > until ? done() : requestAnimationFrame(frame));
  requestAnimationFrame(frame);
})"""


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[[list[str]], Browser]]:
    """Starts Chromium with extra flags."""
    with sync_playwright() as playwright:
        yield lambda flags: launched(playwright, flags)


@pytest.fixture(scope="module")
def browser(launch: Callable[[list[str]], Browser]) -> Iterator[Browser]:
    """Chromium without WebGL."""
    chromium = launch(PLAIN)
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def webgl_browser(launch: Callable[[list[str]], Browser]) -> Iterator[Browser]:
    """Chromium with WebGL in software, which is slow: for what needs it alone."""
    chromium = launch(_WEBGL)
    yield chromium
    chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile."""
    yield from _profile(browser)


@pytest.fixture
def visit(context: BrowserContext) -> Iterator[Visit]:
    """A page that must neither complain nor call an outside host."""
    yield from watched(context)


@pytest.fixture
def webgl_visit(webgl_browser: Browser) -> Iterator[Visit]:
    """The same, where the browser draws by WebGL."""
    for profile in _profile(webgl_browser):
        yield from watched(profile)


def _profile(browser: Browser) -> Iterator[BrowserContext]:
    fresh = browser.new_context(viewport={"width": 1280, "height": 800})
    fresh.set_default_timeout(_PATIENCE_MS)
    yield fresh
    fresh.close()


expect.set_options(timeout=_PATIENCE_MS)


def test_the_3d_page_shows_every_fragment_of_the_built_in_data(addresses: Addresses, webgl_visit: Visit) -> None:
    page = webgl_visit.go(addresses.dash)
    expect(page.get_by_role("heading", level=1)).to_have_text("Fragments in the space of their factors")
    expect(page.locator("#space-graph .gl-container canvas").first).to_be_visible()
    assert _plotted(page, "space-graph", "scatter3d") == ["fA", "fB", "fC", "fD", "fE"]
    expect(page.locator("#space-view .caption")).to_contain_text("this view is its whole space")


def test_a_pressed_point_shows_its_neighbours(addresses: Addresses, webgl_visit: Visit) -> None:
    page = webgl_visit.go(addresses.dash)
    expect(page.locator("#space-graph .gl-container canvas").first).to_be_visible()
    x, y = _on_screen(page)
    page.mouse.move(x, y)
    expect(page.locator("#space-graph .hoverlayer text, #space-graph svg .hovertext").first).to_be_visible()
    for _ in range(10):
        page.mouse.down()
        page.evaluate(_AFTER_FRAMES)
        page.mouse.up()
        page.evaluate(_AFTER_FRAMES)
        if "fragment=" in page.url:
            break
    expect(page.locator("#space-side h2")).to_have_text(re.compile("^f[A-E]$"))
    expect(page.locator("#space-side tbody tr")).to_have_count(4)
    assert "fragment=f" in page.url


def test_a_large_run_is_drawn_in_a_plane_by_webgl(addresses: Addresses, webgl_visit: Visit) -> None:
    page = webgl_visit.go(f"{addresses.dash}/?run={addresses.many}")
    expect(page.locator("#space-graph canvas").first).to_be_visible()
    assert len(_plotted(page, "space-graph", "scattergl")) == 3400
    expect(page.locator("#space-view")).not_to_contain_text("WebGL is not supported")
    expect(page.locator("#space-view .caption")).to_contain_text("the model has 6 factors")


def test_the_heat_map_states_the_known_numbers(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/heat-map")
    expect(page.locator("#heat-map-graph .heatmap-label")).to_have_count(25)
    assert {"97.7", "86.8", "100.0"} <= set(page.locator("#heat-map-graph .heatmap-label").all_text_contents())
    page.get_by_text("The same as a table").click()
    row = page.get_by_role("row", name=re.compile("^fB "))
    expect(row).to_contain_text("97.7")


def test_the_heat_map_of_a_large_run_never_asks_for_all_of_it(addresses: Addresses, visit: Visit, http: httpx.Client) -> None:
    page = visit.go(f"{addresses.dash}/heat-map?run={addresses.many}")
    expect(page.locator("#heat-map-view .caption")).to_contain_text("The 30 of 3,400 fragments that are in most compounds")
    expect(page.locator("#heat-map-graph .heatmaplayer image").first).to_be_visible()
    assert page.evaluate("document.querySelector('#heat-map-graph .js-plotly-plot').data[0].customdata.length") == 30
    name = _some_fragment(addresses, http, "c1ccncc1")
    visit.go(f"{addresses.dash}/heat-map?run={addresses.many}&fragment={quote(name, safe='')}&nearest=15")
    expect(page.locator("#heat-map-graph .heatmaplayer image").first).to_be_visible()
    assert page.evaluate("document.querySelector('#heat-map-graph .js-plotly-plot').data[0].customdata.length") == 16
    expect(page.locator("#heat-map-view .caption")).to_contain_text("15 nearest of 3,400 fragments")


def test_search_finds_among_3400_and_the_link_restores_the_view(
    addresses: Addresses, visit: Visit, context: BrowserContext, http: httpx.Client
) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.many}")
    expect(page.locator("#results caption")).to_have_text("The first 50 fragments")
    name = _some_fragment(addresses, http, "C#N/C=C/")
    page.get_by_label("Search by name or SMILES").fill(name)
    expect(page.locator("#results caption")).to_contain_text(f"with “{name}”")
    page.locator("#results").get_by_role("link", name=name, exact=True).first.click()
    expect(page.locator("#fragment-view h2")).to_have_text(name)
    expect(page.get_by_label("Search by name or SMILES")).to_have_value(name)
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
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.chances}&fragment={quote(KNOWN[0], safe='')}")
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
    assert download.value.suggested_filename.endswith("-balanced-unlike.csv")
    rows = Path(download.value.path()).read_text().splitlines()
    structure = rows[0].split(",").index("structure")
    assert {row.split(",")[structure] for row in rows[1:]} == {"0.0"}


def test_a_run_without_structures_says_so_and_keeps_the_choice(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?fragment=fB&structure=unlike")
    expect(page.locator("#fragment-view")).to_contain_text("This run tells nothing of structures")
    page.get_by_role("list", name="Structure").get_by_role("link", name="any").click()
    expect(page.locator("#fragment-view tbody tr")).to_have_count(4)


def test_a_typed_molecule_is_predicted_and_taken_apart(addresses: Addresses, visit: Visit, context: BrowserContext) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.chances}")
    expect(page.locator("#expected-view")).to_contain_text("Type a molecule above")
    page.get_by_label("SMILES, or names").fill(f" {ASPIRIN} ")
    page.keyboard.press("Enter")
    expect(page.locator("#expected-view tbody tr")).to_have_count(10)
    expect(page.locator("#expected-view .flag")).to_contain_text("Some fragments are in too few compounds")
    expect(page.locator("#parts-view tbody tr")).to_have_count(3 + len(KNOWN) + 1)
    expect(page.get_by_role("row", name=re.compile(r"^\*O\* .*unknown"))).to_be_visible()
    chosen = page.locator("#expected-view tbody tr th").nth(3).inner_text()
    page.locator("#expected-view").get_by_role("link", name=chosen, exact=True).click()
    expect(page.locator("#expected-view tr.chosen th")).to_have_text(chosen)
    expect(page.locator("#parts-view h2")).to_contain_text(f"Chance to be active on {chosen}: ")
    expect(page.get_by_label("Target, if not the first ones")).to_have_value(chosen)
    shown = page.locator("#parts-view tbody").inner_text()
    adds = [float(text.replace("−", "-")) for text in page.locator("#parts-view tbody td:nth-child(2)").all_inner_texts()]
    assert sum(adds[:-1]) == pytest.approx(adds[-1], abs=0.005)

    link = page.get_by_role("link", name="Permanent link").get_attribute("href")
    other = context.new_page()
    other.goto(addresses.dash + str(link))
    expect(other.locator("#parts-view tbody tr").first).to_be_visible()
    assert other.locator("#parts-view tbody").inner_text() == shown
    expect(other.get_by_label("SMILES")).to_have_value(ASPIRIN)


def test_a_target_that_is_not_among_the_highest_is_shown_as_well(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.chances}&compound={quote(ASPIRIN, safe='')}")
    expect(page.locator("#expected-view tbody tr")).to_have_count(10)
    listed = page.locator("#expected-view tbody th").all_inner_texts()
    other = next(name for name in (f"target {place}" for place in range(12)) if name not in listed)
    page.get_by_label("Target, if not the first ones").fill(other)
    page.get_by_role("button", name="Predict").click()
    expect(page.locator("#expected-view tr.chosen th")).to_have_text(other)
    expect(page.locator("#expected-view tbody tr")).to_have_count(11)


def test_a_molecule_of_the_data_stands_beside_what_was_measured_and_beside_its_relatives(
    addresses: Addresses, visit: Visit
) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.model}&compound={quote(SMILES[4], safe='')}&target=pX")
    expect(page.locator("#expected-view")).to_contain_text("This is C4 of the data")
    head = page.locator("#expected-view thead th").all_inner_texts()
    assert head == ["Target", "Value", "Above usual", "90 % interval", "Measured"]
    chosen = page.locator("#expected-view tr.chosen td")
    value, above = (float(text.replace("−", "-")) for text in chosen.all_inner_texts()[:2])
    parts, relatives = page.locator("#parts-view table").first, page.locator("#parts-view table").nth(1)
    adds = [float(text.replace("−", "-")) for text in parts.locator("tbody td:nth-child(2)").all_inner_texts()]
    assert sum(adds[:-1]) == pytest.approx(adds[-1], abs=0.005)
    assert adds[-1] == pytest.approx(value, abs=0.006)
    assert adds[0] == pytest.approx(value - above, abs=0.011)
    expect(parts.get_by_role("row", name=re.compile("^Rest of the molecule"))).to_be_visible()
    expect(relatives.locator("tbody tr")).to_have_count(3)
    expect(relatives.locator("tbody tr").first).to_contain_text("100.0")
    assert relatives.locator("tbody td:nth-child(3)").first.inner_text() == chosen.nth(3).inner_text()


def test_a_molecule_unlike_all_that_was_measured_is_said_to_be_far(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.model}&compound={quote('OCC(O)C(O)C(O)CO', safe='')}")
    expect(page.locator("#expected-view .badge").first).to_have_text("far")
    expect(page.locator("#expected-view")).to_contain_text("The most alike compound of the data is")


def test_fragments_without_structures_are_asked_for_by_name(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.chances}&compound=%2Ac1ccncc1%2C%20%2Ac1ccsc1%2C%2Ac1ccsc1")
    expect(page.locator("#parts-view tbody tr")).to_have_count(3 + 2)
    expect(page.locator("#expected-view .flag")).to_have_count(0)


def test_one_fragment_is_asked_for_by_its_name_alone(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.chances}&compound=%2Ac1ccncc1")
    expect(page.locator("#parts-view tbody tr")).to_have_count(1 + 3)


def test_an_example_is_offered_where_something_is_predicted_alone(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict?run={addresses.chances}")
    expect(page.locator("#examples a").first).to_be_visible()
    with page.expect_response(lambda answer: '"examples.children"' in (answer.request.post_data or "")) as examples:
        page = visit.go(f"{addresses.dash}/predict?compound=fA")
    assert examples.value.json()["response"]["examples"]["children"] == []
    expect(page.locator("#expected-view")).to_contain_text("This run predicts nothing")
    expect(page.locator("#examples a")).to_have_count(0)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("run={chances}&compound=C1CC", "This molecule cannot be predicted"),
        ("run={chances}&compound=CCO&target=nobody", "has no target 'nobody'"),
        ("compound=CCO", "This run predicts nothing"),
    ],
)
def test_what_cannot_be_predicted_is_said(addresses: Addresses, visit: Visit, query: str, sentence: str) -> None:
    page = visit.go(f"{addresses.dash}/predict?{query.format(chances=addresses.chances)}")
    expect(page.locator("#expected-view")).to_contain_text(sentence)
    expect(page.locator("#parts-view")).to_be_hidden()


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


def test_the_training_page_shows_curve_runs_and_that_the_trainer_is_away(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/training")
    expect(page.locator("#jobs-view")).to_contain_text("The trainer at http://127.0.0.1:9 does not answer")
    expect(page.locator("#runs-view tbody tr")).to_have_count(4)
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
    expect(page.get_by_label("Search by name or SMILES")).to_be_focused()
    page.keyboard.type("fC")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.keyboard.press("Tab")  # the table, which scrolls
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#fragment-view h2")).to_have_text("fC")


def test_a_page_that_does_not_exist_says_so(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/nothing")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")


def test_each_similarity_is_offered_with_what_it_means(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?run={addresses.chances}&fragment={quote(KNOWN[0], safe='')}")
    page.locator("#choices summary", has_text="Similarity").click()
    for kind in SimilarityKind:
        expect(page.locator("#choices li", has=page.get_by_role("link", name=kind, exact=True))).to_contain_text(meaning(kind))
    page.locator("#choices").get_by_role("link", name="combined").click()
    expect(page.locator("#fragment-view caption")).to_contain_text("by combined similarity")


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


def test_a_similarity_that_does_not_exist_is_said(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/heat-map?similarity=smell")
    expect(page.locator("#heat-map-view")).to_contain_text("asks for similarity “smell”; there is function, balanced")


def test_a_fragment_that_does_not_exist_is_said(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/fragments?fragment=nobody")
    expect(page.locator("#fragment-view")).to_contain_text("nobody")
    expect(page.locator("#fragment-view")).to_contain_text("Choose another one")


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
        expect(page.locator("#curve-graph .main-svg").first).to_be_visible(timeout=_PATIENCE_MS)
        page.wait_for_function(
            "colour => document.querySelector('#curve-graph .xtick text').style.fill === colour", arg=_TICKS[scheme]
        )
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert grounds == ["rgb(244, 245, 247)", "rgb(14, 16, 19)"]


_TICKS = {"light": "rgb(89, 97, 107)", "dark": "rgb(163, 171, 181)"}
_PLACES = [
    ("dash", "/?fragment=fB"), ("dash", "/heat-map"), ("dash", "/fragments?fragment=fB"), ("dash", "/training"),
    ("dash", f"/predict?run={{chances}}&compound={quote(ASPIRIN, safe='')}"),
    ("dash", f"/predict?run={{model}}&compound={quote(SMILES[4], safe='')}"),
    ("bokeh", "/"), ("bokeh", "/histogram"), ("bokeh", "/training"),
]  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize(("server", "path"), _PLACES)
def test_pages_fit_the_screen_and_pass_axe(
    addresses: Addresses, browser: Browser, axe: str, server: str, path: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(getattr(addresses, server) + path.format(chances=addresses.chances, model=addresses.model))
    settled = (
        "#content figure .js-plotly-plot, #results tr, #content table a, .bk-Figure"
        if server == "dash"
        else "#content a, .bk-Figure"
    )
    expect(page.locator(settled).first).to_be_visible(timeout=_PATIENCE_MS)
    if server == "bokeh" and path != "/":
        page.wait_for_function("() => !document.querySelector('[role=slider]:not([aria-label])')")
        expect(page.get_by_role("slider", name=re.compile("^(Listed range|Frame)")).first).to_be_visible(timeout=_PATIENCE_MS)
    assert serious_faults(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's script, from the npm registry; it is not kept in the repository."""
    return axe_script(tmp_path_factory.mktemp("axe"))


def _plotted(page: Page, graph: str, kind: str) -> list[str]:
    """Names carried by the points of a figure."""
    page.wait_for_function(f"document.querySelector('#{graph} .js-plotly-plot')?.data?.some(trace => trace.type === '{kind}')")
    names: list[str] = page.evaluate(
        f"document.querySelector('#{graph} .js-plotly-plot').data.filter(trace => trace.type === '{kind}' && trace.customdata)"
        ".flatMap(trace => trace.customdata.map(row => row[0]))"
    )
    return names


def _on_screen(page: Page) -> tuple[float, float]:
    """Where the first fragment's point is drawn, in pixels of the window."""
    x, y = page.evaluate(
        """() => {
          const plot = document.querySelector('#space-graph .js-plotly-plot');
          const scene = plot._fullLayout.scene._scene, glplot = scene.glplot;
          const points = plot.data.find(trace => trace.customdata);
          const at = [points.x, points.y, points.z].map(axis => Array.from(axis._inputArray ?? axis)[0]);
          const scaled = at.map((value, i) => value * scene.dataScale[i]);
          const times = (m, v) => [0, 1, 2, 3].map(r => m[r] * v[0] + m[4 + r] * v[1] + m[8 + r] * v[2] + m[12 + r] * v[3]);
          const {model, view, projection} = glplot.cameraParams;
          const clip = times(projection, times(view, times(model, [...scaled, 1])));
          const box = scene.container.getBoundingClientRect();
          return [box.x + (clip[0] / clip[3] + 1) / 2 * box.width, box.y + (1 - clip[1] / clip[3]) / 2 * box.height];
        }"""
    )
    return x, y


def _some_fragment(addresses: Addresses, http: httpx.Client, part: str) -> str:
    found = http.get(f"{addresses.scores}/v1/fragments", params={"run": addresses.many, "query": part, "limit": 5}).json()
    return str(found["items"][-1]["name"])
