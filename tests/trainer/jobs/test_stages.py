"""A job's log says when each stage began and how long it took."""

from datetime import UTC, datetime, timedelta

from trainer.jobs.events import EventKind, JobEvent
from trainer.jobs.stages import stage_table

NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


def _event(at_s: float, kind: EventKind, **data: object) -> JobEvent:
    return JobEvent(1, NOW + timedelta(seconds=at_s), kind, data)


def test_stages_of_the_newest_attempt_are_listed_in_the_order_in_which_they_ended() -> None:
    events = [
        _event(0, EventKind.ATTEMPT),
        _event(1, EventKind.STAGE_FINISHED, stage="read", seconds=0.5),
        _event(10, EventKind.ATTEMPT),
        _event(10.5, EventKind.STAGE_STARTED, stage="spark"),
        _event(11, EventKind.STAGE_FINISHED, stage="read", seconds=0.25),
        _event(15, EventKind.STAGE_FINISHED, stage="spark", seconds=4.5),
        _event(16, EventKind.STAGE_STARTED, stage="write"),
    ]
    assert stage_table(events).splitlines() == [
        "stage            from       to     took",
        "read           0.75 s   1.00 s   0.25 s",
        "spark          0.50 s   5.00 s   4.50 s",
    ]


def test_without_an_attempt_there_is_nothing_to_say() -> None:
    assert stage_table([]) == ""
