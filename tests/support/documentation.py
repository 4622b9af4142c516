"""Fenced blocks of the documentation, and how each kind is run."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ROOT", "Block", "at_stack", "blocks", "session"]

ROOT: Final = Path(__file__).parents[2]
_FENCE: Final = re.compile(
    r"(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_ADDRESSES: Final = {"localhost:3030": "scores", "localhost:3031": "trainer", "localhost:3032": "chatbot"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    reason: str | None
    """Why it cannot be run, in the page's own words; None where it is."""


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, from top to bottom."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start("text"))
        yield Block(str(page.relative_to(ROOT)), line, found["language"], found["text"], found["reason"])


def at_stack(text: str, urls: Mapping[str, str]) -> str:
    """The text with the addresses of `urls` where it states the usual ones."""
    for stated, service in _ADDRESSES.items():
        text = text.replace(stated, urls[service].removeprefix("http://"))
    return text


def session(page: Path, urls: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Run a page as its reader does: its Python in one interpreter, its commands in a shell each, from the repository's root.

    Addresses of the page become those of `urls`; every command and every line of Python has to end well.
    """
    python: list[str] = []
    for block in blocks(page):
        text = at_stack(block.text, urls)
        if block.reason is not None:
            continue
        assert block.language in {"bash", "python", "text"}, f"{block.page}:{block.line} is neither bash nor python nor text"
        if block.language == "bash":
            _run(["bash", "-euo", "pipefail", "-c", text], block, environment)
        elif block.language == "python":
            python.append(f"#line {block.page}:{block.line}\n{text}")
    if python:
        first = next(block for block in blocks(page) if block.language == "python")
        _run([sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", "\n".join(python)], first, environment)


def _run(command: list[str], block: Block, environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{block.page}:{block.line}\n{block.text}\n{done.stdout}{done.stderr}"
