"""Metrics of jobs, beside those of requests, as `prometheus_client` reads a collector."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import structlog
from prometheus_client.metrics_core import GaugeMetricFamily, Metric, SummaryMetricFamily

from contracts.kinds import RunKind
from trainer.jobs.job import JobState
from trainer.jobs.tally import Spent, Tally, read_tally

__all__ = ["JobMetrics"]

_log = structlog.stdlib.get_logger(__name__)


class JobMetrics:
    """Reads the job table of a state directory when it is asked; every kind and state is told, also where it has no jobs."""

    def __init__(
        self,
        table: Path,
        slots: Callable[[], Mapping[str, int]] = dict,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._slots = slots
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """What the queue holds and did; nothing while the table cannot be read, which the log tells."""
        try:
            tally = read_tally(self._table)
        except sqlite3.Error as error:
            _log.warning("jobs_not_counted", reason=str(error))
            return
        yield from self._families(tally)

    def describe(self) -> Iterator[Metric]:
        """The names, for the registry, which refuses two of one."""
        return self._families(Tally({}, [], [], {}, None))

    def _families(self, tally: Tally) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("trainer_jobs", "Jobs that are remembered, by kind and state.", labels=("kind", "state"))
        for kind in RunKind:
            for state in JobState:
                jobs.add_metric((kind, state), tally.states.get((kind, state), 0))
        yield jobs
        yield _summary("trainer_job_queue_wait_seconds", "Time from a job's hand-in to its last start.", tally.waited)
        yield _summary("trainer_job_run_seconds", "Time from a job's last start to its end.", tally.ran, by_state=True)
        busy = GaugeMetricFamily("trainer_device_jobs", "Jobs that compute on a device now.", labels=("device",))
        for device, count in tally.devices.items():
            busy.add_metric((device,), count)
        yield busy
        slots = GaugeMetricFamily(
            "trainer_device_slots", "Jobs that a device takes at once; 0 with a fault.", labels=("device",)
        )
        for device, count in self._slots().items():
            slots.add_metric((device,), count)
        yield slots
        oldest = tally.oldest_queued
        waits_s = 0.0 if oldest is None else (self._clock() - oldest).total_seconds()
        yield GaugeMetricFamily(
            "trainer_oldest_queued_seconds", "How long the job has waited that has waited longest.", waits_s
        )


def _summary(name: str, what: str, spent: list[Spent], *, by_state: bool = False) -> SummaryMetricFamily:
    family = SummaryMetricFamily(name, what, labels=("kind", "state") if by_state else ("kind",))
    for each in spent:
        labels = (each.kind, each.state) if by_state else (each.kind,)
        family.add_metric(labels, count_value=each.jobs, sum_value=each.seconds)
    return family
