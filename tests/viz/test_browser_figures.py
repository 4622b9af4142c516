"""The 3-D view and the heat map in a real browser."""

import re
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, expect
from tests.support.browser import Visit
from tests.viz.conftest import Addresses, some_fragment

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# Plotly's 3-D sees a press only when it draws: hold it for some frames and longer than a twitch.
_AFTER_FRAMES = """() => new Promise(done => {
  let frames = 0;
  const until = performance.now() + 100;
  const frame = () => (++frames > 4 && performance.now() > until ? done() : requestAnimationFrame(frame));
  requestAnimationFrame(frame);
})"""


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
    expect(page.locator("#space-graph-card .card-text")).to_contain_text(re.compile(r"f[A-E]\d compounds"))
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
    page = webgl_visit.go(f"{addresses.dash}/?run={addresses.many}&drawn=factors")
    expect(page.locator("#space-graph canvas").first).to_be_visible()
    assert len(_plotted(page, "space-graph", "scattergl")) == 3400
    expect(page.locator("#space-view")).not_to_contain_text("WebGL is not supported")
    expect(page.locator("#space-view .caption")).to_contain_text("the model has 6 factors")


@pytest.mark.slow
def test_a_large_run_is_mapped_and_what_is_encircled_is_listed(addresses: Addresses, webgl_visit: Visit) -> None:
    page = webgl_visit.go(f"{addresses.dash}/?run={addresses.many}")
    figure = page.get_by_role("group", name="Map of 3,400 fragments, those that act alike beside each other")
    expect(figure.locator("canvas.gl-canvas").first).to_be_visible()
    expect(figure.locator(".textpoint text").first).to_be_visible()
    before = figure.locator(".textpoint text").all_text_contents()
    assert 5 < len(before) <= 30
    box = figure.bounding_box()
    assert box is not None
    middle, centre = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle, centre)
    page.mouse.wheel(0, -600)
    expect(figure.locator(".textpoint text")).not_to_have_text(before)
    figure.locator("[data-title='Lasso Select']").click()
    page.mouse.move(middle - 150, centre - 100)
    page.mouse.down()
    for across, up in ((150, -100), (150, 100), (-150, 100), (-150, -100)):
        page.mouse.move(middle + across, centre + up, steps=4)
    page.mouse.up()
    expect(page.locator("#map-table caption")).to_contain_text("encircled")
    chosen = page.locator("#map-table tbody tr th a").first
    name = chosen.inner_text()
    chosen.click()
    expect(page.locator("#space-side h2")).to_have_text(name)
    expect(page.locator("#space-view .caption")).to_contain_text(f"similarity to {name}")
    page.get_by_role("list", name="Colour").get_by_role("link", name="support").press("Enter")
    expect(page.locator("#space-view .caption")).to_contain_text("in how many compounds a fragment is")


def test_a_small_run_is_mapped_where_it_has_a_map_and_says_so_where_not(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/?run={addresses.chances}&drawn=map")
    expect(page.locator("#space-view")).to_contain_text(f"Run {addresses.chances} was trained before runs had maps.")
    expect(page.get_by_role("list", name="Drawn").get_by_role("link", name="factors")).to_be_visible()


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
    assert page.evaluate("document.querySelector('#heat-map-graph .js-plotly-plot').layout.meta.rows.length") == 30
    name = some_fragment(addresses, http, "c1ccncc1")
    visit.go(f"{addresses.dash}/heat-map?run={addresses.many}&fragment={quote(name, safe='')}&nearest=15")
    expect(page.locator("#heat-map-graph .heatmaplayer image").first).to_be_visible()
    assert page.evaluate("document.querySelector('#heat-map-graph .js-plotly-plot').layout.meta.rows.length") == 16
    expect(page.locator("#heat-map-view .caption")).to_contain_text("15 nearest of 3,400 fragments")


def test_a_cell_is_drawn_beside_the_pointer_and_chosen_by_a_press(
    addresses: Addresses, visit: Visit, http: httpx.Client
) -> None:
    page = visit.go(f"{addresses.dash}/heat-map?run={addresses.replaced}")
    expect(page.locator("#heat-map-graph .heatmaplayer image").first).to_be_visible()
    rows = page.evaluate("document.querySelector('#heat-map-graph .js-plotly-plot').layout.meta.rows")
    box = page.locator("#heat-map-graph .heatmaplayer image").first.bounding_box()
    assert box is not None
    side = box["width"] / len(rows)
    page.mouse.move(box["x"] + 1.5 * side, box["y"] + 0.5 * side)
    card = page.locator("#heat-map-graph-card .card-text")
    expect(card.locator("img")).to_have_count(2)
    assert card.locator("code").all_inner_texts() == [rows[0], rows[1]]
    question = {"fragments": rows[:2], "similarity": "function"}
    stated = http.post(f"{addresses.scores}/v1/similarities", params={"run": addresses.replaced}, json=question).json()
    shown = float(card.locator("p").inner_text().split(" %")[0].replace("−", "-"))
    assert shown == pytest.approx(stated["percents"][0][1], abs=0.051)
    page.mouse.click(box["x"] + 1.5 * side, box["y"] + 0.5 * side)
    expect(page.locator("#heat-map-side h2")).to_have_text(rows[0])


def test_a_similarity_that_does_not_exist_is_said(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/heat-map?similarity=smell")
    expect(page.locator("#heat-map-view")).to_contain_text("asks for similarity “smell”; there is function, balanced")


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
