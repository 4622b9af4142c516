"""Page "Runs": how well each run does, the chosen one, perhaps beside another, and what the trainer is doing now."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from dash import Dash, Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from viz.answers import Job, Run, RunDetails
from viz.failures import UpstreamAway
from viz.figures.curve import training_curve
from viz.jobs import TrainerJobs
from viz.pages.comparison import compared, measured
from viz.pages.elements import aria, figure_graph, link_menu, notice, number, paused, table
from viz.pages.progress import job_progress
from viz.pages.regions import answering
from viz.pages.terms import explained, metric
from viz.palette import PALETTES, Scheme
from viz.scores import Scores
from viz.view import CURRENT, View

__all__ = ["PATH", "layout", "register"]

PATH: Final = "/training"
_JOBS: Final = 5
_MEASURED: Final = 20
"""Runs whose measurements are listed."""
_MAIN: Final = ("rmse", "auc_macro", "coverage_90", "split_half")
_MINUTE: Final = "%Y-%m-%d %H:%M"


def layout() -> Component:
    """The page's fixed part."""
    return html.Div(
        [
            html.H1("Runs"),
            dcc.Interval(id="jobs-beat", interval=1500),
            html.Section([html.H2("Now"), html.Div(id="jobs-view", **aria(live="polite"))], className="card"),
            html.Section(id="runs-view", className="card", **aria(label="All runs")),
            html.Section(id="run-view", className="card", **aria(label="The chosen run")),
        ],
        className="page",
    )


def register(dash: Dash, scores: Scores, jobs: TrainerJobs) -> None:
    """Add the page's callbacks."""

    @dash.callback(Output("jobs-view", "children"), Input("jobs-beat", "n_intervals"), running=[paused("jobs-beat")])
    async def show_jobs(_beats: int | None) -> Any:
        try:
            return _jobs(await jobs.newest(_JOBS))
        except UpstreamAway as away:
            return notice(str(away), "Published runs are shown all the same; this part comes back by itself.")

    @dash.callback(
        Output("run-view", "children"),
        Input("address", "search"),
        Input("health", "data"),
        Input("scheme", "data"),
    )
    @answering()
    async def show_run(search: str, health: dict[str, Any] | None, scheme: Scheme) -> Any:
        if health is None:
            return no_update
        view = View.of(search)
        run = await scores.run(view.run)
        curve = await scores.curve(run.id)
        details = await scores.details(run.id)
        other = None if view.beside is None else await scores.details((await scores.run(view.beside)).id)
        beside = None if other is None else await scores.curve(other.run.id)
        figure = training_curve(curve, PALETTES[scheme], revision=run.id, beside=beside)
        last = f", last loss {curve.losses_S[-1]:.4g}" if len(curve.losses_S) else ""
        return [
            html.H2(run.id if other is None else f"{run.id} beside {other.run.id}"),
            _facts(run),
            html.P(
                [
                    dcc.Link("Open its fragments", href=f"/fragments?run={run.id}"),
                    html.A("Rows that were left out, as CSV", href=f"/exports/rejects.csv?run={run.id}", download=""),
                    html.A("Permanent link", href=f"{PATH}{view.pinned(run.id).search}"),
                ],
                className="links",
            ),
            html.Div(_others(await scores.runs(), run, view), className="toolbar"),
            *([] if other is None else [compared(details, other)]),
            *([measured(details)] if other is None and details.metrics else []),
            figure_graph("curve-graph", figure, f"Loss of {run.id} by step, on a logarithmic axis{last}", kind="curve"),
            html.P(
                f"{len(curve.steps_S):,} measurements{last}." + ("" if other is None else " Dotted: the other run."),
                className="caption",
            ),
        ]

    @dash.callback(
        Output("runs-view", "children"),
        Input("address", "search"),
        Input("health", "data"),
    )
    @answering()
    async def list_runs(search: str, health: dict[str, Any] | None) -> Any:
        if health is None:
            return no_update
        runs = (await scores.runs())[:_MEASURED]
        return _runs([await scores.details(run.id) for run in runs], View.of(search))


def _facts(run: Run) -> Component:
    facts = [
        ("Data", run.source),
        ("Objective", run.objective),
        ("Rank", f"{run.rank}"),
        ("Fragments", f"{run.fragments:,} modelled, {run.shown_fragments:,} shown"),
        ("Compounds", f"{run.compounds:,}"),
        ("Targets", f"{run.targets:,}"),
        ("Fit", f"{run.seconds:.3g} s on {run.device}"),
        ("Published", _time(run)),
    ]
    return html.Dl([html.Div([html.Dt(explained(term)), html.Dd(value)]) for term, value in facts], className="facts")


def _others(runs: Sequence[Run], run: Run, view: View) -> list[Component]:
    """A menu of the runs that this one can be compared with."""
    listed = [other for other in runs if other.id != run.id][:_MEASURED]
    if not listed:
        return []
    entries = [
        (other.id, f"{other.source}, {_time(other)}", f"{PATH}{replace(view, beside=other.id).search}", other.id == view.beside)
        for other in listed
    ]
    alone = ("none", "", f"{PATH}{replace(view, beside=None).search}", view.beside is None)
    return [link_menu("Compare with", view.beside or "none", [alone, *entries])]


def _runs(listed: Sequence[RunDetails], view: View) -> Component:
    runs = [details.run for details in listed]
    columns = [name for name in _MAIN if any(name in details.metrics for details in listed)]
    rows = [
        [
            html.Span(
                [
                    dcc.Link(
                        run.id.removeprefix("factors-"), href=f"{PATH}{view.pinned(CURRENT if run.current else run.id).search}"
                    ),
                    html.Span("current", className="badge") if run.current else None,
                ]
            ),
            html.Span(run.source, className="wrap"),
            f"{run.shown_fragments:,}",
            *(number(details.metrics[name], 3) if name in details.metrics else "–" for name in columns),
            html.Span(f"{run.published:{_MINUTE}}", className="nowrap"),
        ]
        for run, details in zip(runs, listed, strict=True)
    ]
    chosen = next((at for at, run in enumerate(runs) if run.id == view.run or (run.current and view.run == CURRENT)), None)
    measured_columns = [(metric(name).title, "figure") for name in columns]
    head = [("Run", "text"), ("Data", "text"), ("Fragments", "figure"), *measured_columns, ("Published, UTC", "text")]
    return table("Published runs, the newest first", head, rows, chosen=chosen)


def _jobs(jobs: Sequence[Job]) -> Component:
    if not jobs:
        return html.P("The trainer has no job.", className="quiet")
    if not any(job.unfinished for job in jobs):
        return html.Div(
            [html.P("Nothing is being trained."), html.Ul([html.Li(job_progress(job)) for job in jobs], className="jobs")]
        )
    return html.Ul([html.Li(job_progress(job)) for job in jobs], className="jobs")


def _time(run: Run) -> str:
    return f"{run.published:{_MINUTE}} UTC"
