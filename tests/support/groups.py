"""Which tests go to one process where several work side by side (`make test`), and which of them begin first."""

from typing import Final

import pytest

__all__ = ["assign"]

SHARED: Final = {
    "spark": "spark",
    "stack": "stack",
    "scores_url": "viz",
    "running": "chatbot",
    "trained": "dialogue",
    "prepared": "dialogue",
}
"""Fixtures that are set up once a process and dear (a JVM, servers, a training), and the group of the tests that take them."""
LONG: Final = ("slow", "e2e", "spark", "browser")
"""Markers of tests that take long."""


def assign(items: list[pytest.Item]) -> None:
    """Give every test its group: its marker's, that of a fixture it shares, or its module; the longest groups come first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_group(item)))
    long = {_name(item) for item in items if any(item.get_closest_marker(marker) for marker in LONG)}
    items.sort(key=lambda item: (_name(item) != "spark", _name(item) not in long))


def _group(item: pytest.Item) -> str:
    taken = [SHARED[fixture] for fixture in getattr(item, "fixturenames", ()) if fixture in SHARED]
    return taken[0] if taken else item.path.relative_to(item.config.rootpath).as_posix()


def _name(item: pytest.Item) -> str:
    mark = item.get_closest_marker("xdist_group")
    assert mark is not None
    return str(mark.args[0])
