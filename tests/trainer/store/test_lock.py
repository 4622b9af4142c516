"""A lock is held by one, given back by whoever dies, and waited for by those who publish."""

import os
import threading
from pathlib import Path

import pytest

from trainer.store.lock import Held, hold, publishing


def test_a_held_lock_tells_its_holder(tmp_path: Path) -> None:
    with hold(tmp_path / "lock"), pytest.raises(Held, match=f"process {os.getpid()}"), hold(tmp_path / "lock"):
        pass
    with hold(tmp_path / "lock"):
        pass


def test_the_second_publication_waits_for_the_first_and_says_so_once(tmp_path: Path) -> None:
    order: list[str] = []
    waiting = threading.Event()

    def told(held: Held) -> None:
        order.append(f"waits for {held.holder}")
        waiting.set()

    def second() -> None:
        with publishing(tmp_path, waiting=told):
            order.append("second")

    with publishing(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(10)
        order.append("first")
    thread.join(10)
    assert order == [f"waits for {os.getpid()}", "first", "second"]
