"""The documentation as a site: built without a warning, with nothing of a foreign host, and every page reached."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import sync_playwright
from tests.support.browser import PLAIN, launched
from tests.support.documentation import ROOT
from tools import reference

_LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")}


class _Loads(HTMLParser):
    """What a page loads by itself, which links that a reader follows are not."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        stated = dict(attrs)
        self.found += [value for name, value in attrs if value and (tag, name) in _LOADED]
        if tag == "link" and stated.get("rel") in {"stylesheet", "icon", "preconnect", "preload"}:
            self.found.append(stated.get("href") or "")


@pytest.fixture(scope="module")
def site() -> Path:
    built = subprocess.run(
        [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "--clean"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    told = built.stdout + built.stderr
    assert built.returncode == 0, told
    assert "arning" not in told, told
    return ROOT / "build" / "site"


def test_pages_load_nothing_from_another_host(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 100
    for page in pages:
        parser = _Loads()
        parser.feed(page.read_text(encoding="utf-8"))
        assert parser.found, page
        assert not [each for each in parser.found if re.match(r"(https?:)?//", each)], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//|@import[^;]*//", sheet.read_text(encoding="utf-8")), sheet


def test_the_site_can_be_searched(site: Path) -> None:
    assert list(site.rglob("search*.json"))


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_pages_are_dark_where_the_readers_system_is(site: Path, scheme: Literal["dark", "light"]) -> None:
    with sync_playwright() as playwright, launched(playwright, PLAIN) as browser:
        page = browser.new_context(color_scheme=scheme).new_page()
        page.goto((site / "index.html").as_uri())
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    parts = [int(part) for part in re.findall(r"\d+", colour)[:3]]
    assert max(parts) < 60 if scheme == "dark" else min(parts) > 230, colour


def _listed(nav: Any) -> Iterator[str]:
    for entry in nav:
        for value in entry.values():
            if isinstance(value, str):
                yield value
            else:
                yield from _listed(value)


def test_every_page_but_problems_and_decisions_stands_in_the_navigation() -> None:
    listed = set(_listed(tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]))
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert {page for page in pages - listed if not page.startswith(("problems/", "decisions/"))} == set()
    assert listed <= pages


def test_the_committed_reference_is_what_the_code_says() -> None:
    assert reference.stale() == [], "run `make reference`"
