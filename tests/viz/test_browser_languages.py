"""The pages in Japanese, in a real browser: nothing English is left of what they say, and the switch leads there and back."""

import re
from string import Formatter

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect
from tests.support.browser import Visit, faults
from tests.support.hands import Keyboard, Mouse
from tests.viz.conftest import PATIENCE_MS, PLACES, Addresses, opened
from tools import translations

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_SAID = """
() => {
  const said = new Set();
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      if (node.parentElement && node.parentElement.checkVisibility()) said.add(node.textContent.trim());
      return;
    }
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(node.tagName)) return;
      ["aria-label", "title", "alt", "placeholder"].forEach((name) => said.add((node.getAttribute(name) || "").trim()));
      if (node.shadowRoot) node.shadowRoot.childNodes.forEach(walk);
    }
    node.childNodes.forEach(walk);
  };
  walk(document.documentElement);
  said.delete("");
  return [...said];
}
"""
"""Every text that can be seen, and every one that is heard or shown by the pointer."""
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_WORDS = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}")
_OTHERS_SAY = re.compile(
    r"Run \S+ does not tell it: .*"  # the scores API, of a question that a run cannot answer
    r"|(The chance that|What a measurement would give).*"  # and of its predictions
    r"|two cells|English"  # names: of a target, and of a language
    r"|(Pan|Box Select.*|Wheel Zoom.*|Reset|Save)"  # Bokeh's own buttons
)


def _english(page: Page) -> list[str]:
    """What is left in English of what our pages say: messages, their places filled, and whatever else looks like a sentence."""
    words, sentences = _messages()
    told = [text for text in page.evaluate(_SAID) if not _OTHERS_SAY.fullmatch(text)]
    return [
        text
        for text in told
        if text in words
        or any(sentence.search(text) for sentence in sentences)
        or (_WORDS.search(text) and not _JAPANESE.search(text))
    ]


def _messages() -> tuple[set[str], list[re.Pattern[str]]]:
    """English messages that are something else in Japanese: single words, as headings are, and longer ones as patterns."""
    words, sentences = set(), []
    for message in translations.catalogue(translations.CATALOGUES[0]):
        for form in [message.id] if isinstance(message.id, str) else message.id:
            parts = [(text, "" if name is None else ".+?") for text, name, *_rest in Formatter().parse(form.strip())]
            if form == message.string:
                continue
            if any(_WORDS.search(text) for text, _place in parts):
                sentences.append(re.compile("".join(re.escape(text) + place for text, place in parts)))
            elif form[:1].isupper():
                words.add(form)
    return words, sentences


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize(("server", "path"), PLACES)
def test_a_page_in_japanese_says_nothing_of_its_own_in_english(
    addresses: Addresses, browser: Browser, axe: str, server: str, path: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, locale="ja-JP")
    page = context.new_page()
    opened(page, addresses, server, path)
    expect(page.get_by_role("navigation").get_by_role("link", name="フラグメント")).to_be_attached(timeout=PATIENCE_MS)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.lang") == "ja"
    assert _english(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert faults(page, axe) == []
    context.close()


def test_the_switch_leads_to_japanese_which_stays_and_back(addresses: Addresses, visit: Visit, hands: Mouse | Keyboard) -> None:
    page = visit.go(f"{addresses.dash}/fragments?fragment=fB")
    pages = page.get_by_role("navigation")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fragments")
    hands.press(pages.get_by_role("link", name="日本語"))
    expect(page.get_by_role("heading", level=1)).to_have_text("フラグメント")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    assert "fragment=fB" in page.url
    assert "lang=ja" in page.url
    expect(page.locator("#fragment-view caption")).to_have_text("fB の最近傍（平衡類似度）")
    hands.press(pages.get_by_role("link", name="実行結果"))
    expect(page.get_by_role("heading", level=1)).to_have_text("実行結果")
    assert "lang" not in page.url
    expect(page).to_have_title("実行結果 · ntdemo")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("実行結果")
    hands.press(pages.get_by_role("link", name="ヒストグラム"))
    expect(page.get_by_text("80 ～ 100 % のペア 2 組")).to_be_visible()
    hands.press(pages.get_by_role("link", name="English"))
    expect(page.get_by_text("2 pairs from 80 to 100 %")).to_be_visible()
    hands.press(pages.get_by_role("link", name="Runs"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")


def test_what_widgets_of_bokeh_say_later_is_japanese_too(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.bokeh}/training?lang=ja")
    expect(page.get_by_text("ステップ 0 / 40")).to_be_visible()
    page.get_by_role("button", name="再生").click()
    expect(page.get_by_text("ステップ 40 / 40")).to_be_visible()
    expect(page.get_by_role("button", name="再生")).to_be_visible()


def test_what_scripts_say_is_japanese_too(addresses: Addresses, visit: Visit) -> None:
    page = visit.go(f"{addresses.dash}/predict-many?lang=ja")
    file: FilePayload = {"name": "two.smi", "mimeType": "text/plain", "buffer": b"CCO ethanol\nCCN\n"}
    page.locator("#many-file").set_input_files(file)
    expect(page.locator("#many-status")).to_have_text("two.smi：2 分子を下に入力しました。")


def test_a_page_stays_in_its_language_while_another_tab_switches(
    addresses: Addresses, context: BrowserContext, visit: Visit
) -> None:
    page = visit.go(f"{addresses.dash}/fragments?fragment=fB&lang=ja")
    expect(page.locator("#fragment-view caption")).to_have_text("fB の最近傍（平衡類似度）")
    other = context.new_page()
    other.goto(f"{addresses.dash}/words?lang=en")
    expect(other.get_by_role("heading", level=1)).to_have_text("Words")
    page.get_by_role("navigation").get_by_role("link", name="実行結果").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("実行結果")
    expect(page.locator("#runs-view caption")).to_have_text("公開済みの実行結果（新しい順）")
    page.wait_for_load_state("networkidle")
    assert _english(page) == []


def test_a_page_stays_in_its_language_where_the_browser_keeps_no_cookie(
    addresses: Addresses, context: BrowserContext, visit: Visit
) -> None:
    page = visit.go(f"{addresses.dash}/words?lang=ja")
    expect(page.get_by_role("heading", level=1)).to_have_text("用語")
    context.clear_cookies()
    page.get_by_role("navigation").get_by_role("link", name="実行結果").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("実行結果")
    expect(page.locator("#runs-view caption")).to_have_text("公開済みの実行結果（新しい順）")
