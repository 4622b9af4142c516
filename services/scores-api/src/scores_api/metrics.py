"""Metrics of the store and of predictions, beside those of requests, as `prometheus_client` reads a collector."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from scores_api.catalogue import Catalogue

__all__ = ["StoreMetrics"]


class StoreMetrics:
    """Reads the newest state of the store that is known when it is asked, and counts predictions."""

    def __init__(
        self, known: Callable[[], tuple[int, Catalogue] | None], *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._known = known
        self._clock = clock
        self._compounds = 0

    def predicted(self, compounds: int) -> None:
        """So many compounds were asked for."""
        self._compounds += compounds

    def collect(self) -> Iterator[Metric]:
        """Of the store nothing while no run is published."""
        yield self._predictions()
        if (known := self._known()) is not None:
            version, catalogue = known
            age_s = (self._clock() - catalogue.current.published).total_seconds()
            yield from self._store(version, len(catalogue.runs), age_s, catalogue.current.seconds)

    def describe(self) -> Iterator[Metric]:
        """The names, for the registry, which refuses two of one."""
        yield self._predictions()
        yield from self._store(0, 0, 0.0, 0.0)

    def _predictions(self) -> Metric:
        return CounterMetricFamily("scores_predictions", "Compounds whose activity was asked for.", self._compounds)

    @staticmethod
    def _store(version: int, runs: int, age_s: float, fit_s: float) -> Iterator[Metric]:
        yield GaugeMetricFamily("scores_store_version", "Version of the publications that are served.", version)
        yield GaugeMetricFamily("scores_runs", "Runs that can be read.", runs)
        yield GaugeMetricFamily("scores_run_age_seconds", "Time since the newest run was published.", age_s)
        yield GaugeMetricFamily("scores_run_fit_seconds", "Time that the fit of the newest run took.", fit_s)
