"""Chromium for the tests that look at pages: found, started, and watched for what it complains of and whom it asks."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

__all__ = ["PLAIN", "Visit", "axe_script", "faults", "launched", "serious_faults", "watched"]

PLAIN = ["--disable-gpu"]
_CHROMIUM = os.environ.get(
    "CHROMIUM", shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
)
_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Visit:
    """A page of our own under watch: what it complained of, and whom it asked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.outside: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.hostname != "127.0.0.1":
            self.outside.append(request.url)

    def go(self, url: str) -> Page:
        """Open an address."""
        self.page.goto(url)
        return self.page


def launched(playwright: Playwright, flags: list[str]) -> Browser:
    """Chromium with extra flags; the test skips where there is none."""
    if not _CHROMIUM:
        pytest.skip("Chromium is not installed")
    return playwright.chromium.launch(executable_path=_CHROMIUM, args=[*_FLAGS, *flags])


def watched(context: BrowserContext) -> Iterator[Visit]:
    """A page that must neither complain nor call an outside host."""
    visit = Visit(context.new_page())
    yield visit
    assert visit.outside == []
    assert visit.complaints == []


def axe_script(place: Path) -> str:
    """axe-core's script, from the npm registry; it is not kept in the repository."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, so axe-core cannot be had")
    installed = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "axe-core@4.11"],
        cwd=place,
        capture_output=True,
        check=False,
    )
    if installed.returncode != 0:
        pytest.skip("npm could not fetch axe-core")
    return (place / "node_modules" / "axe-core" / "axe.min.js").read_text()


def serious_faults(page: Page, axe: str) -> list[str]:
    """What axe finds serious or critical on a page."""
    return _faults(page, axe, {"serious", "critical"})


def faults(page: Page, axe: str) -> list[str]:
    """Everything that axe finds on a page, of whatever impact."""
    return _faults(page, axe, {"minor", "moderate", "serious", "critical"})


def _faults(page: Page, axe: str, impacts: set[str]) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("axe.run()")
    return [
        f"{rule['id']}: {rule['help']}: {[node['html'][:120] for node in rule['nodes'][:3]]}"
        for rule in found["violations"]
        if rule["impact"] in impacts
    ]
