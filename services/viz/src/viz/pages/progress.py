"""How far a job of the trainer is, in words and as a bar."""

from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from viz.answers import Job
from viz.language import N_, _, enumerated, word
from viz.pages.elements import aria

__all__ = ["job_progress"]

_STATES: Final = {
    "queued": N_("queued"),
    "running": N_("running"),
    "publishing": N_("publishing"),
    "succeeded": N_("succeeded"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
}


def job_progress(job: Job) -> list[Component]:
    """State, data, stage, percent, rate and time left; a bar while it is not finished."""
    state = word(_STATES, job.state)
    details = [
        job.stage,
        f"{job.percent:.0f} %" if job.percent is not None else None,
        _("{rate:,.3g} a second", rate=job.rate) if job.rate is not None else None,
        _("loss {loss:.4g}", loss=job.loss) if job.loss is not None else None,
        _left(job.eta_s) if job.eta_s is not None else None,
        job.problem,
    ]
    standing = enumerated(details)
    label = html.Span(
        [
            html.Span(state, className=f"badge {job.state}"),
            html.Span(f" {job.title} "),
            html.Span(standing or f"{job.created:%Y-%m-%d %H:%M} UTC", className="quiet"),
        ]
    )
    if not job.unfinished:
        return [label]
    bar: dict[str, Any] = {} if job.percent is None else {"value": f"{job.percent:.0f}"}
    return [label, html.Progress(max="100", **bar, **aria(label=f"{job.title}: {job.stage or state}"))]


def _left(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes:
        return _("{minutes} min {seconds} s left", minutes=minutes, seconds=rest)
    return _("{seconds} s left", seconds=rest)
