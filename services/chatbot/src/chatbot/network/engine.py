"""Engine: one thread that writes all replies at once, a token of each in every step.

Replies are handed in and cancelled from event loops; the pieces of a step are handed back to each loop in one call. A reply
joins between two steps, and leaves as soon as it is finished or nobody wants it any more. Replies that find no room wait in
order.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self
from weakref import WeakKeyDictionary

import structlog

from chatbot.failures import Busy, EngineFailed
from chatbot.network.batch import Batch
from chatbot.network.bundle import Bundle
from chatbot.network.reply import Piece, Reply

__all__ = ["ReplyEngine", "Tally"]

_MOST_ADMITTED: Final = 16
"""Replies that join in one step, so that those being written do not wait for the reading of many contexts."""
_log = structlog.stdlib.get_logger(__name__)
_Event = Piece | EngineFailed


@dataclass
class Tally:
    """What the engine did so far; written by its thread alone."""

    steps: int = 0
    tokens: int = 0
    replies: int = 0
    """Finished."""
    cancelled: int = 0
    busy_s: float = 0.0
    """Time in which it was not waiting for work."""


@dataclass(eq=False)
class _Request:
    """Replies that were asked for together."""

    replies: Sequence[Reply]
    loop: asyncio.AbstractEventLoop
    events: asyncio.Queue[tuple[int, _Event]] = field(default_factory=asyncio.Queue)


class ReplyEngine:
    """A thread that runs as long as the context is entered."""

    def __init__(self, *, rows: int, waiting: int) -> None:
        self.tally = Tally()
        self._rows = rows
        self._waiting_limit = waiting
        self._wake = threading.Condition()
        self._waiting: deque[tuple[_Request, int]] = deque()
        self._unwanted: set[Reply] = set()
        self._closing = False
        self._batches: WeakKeyDictionary[Bundle, Batch] = WeakKeyDictionary()
        """A batch waits for the next reply as long as its bundle is in use."""
        self._requests: dict[Reply, tuple[_Request, int]] = {}
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs: nothing is written without it."""
        return self._thread.is_alive()

    @property
    def writing(self) -> int:
        """Replies being written."""
        return len(self._requests)

    @property
    def waiting(self) -> int:
        """Replies that wait for room."""
        return len(self._waiting)

    @asynccontextmanager
    async def write(self, replies: Sequence[Reply]) -> AsyncIterator[AsyncIterator[tuple[int, Piece]]]:
        """The pieces of these replies, each with its reply's index, as they come; leaving the context cancels the unfinished.

        Raises:
            Busy: too many replies wait already.
            EngineFailed: the network or the engine failed, which goes on without these replies, or the engine has ended.
        """
        request = _Request(replies, asyncio.get_running_loop())
        with self._wake:
            if not self.is_alive:
                raise EngineFailed("the engine has ended")
            if len(self._requests) + len(self._waiting) + len(replies) > self._rows + self._waiting_limit:
                raise Busy(len(self._waiting))
            self._waiting.extend((request, index) for index in range(len(replies)))
            self._wake.notify()
        unfinished = set(replies)
        try:
            yield self._pieces(request, unfinished)
        finally:
            if unfinished:
                with self._wake:
                    self._unwanted |= unfinished
                    self._wake.notify()

    async def _pieces(self, request: _Request, unfinished: set[Reply]) -> AsyncIterator[tuple[int, Piece]]:
        while unfinished:
            index, event = await request.events.get()
            if isinstance(event, EngineFailed):
                unfinished.clear()
                raise event
            if event.finish is not None:
                unfinished.discard(request.replies[index])
            yield index, event

    def _work(self) -> None:
        try:
            while self._goes_on():
                pass
        finally:
            self._give_up_all("the engine has ended")

    def _goes_on(self) -> bool:
        """One turn; what nobody foresaw in it ends the replies that are written or wait, and not the engine."""
        try:
            return self._turn()
        except Exception as error:  # noqa: BLE001 - see above
            _log.exception("engine_turn_failed")
            self._give_up_all(str(error))
            return True

    def _turn(self) -> bool:
        """Admit, dismiss, step; False when the engine is to end."""
        with self._wake:
            self._wake.wait_for(lambda: self._closing or self._waiting or self._unwanted or self._requests)
            if self._closing:
                return False
            unwanted, self._unwanted = self._unwanted, set()
            self._forget(unwanted)
            room = min(_MOST_ADMITTED, self._rows - len(self._requests))
            newcomers: dict[Bundle, list[Reply]] = {}
            for request, index in [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]:
                reply = request.replies[index]
                self._requests[reply] = request, index
                newcomers.setdefault(reply.bundle, []).append(reply)
        started_s = time.perf_counter()
        writing = [bundle for bundle, batch in self._batches.items() if batch.replies]
        for bundle in dict.fromkeys([*newcomers, *writing]):
            self._advance(bundle, newcomers.get(bundle, []))
        self.tally.busy_s += time.perf_counter() - started_s
        return True

    def _forget(self, unwanted: set[Reply]) -> None:
        if not unwanted:
            return
        waiting = len(self._waiting)
        self._waiting = deque(each for each in self._waiting if each[0].replies[each[1]] not in unwanted)
        given_up = [reply for reply in unwanted if self._requests.pop(reply, None) is not None]
        self.tally.cancelled += waiting - len(self._waiting) + len(given_up)
        for bundle in {reply.bundle for reply in given_up}:
            self._batches[bundle].dismiss(unwanted)

    def _advance(self, bundle: Bundle, newcomers: Sequence[Reply]) -> None:
        try:
            batch = self._batches.setdefault(bundle, Batch(bundle))
            if newcomers:
                batch.admit(newcomers)
            pieces = dict(zip(batch.replies, batch.step(), strict=True))
            finished = [reply for reply, piece in pieces.items() if piece.finish is not None]
            if finished:
                batch.dismiss(finished)
        except Exception as error:  # noqa: BLE001 - whatever a network does, the others go on
            _log.exception("network_failed", language=bundle.language)
            self._batches.pop(bundle, None)
            self._give_up([reply for reply in self._requests if reply.bundle is bundle], str(error))
            return
        events = [(*self._requests[reply], piece) for reply, piece in pieces.items()]
        for reply in finished:
            del self._requests[reply]
        self.tally.steps += 1
        self.tally.tokens += len(pieces)
        self.tally.replies += len(finished)
        self._hand_back(events)

    def _give_up(self, replies: Sequence[Reply], reason: str) -> None:
        failure = EngineFailed(reason)
        self._hand_back([(*self._requests.pop(reply), failure) for reply in replies])

    def _give_up_all(self, reason: str) -> None:
        with self._wake:
            waiting, self._waiting = self._waiting, deque()
        self._requests.update((request.replies[index], (request, index)) for request, index in waiting)
        self._batches.clear()
        self._give_up(list(self._requests), reason)

    @staticmethod
    def _hand_back(events: Sequence[tuple[_Request, int, _Event]]) -> None:
        """One call for each event loop."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Request, int, _Event]]] = {}
        for event in events:
            by_loop.setdefault(event[0].loop, []).append(event)
        for loop, items in by_loop.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                loop.call_soon_threadsafe(_deliver, items)


def _deliver(events: Sequence[tuple[_Request, int, _Event]]) -> None:
    for request, index, item in events:
        request.events.put_nowait((index, item))
