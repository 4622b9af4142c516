"""A real store, the real scores API and the real viz before it, once for all tests of viz."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pyarrow as pa
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.support.browser import PLAIN, Visit, axe_script, launched, watched
from tests.support.gaussian import SMILES, fitted, table
from tests.support.hands import Keyboard, Mouse
from tests.support.ports import free_ports
from tests.support.posteriors import drawn
from tests.support.predicting import modelled, predicting
from tests.support.replacing import replacing_run
from tests.support.served import Served, wait_until_ready
from tests.support.store import Contents, Publisher, five_fragments, many_fragments

from chemistry import fragment
from contracts.kinds import Objective
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.predictor import Predictor

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
CHLORIDE = "Clc1ccc(CC(=O)NC)cc1"
"""A molecule of the run that tells of replacements."""
KNOWN = [name for name in fragment(ASPIRIN).fragments if name != "*O*"]
"""The fragments of aspirin that the predicting run knows."""
TARGETS = [f"target {place}" for place in range(12)]


PLACES = [
    ("dash", "/?fragment=fB"), ("dash", "/?run={many}&colour=support"), ("dash", "/heat-map"),
    ("dash", "/fragments?fragment=fB"), ("dash", "/training"), ("dash", "/data"), ("dash", "/words"), ("dash", "/predict-many"),
    ("dash", f"/fragments?run={{replaced}}&fragment={quote('*Cl', safe='')}&target=a&by={quote('*OC', safe='')}"),
    ("dash", f"/replace?run={{replaced}}&compound={quote(CHLORIDE, safe='')}&fragment={quote('*Cl', safe='')}&target=a&keep=b"),
    ("dash", "/training?beside={many}"),
    ("dash", f"/predict?run={{chances}}&compound={quote(ASPIRIN, safe='')}"),
    ("dash", f"/predict?run={{model}}&compound={quote(SMILES[4], safe='')}"),
    ("bokeh", "/"), ("bokeh", "/histogram"), ("bokeh", "/training"),
]  # fmt: skip
"""Every page, by its server, with something on it."""
PATIENCE_MS = 60_000
_WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]


def without_structures(contents: Contents) -> Contents:
    """The same fragments, whose names are no SMILES that could be drawn."""
    table = contents.facts["fragments"]
    at = table.schema.get_field_index("smiles")
    nothing = table.set_column(at, table.schema.field(at), pa.nulls(len(table), table.schema.field(at).type))
    return replace(contents, facts={**contents.facts, "fragments": nothing})


@dataclass(frozen=True)
class Published:
    """A state directory with five runs."""

    state: Path
    few: str
    """The newest: the built-in five fragments."""
    many: str
    chances: str
    """Fragments with structures, of aspirin and others, and chances on 12 targets; nothing of what they do alike."""
    replaced: str
    """The oldest: what a run of activity tells of replacements among 108 molecules."""
    model: str
    """Values of 36 molecules on three targets, learned by a model that compares whole molecules."""


@dataclass(frozen=True)
class Addresses:
    """Where everything is served, and the runs it serves."""

    scores: str
    dash: str
    bokeh: str
    few: str
    """The newest run: the built-in five fragments."""
    many: str
    """A run that shows 3,400 fragments."""
    chances: str
    """A run with structures that predicts."""
    replaced: str
    """A run of activity that tells of replacements."""
    model: str
    """A run that predicts by like compounds as well."""


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The runs that everything is asked of."""
    state, scratch = tmp_path_factory.mktemp("viz-state"), tmp_path_factory.mktemp("graph")
    publisher = Publisher(state)
    replaced = publisher.publish(replace(replacing_run(), is_mapped=True), objective=Objective.ACTIVITY)
    names = [*KNOWN, "*c1ccncc1", "*c1ccsc1"]
    draws = drawn(40, fragments=len(names), targets=len(TARGETS))
    predictor = Predictor.from_posterior(Posterior(draws, -0.5, binary=True))
    environments = [[0, 1, 2], [0, 1, 3], *([place] for place in range(4, 2 + len(names)))]
    contents = predicting(predictor, scratch, fragments=names, targets=TARGETS, environments=environments)
    chances = publisher.publish(contents, objective=Objective.ACTIVITY)
    given = table()
    learned = modelled(given, fitted(given, share=0.3), scratch, targets=["pX", "nM", "two cells"])
    model = publisher.publish(learned, objective=Objective.ACTIVITY)
    many = publisher.publish(replace(without_structures(many_fragments(3600, shown=3400, rank=6, targets=12)), is_mapped=True))
    few = publisher.publish(five_fragments())
    return Published(state, few=few, many=many, chances=chances, replaced=replaced, model=model)


@pytest.fixture(scope="session")
def scores_url(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The scores API over that store."""
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(published.state), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    log = tmp_path_factory.mktemp("logs") / "scores-api.log"
    with Served("ntdemo-scores-api", log, environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served)
        yield served.url


def viz_environment(scores_url: str, dash_port: int, bokeh_port: int) -> dict[str, str]:
    """The environment of a viz that asks the scores API at `scores_url`, with a trainer that is away."""
    return {
        "NTDEMO_HOST": "127.0.0.1",
        "NTDEMO_PORT": scores_url.rsplit(":", 1)[1],
        "TRAINER_HOST": "127.0.0.1",
        "TRAINER_PORT": "9",
        "VIZ_HOST": "127.0.0.1",
        "VIZ_DASH_PORT": str(dash_port),
        "VIZ_BOKEH_PORT": str(bokeh_port),
        "VIZ_BOKEH_ORIGINS": "",
    }


@pytest.fixture(scope="session")
def addresses(published: Published, scores_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """viz before the scores API."""
    dash_port, bokeh_port = free_ports(2)
    log = tmp_path_factory.mktemp("logs") / "viz.log"
    with Served(
        "ntdemo-viz", log, viz_environment(scores_url, dash_port, bokeh_port), f"http://127.0.0.1:{dash_port}"
    ) as served:
        wait_until_ready(served)
        yield Addresses(
            scores_url,
            served.url,
            f"http://127.0.0.1:{bokeh_port}",
            few=published.few,
            many=published.many,
            chances=published.chances,
            replaced=published.replaced,
            model=published.model,
        )
        unforeseen = [
            line for line in served.log.read_text().splitlines() if "callback_failed" in line or "page_failed" in line
        ]
        assert not unforeseen, json.dumps(unforeseen)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client that knows no proxy."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[[list[str]], Browser]]:
    """Starts Chromium with extra flags; once a module: Playwright's loop runs on, and other tests have loops of their own."""
    expect.set_options(timeout=PATIENCE_MS)
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


@pytest.fixture(params=["mouse", "keyboard"])
def hands(request: pytest.FixtureRequest, visit: Visit) -> Mouse | Keyboard:
    """Who uses the page of `visit`."""
    return Mouse() if request.param == "mouse" else Keyboard(visit.page)


def _profile(browser: Browser) -> Iterator[BrowserContext]:
    fresh = browser.new_context(viewport={"width": 1280, "height": 800})
    fresh.set_default_timeout(PATIENCE_MS)
    yield fresh
    fresh.close()


def some_fragment(addresses: Addresses, http: httpx.Client, part: str) -> str:
    """A fragment of the large run whose name holds a text."""
    found = http.get(f"{addresses.scores}/v1/fragments", params={"run": addresses.many, "query": part, "limit": 5}).json()
    return str(found["items"][-1]["name"])


def opened(page: Page, addresses: Addresses, server: str, path: str) -> None:
    """Open one of `PLACES`, and wait until what it shows is there."""
    runs = {name: getattr(addresses, name) for name in ("chances", "replaced", "model", "many")}
    page.goto(getattr(addresses, server) + path.format(**runs))
    settled = (
        "#content figure .js-plotly-plot, #results tr, #content table a, #data-file, #many-molecules, .words, .bk-Figure"
        if server == "dash"
        else "#content a"
        if path == "/"
        else ".bk-Figure"
    )
    expect(page.locator(settled).first).to_be_visible(timeout=PATIENCE_MS)
    if server == "bokeh" and path != "/":
        page.wait_for_function("() => !document.querySelector('[role=slider]:not([aria-label])')")
        slider = page.get_by_role("slider", name=re.compile("^(Listed range|Frame|一覧の範囲|フレーム)"))
        expect(slider.first).to_be_visible(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's script, from the npm registry; it is not kept in the repository."""
    return axe_script(tmp_path_factory.mktemp("axe"))
