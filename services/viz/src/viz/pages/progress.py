"""How far a job of the trainer is, in words and as a bar."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from viz.answers import Job
from viz.pages.elements import aria

__all__ = ["job_progress"]


def job_progress(job: Job) -> list[Component]:
    """State, data, stage, percent, rate and time left; a bar while it is not finished."""
    details = [
        job.stage,
        f"{job.percent:.0f} %" if job.percent is not None else None,
        f"{job.rate:,.3g} a second" if job.rate is not None else None,
        f"loss {job.loss:.4g}" if job.loss is not None else None,
        _left(job.eta_s) if job.eta_s is not None else None,
        job.problem,
    ]
    standing = ", ".join(detail for detail in details if detail)
    label = html.Span(
        [
            html.Span(job.state, className=f"badge {job.state}"),
            html.Span(f" {job.title} "),
            html.Span(standing or f"{job.created:%Y-%m-%d %H:%M} UTC", className="quiet"),
        ]
    )
    if not job.unfinished:
        return [label]
    bar: dict[str, Any] = {} if job.percent is None else {"value": f"{job.percent:.0f}"}
    return [label, html.Progress(max="100", **bar, **aria(label=f"{job.title}: {job.stage or job.state}"))]


def _left(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s left" if minutes else f"{rest} s left"
