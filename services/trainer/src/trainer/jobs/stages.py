"""The table of stages: when each part of a run began and how long it took, for a job's log."""

from collections.abc import Sequence

from trainer.jobs.events import EventKind, JobEvent

__all__ = ["stage_table"]


def stage_table(events: Sequence[JobEvent]) -> str:
    """The stages of the newest attempt among `events`, in the order in which they ended; times count from its start."""
    attempts = [index for index, event in enumerate(events) if event.kind is EventKind.ATTEMPT]
    if not attempts:
        return ""
    attempt = events[attempts[-1] :]
    lines = [f"{'stage':<12}{'from':>9}{'to':>9}{'took':>9}"]
    for event in attempt:
        if event.kind is EventKind.STAGE_FINISHED:
            ended_s = (event.time - attempt[0].time).total_seconds()
            took_s = event.data["seconds"]
            lines.append(f"{event.data['stage']:<12}{ended_s - took_s:>7.2f} s{ended_s:>7.2f} s{took_s:>7.2f} s")
    return "\n".join(lines) + "\n"
