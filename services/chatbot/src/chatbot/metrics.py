"""Metrics of the engine, beside those of its requests, as `prometheus_client` reads a collector."""

import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from chatbot.network.engine import ReplyEngine
from chatbot.network.reply import Piece

__all__ = ["EngineMetrics", "FirstWords"]

_BOUNDS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class FirstWords:
    """How long a caller waits until the first text of a reply is there."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "chatbot_first_token_seconds",
            "Time from a question to the first text of its reply.",
            registry=registry,
            buckets=_BOUNDS_S,
        )

    async def timed(self, pieces: AsyncIterator[tuple[int, Piece]]) -> AsyncIterator[tuple[int, Piece]]:
        """The same pieces; the first with text is timed from this call's first step on."""
        began_s: float | None = time.perf_counter()
        async for index, piece in pieces:
            if began_s is not None and piece.text:
                self._seconds.observe(time.perf_counter() - began_s)
                began_s = None
            yield index, piece


class EngineMetrics:
    """Reads the engine's tally when it is asked."""

    def __init__(self, engine: ReplyEngine) -> None:
        self._engine = engine

    def describe(self) -> Iterator[Metric]:
        """The names, for the registry, which refuses two of one."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        """What the engine does and did."""
        tally = self._engine.tally
        yield GaugeMetricFamily("chatbot_replies_writing", "Replies being written.", self._engine.writing)
        yield GaugeMetricFamily("chatbot_replies_waiting", "Replies that wait for room.", self._engine.waiting)
        yield CounterMetricFamily("chatbot_replies", "Replies written to their end.", tally.replies)
        yield CounterMetricFamily("chatbot_replies_cancelled", "Replies that nobody wanted any more.", tally.cancelled)
        yield CounterMetricFamily("chatbot_tokens", "Tokens said.", tally.tokens)
        yield CounterMetricFamily("chatbot_steps", "Steps of the networks.", tally.steps)
        yield CounterMetricFamily("chatbot_busy_seconds", "Time in which the engine was not idle.", tally.busy_s)
