"""Page "Runs": how well each does, the chosen one, perhaps beside another, and what can be changed of it; bots; jobs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from viz.answers import Curve, Job, Run, RunDetails
from viz.comparing import comparison_of
from viz.failures import Unshowable, UpstreamAway
from viz.figures.curve import training_curve
from viz.jobs import TrainerJobs
from viz.language import N_, _, enumerated
from viz.pages import bots, registration
from viz.pages.comparison import compared, measured
from viz.pages.elements import aria, figure_graph, link_menu, notice, number, paused, table
from viz.pages.progress import job_progress
from viz.pages.regions import answering
from viz.pages.registration import called, empty, filled, said
from viz.pages.terms import explained, metric
from viz.palette import PALETTES, Scheme
from viz.registry import Registry
from viz.scores import Scores
from viz.view import CURRENT, View

__all__ = ["CHANGING", "PATH", "layout", "register"]

PATH: Final = "/training"
CHANGING: Final = frozenset({"run-told", "bot-told"})
"""Outputs of callbacks that change what is said of runs and bots."""
_JOBS: Final = 5
_LISTED: Final = 20
"""Runs that are listed with their measurements."""
_MOVED: Final = 20
"""Fragments with other neighbours that a comparison lists."""
_MAIN: Final = ("rmse", "auc_macro", "coverage_90", "split_half")
_MINUTE: Final = "%Y-%m-%d %H:%M"


def layout() -> Component:
    """The page's fixed part."""
    return html.Div(
        [
            html.H1(_("Runs")),
            dcc.Interval(id="jobs-beat", interval=1500),
            dcc.Store(id="trainer", data=None),
            dcc.Store(id="registry", data=0),
            html.Section([html.H2(_("Now")), html.Div(id="jobs-view", **aria(live="polite"))], className="card"),
            html.Section(id="runs-view", className="card", **aria(label=_("All runs"))),
            html.Section(id="run-view", className="card", **aria(label=_("The chosen run"))),
            html.Section(
                [html.H2(_("Names and aliases")), *registration.section("run")],
                className="card",
                **aria(label=_("Name, tags, note and aliases")),
            ),
            bots.section(),
        ],
        className="page",
    )


def register(dash: Dash, scores: Scores, jobs: TrainerJobs, registry: Registry) -> None:
    """Add the page's callbacks."""

    @dash.callback(
        Output("jobs-view", "children"),
        Output("trainer", "data"),
        Input("jobs-beat", "n_intervals"),
        State("trainer", "data"),
        running=[paused("jobs-beat")],
    )
    async def show_jobs(_beats: int | None, known: str | None) -> Any:
        try:
            shown, trainer = _jobs(await jobs.newest(_JOBS)), "here"
        except UpstreamAway as away:
            after = _("Published runs are shown all the same; this part comes back by itself.")
            shown, trainer = notice(str(away), after), "away"
        return shown, no_update if trainer == known else trainer

    @dash.callback(
        Output("run-view", "children"),
        Input("address", "search"),
        Input("health", "data"),
        Input("registry", "data"),
        Input("scheme", "data"),
    )
    @answering()
    async def show_run(search: str, health: dict[str, Any] | None, _changes: int | None, scheme: Scheme) -> Any:
        if health is None:
            return no_update
        view = View.of(search)
        run = await scores.run(view.run)
        details, curve = await scores.details(run.id), await scores.curve(run.id)
        other = None if view.beside is None else await scores.run(view.beside)
        beside = None if other is None else await scores.curve(other.id)
        shown = (
            []
            if other is None
            else compared(await comparison_of(scores, run.id, other.id, moved=_MOVED), (called(run), called(other)), view)
        )
        alone = [measured(details)] if other is None and details.metrics else []
        figure = training_curve(curve, PALETTES[scheme], revision=run.id, beside=beside)
        return [
            html.H2(called(run) if other is None else _("{run} beside {other}", run=called(run), other=called(other))),
            _facts(run, details),
            html.P(
                [
                    dcc.Link(_("Open its fragments"), href=f"/fragments?run={run.id}"),
                    html.A(_("Rows that were left out, as CSV"), href=f"/exports/rejects.csv?run={run.id}", download=""),
                    html.A(_("Permanent link"), href=f"{PATH}{_pinned(view, run, other).search}"),
                ],
                className="links",
            ),
            html.Div(_others(await scores.runs(), run, view), className="toolbar"),
            *shown,
            *alone,
            *_curves(curve, figure, run, has_other=other is not None),
        ]

    @dash.callback(
        Output("runs-view", "children"),
        Input("address", "search"),
        Input("health", "data"),
        Input("registry", "data"),
    )
    @answering()
    async def list_runs(search: str, health: dict[str, Any] | None, _changes: int | None) -> Any:
        if health is None:
            return no_update
        runs = (await scores.runs())[:_LISTED]
        return _runs([(run, await scores.details(run.id)) for run in runs], View.of(search))

    _register_forms(dash, scores, registry)


def _register_forms(dash: Dash, scores: Scores, registry: Registry) -> None:
    """What can be changed of the chosen run, and of bots."""

    @dash.callback(
        *registration.outputs("run"),
        Input("address", "search"),
        Input("health", "data"),
        Input("registry", "data"),
        Input("trainer", "data"),
        *registration.shown("run"),
    )
    async def fill_in(
        search: str, health: dict[str, Any] | None, _changes: int | None, trainer: str | None, *shown: Any
    ) -> Any:
        if health is None or trainer is None:
            return empty(None)
        if trainer != "here":
            return empty(html.P(_(_AWAY), className="quiet"))
        try:
            run = await scores.run(View.of(search).run)
            aliases = [each for each in await registry.aliases() if not each.is_of_bots]
        except Unshowable as failure:
            return empty(notice(str(failure), ""))
        return filled("run", run, aliases, CURRENT, *shown)

    for kind in ("run", "bot"):
        registration.register(dash, kind, registry, scores)
    bots.register(dash, PATH, registry, scores)


_AWAY: Final = N_("The trainer does not answer: as long, no name, tag, note or alias can be changed.")


def _pinned(view: View, run: Run, other: Run | None) -> View:
    """The same of these two runs, whatever an alias names later."""
    return replace(view.pinned(run.id), beside=None if other is None else other.id)


def _curves(curve: Curve, figure: Any, run: Run, *, has_other: bool) -> list[Component]:
    last = _(", last loss {loss:.4g}", loss=curve.losses_S[-1]) if len(curve.losses_S) else ""
    dotted = _(" Dotted: the other run.") if has_other else ""
    label = _("Loss of {run} by step, on a logarithmic axis{last}", run=run.id, last=last)
    told = _("{count:,} measurements{last}.", count=len(curve.steps_S), last=last)
    return [
        figure_graph("curve-graph", figure, label, kind="curve"),
        html.P(f"{told}{dotted}", className="caption"),
    ]


def _facts(run: Run, details: RunDetails) -> Component:
    facts: list[tuple[str, Any]] = [
        *([(_("Name"), run.name)] if run.name else []),
        (_("Id"), html.Code(run.id)),
        *([(_("Aliases"), enumerated(run.aliases))] if run.aliases else []),
        *([(_("Tags"), enumerated(run.tags))] if run.tags else []),
        (_("Data"), run.source),
        (_("Objective"), _(run.objective)),
        (_("Rank"), f"{run.rank}"),
        (_("Fragments"), _("{count:,} modelled, {shown:,} shown", count=run.fragments, shown=run.shown_fragments)),
        (_("Compounds"), f"{run.compounds:,}"),
        (_("Targets"), f"{run.targets:,}"),
        (_("Fit"), _("{seconds:.3g} s on {device}", seconds=run.seconds, device=run.device)),
        (_("Published"), _time(run)),
        *([(_("When it was published"), details.decision)] if details.decision else []),
        *([(_("Note"), html.Span(run.note, className="written"))] if run.note else []),
    ]
    return html.Dl([html.Div([html.Dt(explained(term)), html.Dd(value)]) for term, value in facts], className="facts")


def _others(runs: Sequence[Run], run: Run, view: View) -> list[Component]:
    """A menu of the runs that this one can be compared with."""
    listed = [other for other in runs if other.id != run.id][:_LISTED]
    if not listed:
        return []
    entries = [
        (
            called(other),
            f"{other.source}, {_time(other)}",
            f"{PATH}{replace(view, beside=other.id).search}",
            other.id == view.beside,
        )
        for other in listed
    ]
    alone = (_("none"), "", f"{PATH}{replace(view, beside=None).search}", view.beside is None)
    return [link_menu(_("Compare with"), next((name for name, *_rest, here in entries if here), _("none")), [alone, *entries])]


def _runs(listed: Sequence[tuple[Run, RunDetails]], view: View) -> list[Component]:
    known = dict.fromkeys(name for _, details in listed for name in details.metrics)
    columns = [name for name in (known if view.table == "shown" else _MAIN) if name in known]
    chosen = next((run for run, _ in listed if run.id == view.run or (run.current and view.run == CURRENT)), None)
    rows = [
        [
            html.Span(
                [dcc.Link(called(run).removeprefix("factors-"), href=f"{PATH}{_choosing(view, run).search}"), *said(run)]
            ),
            _comparing(view, run, chosen),
            html.Span(run.source, className="wrap"),
            f"{run.shown_fragments:,}",
            *(number(details.metrics[name], metric(name).decimals) if name in details.metrics else "–" for name in columns),
            html.Span(f"{run.published:{_MINUTE}}", className="nowrap"),
        ]
        for run, details in listed
    ]
    head = [
        (_("Run"), "text"),
        (_("Beside the chosen one"), "text"),
        (_("Data"), "text"),
        (_("Fragments"), "figure"),
        *((metric(name).title, "figure") for name in columns),
        (_("Published, UTC"), "text"),
    ]
    at = next((place for place, (run, _) in enumerate(listed) if run is chosen), None)
    return [
        table(_("Published runs, the newest first"), head, rows, chosen=at),
        *_all_measurements(view, len(known) - len(columns)),
    ]


def _all_measurements(view: View, left_out: int) -> list[Component]:
    if view.table == "shown":
        return [html.P(dcc.Link(_("Fewer measurements"), href=f"{PATH}{replace(view, table='hidden').search}"))]
    if not left_out:
        return []
    more = _("All measurements as columns, {count} more", count=left_out)
    return [html.P(dcc.Link(more, href=f"{PATH}{replace(view, table='shown').search}"))]


def _choosing(view: View, run: Run) -> View:
    """The view of a run of the list; never beside itself."""
    chosen = view.pinned(CURRENT if run.current else run.id)
    return replace(chosen, beside=None) if view.beside == run.id else chosen


def _comparing(view: View, run: Run, chosen: Run | None) -> Component | str:
    """A link that sets a run beside the chosen one, or takes it away."""
    if chosen is None or run is chosen:
        return "–"
    if view.beside == run.id:
        return dcc.Link(_("Stop comparing"), href=f"{PATH}{replace(view, beside=None).search}")
    named = _("Compare {run} with {other}", run=called(chosen), other=called(run))
    return dcc.Link(_("Compare"), href=f"{PATH}{replace(view, beside=run.id).search}", title=named)


def _jobs(jobs: Sequence[Job]) -> Component:
    if not jobs:
        return html.P(_("The trainer has no job."), className="quiet")
    if not any(job.unfinished for job in jobs):
        return html.Div(
            [html.P(_("Nothing is being trained.")), html.Ul([html.Li(job_progress(job)) for job in jobs], className="jobs")]
        )
    return html.Ul([html.Li(job_progress(job)) for job in jobs], className="jobs")


def _time(run: Run) -> str:
    return f"{run.published:{_MINUTE}} UTC"
