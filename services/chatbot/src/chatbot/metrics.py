"""Metrics of the engine, beside those of its requests, as `prometheus_client` reads a collector."""

from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from chatbot.network.engine import ReplyEngine

__all__ = ["EngineMetrics"]


class EngineMetrics:
    """Reads the engine's tally when it is asked."""

    def __init__(self, engine: ReplyEngine) -> None:
        self._engine = engine

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
