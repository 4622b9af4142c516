"""The page in a real browser, before a running service and before one that writes only when it is let."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from tests.chatbot.conftest import GREETING, GREETING_JA, NOWHERE, Running, chatbot_environment, opened
from tests.chatbot.fragments.asked import scores_api
from tests.support.browser import PLAIN, Visit, axe_script, launched, serious_faults, watched
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.support.store import named_fragments

from chatbot.app import create_app
from chatbot.settings import Settings

pytestmark = pytest.mark.browser
_PATIENCE_MS = 15_000
_INK = """(image) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const counts = new Map();
  for (let at = 0; at < pixels.length; at += 4) {
    const colour = pixels.slice(at, at + 4).join();
    if (pixels[at + 3] === 255) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return [...counts].sort((one, two) => two[1] - one[1])[0][0].split(",").map(Number);
}"""
"""The colour that most of a picture is drawn in."""
expect.set_options(timeout=_PATIENCE_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launched(playwright, PLAIN)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    fresh = browser.new_context(viewport={"width": 1100, "height": 760}, locale="en-US")
    fresh.set_default_timeout(_PATIENCE_MS)
    yield fresh
    fresh.close()


@pytest.fixture
def visit(context: BrowserContext) -> Iterator[Visit]:
    yield from watched(context)


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.keyboard.press("Enter")


def bubbles(page: Page) -> list[str]:
    return page.locator("#log .text").all_text_contents()


def test_a_message_is_answered_and_the_box_is_ready_for_the_next(running: Running, visit: Visit) -> None:
    page = visit.go(running.url)
    expect(page.get_by_role("heading", name="Say something.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    say(page, "How are you?")
    expect(page.locator("#log .bot .text")).to_have_text(GREETING)
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text(f"Bot: {GREETING}")
    expect(page.get_by_role("textbox")).to_have_value("")
    expect(page.get_by_role("textbox")).to_be_focused()
    say(page, "And now?")
    expect(page.locator("#log .text")).to_have_text(["How are you?", GREETING, "And now?", GREETING])


def test_japanese_is_chosen_by_the_switch_and_kept_in_the_address(running: Running, visit: Visit) -> None:
    page = visit.go(running.url)
    page.get_by_role("radio", name="日本語").check()
    expect(page.get_by_role("heading", name="話しかけてください。")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "ja"
    assert page.url.endswith("?language=ja")
    say(page, "元気ですか")
    expect(page.locator("#log .bot .text")).to_have_text(GREETING_JA)
    page.get_by_role("radio", name="English").check()
    expect(page.get_by_role("heading", name="Say something.")).to_be_visible()
    page.get_by_role("radio", name="日本語").check()
    expect(page.locator("#log .bot .text")).to_have_text(GREETING_JA)


def test_a_reader_of_japanese_finds_the_page_in_japanese(running: Running, browser: Browser) -> None:
    context = browser.new_context(locale="ja-JP")
    page = context.new_page()
    page.goto(running.url)
    expect(page.get_by_role("button", name="送信")).to_be_visible()
    context.close()


def test_a_conversation_survives_a_reload_and_ends_with_a_new_chat(running: Running, visit: Visit) -> None:
    page = visit.go(running.url)
    say(page, "How are you?")
    expect(page.locator("#log .bot .text")).to_have_text(GREETING)
    page.reload()
    expect(page.locator("#log .bot .text")).to_have_text(GREETING)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#log li")).to_have_count(0)
    expect(page.get_by_role("status")).to_have_text("New chat. Nothing of the last one is kept.")
    page.reload()
    expect(page.get_by_role("heading", name="Say something.")).to_be_visible()


def test_suggestions_are_asked_by_a_press(running: Running, visit: Visit) -> None:
    page = visit.go(running.url)
    page.get_by_role("button", name="What music do you like?").click()
    expect(page.locator("#log .bot .text")).to_have_text(GREETING)


@pytest.fixture(scope="module")
def looking_up(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A chatbot before a scores API whose fragments have structures."""
    scratch = tmp_path_factory.mktemp("looking-up")
    contents = named_fragments(["*N1CCOCC1", "*c1ccccc1", "*F"])
    table = contents.facts["fragments"]
    at = table.schema.get_field_index("smiles")
    with_structures = table.set_column(at, table.schema.field(at), table.column("name"))
    for scores_url in scores_api(scratch, replace(contents, facts={**contents.facts, "fragments": with_structures})):
        (port,) = free_ports(1)
        environment = chatbot_environment(models, port, NTDEMO_PORT=scores_url.rsplit(":", 1)[1])
        with Served("ntdemo-chatbot", scratch / "chatbot.log", environment, f"http://127.0.0.1:{port}") as served:
            wait_until_ready(served)
            yield served.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_current_run_is_asked_about_and_its_fragments_are_drawn(
    looking_up: str, browser: Browser, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(color_scheme=scheme, locale="en-US")
    watching = watched(context)
    visit = next(watching)
    asked: set[str] = set()
    visit.page.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))
    page = visit.go(looking_up)
    page.get_by_role("button", name="What is like").click()
    expect(page.locator(".drawings li")).to_have_count(3)
    for name in ("*N1CCOCC1", "*c1ccccc1", "*F"):
        picture = page.get_by_role("img", name=f"Structure of {name}")
        expect(picture).to_be_visible()
        assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0
    benzene = page.get_by_role("img", name="Structure of *c1ccccc1")
    assert benzene.evaluate(_INK) == {"light": [27, 31, 36, 255], "dark": [231, 234, 238, 255]}[scheme]
    assert asked == {looking_up}, "no other port has to be reachable"
    page.reload()
    expect(page.locator(".drawings li")).to_have_count(3)
    assert not list(watching)


def test_a_promoted_bot_that_is_not_served_is_told_beside_the_one_that_is(running: Running, visit: Visit) -> None:
    reason = "dialogue-1, which is promoted, is not served: the scores API has no bot of this run yet"

    told = httpx.get(f"{running.url}/v1/models", trust_env=False).json() | {"unserved": {"ntdemo-en": reason}}

    def awaiting(route: Route) -> None:
        route.fulfill(json=told)

    visit.page.route("**/v1/models", awaiting)
    page = visit.go(running.url)
    page.locator("#about summary").click()
    expect(page.locator("#card")).to_contain_text(f"Another bot is to be here: {reason}.")
    page.get_by_role("radio", name="日本語").check()
    expect(page.locator("#card")).not_to_contain_text("別のボット")


def test_markup_is_shown_as_text(running: Running, visit: Visit) -> None:
    page = visit.go(running.url)
    say(page, "<img src=x onerror=alert(1)><b>bold</b>")
    expect(page.locator("#log .bot .text")).to_have_text(GREETING)
    assert bubbles(page)[0] == "<img src=x onerror=alert(1)><b>bold</b>"
    expect(page.locator("#log img, #log b")).to_have_count(0)


def test_everything_can_be_done_by_keyboard(running: Running, visit: Visit) -> None:
    page = visit.go(running.url)
    expect(page.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    expect(page.locator("#log .bot .text")).to_have_text(GREETING)
    assert bubbles(page)[0] == "one\ntwo"
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="New chat")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="日本語")).to_be_checked()


def test_enter_that_ends_the_writing_of_japanese_sends_nothing(running: Running, visit: Visit) -> None:
    page = visit.go(running.url)
    page.get_by_role("textbox").fill("かんじ")
    page.evaluate(
        "document.querySelector('textarea').dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    expect(page.get_by_role("textbox")).to_have_value("かんじ")
    expect(page.locator("#log li")).to_have_count(0)


def test_an_answer_with_a_link_is_a_link_and_nothing_else_is(running: Running, visit: Visit) -> None:
    page = visit.go(running.url)
    address = "http://127.0.0.1:8050/fragments?run=r&fragment=fB"
    exchange = f"[{{user: 'what is like fB?', bot: 'fC 98 %. Look: {address} <b>', state: 'done'}}]"
    page.evaluate(f"sessionStorage.setItem('en', JSON.stringify({exchange}))")
    page.reload()
    link = page.get_by_role("link", name="127.0.0.1:8050/fragments")
    expect(link).to_have_attribute("href", address)
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(page.locator("#log .bot .text")).to_contain_text("<b>")


def begun(models: Path, tokens: int) -> str:
    """The greeting's first tokens, as they are shown."""
    coder = opened(models / "en").tokens
    return coder.text(coder.ids(GREETING)[:tokens])


@contextmanager
def gated(models: Path) -> Iterator[tuple[str, threading.Semaphore]]:
    """The application in a thread, whose English bot says a token for each permit."""
    (port,) = free_ports(1)
    permits = threading.Semaphore(0)
    values = {"models": models, "scores_host": "127.0.0.1", "scores_port": NOWHERE}
    app = create_app(Settings.model_validate(values))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    graphs = app.state.registry.of_model("ntdemo-en").graphs
    step = graphs.step

    def slowly(*arguments: Any) -> Any:
        permits.acquire(timeout=_PATIENCE_MS / 1000)
        return step(*arguments)

    graphs.step = slowly
    try:
        yield f"http://127.0.0.1:{port}", permits
    finally:
        permits.release(10_000)
        server.should_exit = True
        thread.join()


def test_a_reply_grows_as_it_is_written_and_can_be_stopped(models: Path, visit: Visit) -> None:
    with gated(models) as (url, permits):
        page = visit.go(url)
        say(page, "How are you?")
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        expect(page.get_by_role("status")).to_have_text("The bot is writing.")
        shown = page.locator("#log .bot .text")
        for length in (1, 2, 3):
            permits.release(1)
            expect(shown).to_have_text(begun(models, length))
        so_far = begun(models, 3)
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#log .remark")).to_contain_text("Stopped.")
        expect(page.get_by_role("status")).to_have_text(f"Stopped. {so_far}")
        expect(page.get_by_role("button", name="Send")).to_be_visible()
        permits.release(10_000)
        expect(shown).to_have_text(so_far)
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#log .bot .text")).to_have_text(GREETING)
        expect(page.locator("#log li")).to_have_count(2)


def test_escape_stops_and_another_language_leaves_the_reply_behind(models: Path, visit: Visit) -> None:
    with gated(models) as (url, permits):
        page = visit.go(url)
        say(page, "first")
        page.keyboard.press("Escape")
        expect(page.locator("#log .remark")).to_contain_text("Stopped.")
        say(page, "second")
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        page.get_by_role("radio", name="日本語").check()
        expect(page.get_by_role("button", name="送信")).to_be_visible()
        permits.release(10_000)
        page.get_by_role("radio", name="English").check()
        expect(page.locator("#log .user .text")).to_have_text(["first", "second"])


def test_a_language_without_a_bot_is_said_to_have_none(models: Path, tmp_path: Path, context: BrowserContext) -> None:
    (tmp_path / "en").symlink_to(models / "en")
    with gated(tmp_path) as (url, _):
        page = context.new_page()
        page.goto(f"{url}/?language=ja")
        expect(page.get_by_role("alert")).to_contain_text("日本語のボットはここにはいません")
        say(page, "こんにちは")
        expect(page.locator("#log .remark")).to_contain_text("The bot for Japanese is not here")


def test_a_service_that_went_away_is_said_to_be_away_and_the_message_can_be_sent_again(
    models: Path, context: BrowserContext
) -> None:
    with gated(models) as (url, permits):
        permits.release(10_000)
        page = context.new_page()
        page.goto(url)
        expect(page.get_by_role("textbox")).to_be_focused()
    say(page, "Are you there?")
    expect(page.locator("#log .remark")).to_contain_text("The chatbot does not answer. Is it still running?")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    return axe_script(tmp_path_factory.mktemp("axe"))


@pytest.mark.parametrize(("width", "scheme", "language"), [(1280, "light", "en"), (390, "dark", "ja"), (320, "light", "en")])
def test_the_page_fits_the_screen_and_passes_axe(
    running: Running, browser: Browser, axe: str, width: int, scheme: Any, language: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 720}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{running.url}/?language={language}")
    expect(page.locator("#suggestions button").first).to_be_visible()
    assert serious_faults(page, axe) == []
    say(page, "Hello " * 20)
    expect(page.locator("#log .bot .text")).to_be_visible()
    page.locator("#about summary").click()
    expect(page.locator("#card")).to_contain_text("Apache-2.0")
    assert serious_faults(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
