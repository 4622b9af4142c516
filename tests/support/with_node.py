"""Tests that need Node's tools: CI fails without them; elsewhere, as offline, they skip visibly."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tools import node

__all__ = ["needs_node"]


@contextmanager
def needs_node() -> Iterator[None]:
    """Within it a lack of Node skips the test, unless CI runs it."""
    try:
        yield
    except node.NoNode as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
