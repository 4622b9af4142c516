"""Metrics of the store and of predictions, beside those of requests, as `prometheus_client` reads a collector."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from scores_api.catalogue import Catalogue

__all__ = ["StoreMetrics"]


class StoreMetrics:
    """Reads the newest state of the store that is known when it is asked, and counts predictions."""

    def __init__(
        self, catalogue: Callable[[], Catalogue | None], *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._compounds = 0

    def predicted(self, compounds: int) -> None:
        """So many compounds were asked for."""
        self._compounds += compounds

    def collect(self) -> Iterator[Metric]:
        """Of the store nothing while no run is published."""
        yield CounterMetricFamily("scores_predictions", "Compounds whose activity was asked for.", self._compounds)
        catalogue = self._catalogue()
        if catalogue is None:
            return
        newest = catalogue.runs[-1]
        yield GaugeMetricFamily("scores_store_version", "Version of the publications that are served.", catalogue.version)
        yield GaugeMetricFamily("scores_runs", "Runs that can be read.", len(catalogue.runs))
        age_s = (self._clock() - newest.published).total_seconds()
        yield GaugeMetricFamily("scores_run_age_seconds", "Time since the newest run was published.", age_s)
        yield GaugeMetricFamily("scores_run_fit_seconds", "Time that the fit of the newest run took.", newest.seconds)
