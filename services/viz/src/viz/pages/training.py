"""Page "Training": the runs, the loss of the chosen one, and what the trainer is doing now."""

from collections.abc import Sequence
from typing import Any, Final

from dash import Dash, Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from viz.answers import Job, Run
from viz.failures import UpstreamAway
from viz.figures.curve import training_curve
from viz.jobs import TrainerJobs
from viz.pages.elements import aria, figure_graph, notice, table
from viz.pages.progress import job_progress
from viz.pages.regions import answering
from viz.palette import PALETTES, Scheme
from viz.scores import Scores
from viz.view import CURRENT, View

__all__ = ["PATH", "layout", "register"]

PATH: Final = "/training"
_JOBS: Final = 5
_MINUTE: Final = "%Y-%m-%d %H:%M"


def layout() -> Component:
    """The page's fixed part."""
    return html.Div(
        [
            html.H1("Training"),
            dcc.Interval(id="jobs-beat", interval=1500),
            html.Section([html.H2("Now"), html.Div(id="jobs-view", **aria(live="polite"))], className="card"),
            html.Div(
                [
                    html.Section(id="run-view", className="card", **aria(label="The chosen run")),
                    html.Section([html.H2("Runs"), html.Div(id="runs-view")], className="card"),
                ],
                className="main-and-side wide-side",
            ),
        ],
        className="page",
    )


def register(dash: Dash, scores: Scores, jobs: TrainerJobs) -> None:
    """Add the page's callbacks."""

    @dash.callback(Output("jobs-view", "children"), Input("jobs-beat", "n_intervals"))
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
        figure = training_curve(curve, PALETTES[scheme], revision=run.id)
        last = f", last loss {curve.losses_S[-1]:.4g}" if len(curve.losses_S) else ""
        return [
            html.H2(run.id),
            _facts(run),
            figure_graph("curve-graph", figure, f"Loss of {run.id} by step, on a logarithmic axis{last}", kind="curve"),
            html.P(f"{len(curve.steps_S):,} measurements{last}.", className="caption"),
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
        return _runs(await scores.runs(), View.of(search))


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
    return html.Dl([html.Div([html.Dt(term), html.Dd(value)]) for term, value in facts], className="facts")


def _runs(runs: Sequence[Run], view: View) -> Component:
    rows = [
        [
            html.Span(
                [
                    dcc.Link(
                        run.id.removeprefix("factors-"), href=f"{PATH}{view.pinned(CURRENT if run.current else run.id).search}"
                    ),
                    html.Span("newest", className="badge") if run.current else None,
                ]
            ),
            html.Span(run.source, className="wrap"),
            f"{run.shown_fragments:,}",
            html.Span(f"{run.published:{_MINUTE}}", className="nowrap"),
        ]
        for run in runs
    ]
    chosen = next((at for at, run in enumerate(runs) if run.id == view.run or (run.current and view.run == CURRENT)), None)
    head = [("Run", "text"), ("Data", "text"), ("Fragments", "figure"), ("Published, UTC", "text")]
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
