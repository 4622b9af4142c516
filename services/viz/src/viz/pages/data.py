"""Page "Data": a table is handed in, looked at, corrected, and trained on, and the training watched."""

from collections.abc import Sequence
from typing import Any, Final

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from viz.answers import Job
from viz.datasets import Dataset, Datasets
from viz.failures import Refused
from viz.jobs import TrainerJobs
from viz.language import N_, _, word
from viz.pages.elements import aria, link_menu, paused
from viz.pages.progress import job_progress
from viz.pages.regions import answering
from viz.pages.table_plan import planned, refused
from viz.plans import Plan
from viz.recipe import CALLED, VALUES, Recipe

__all__ = ["PATH", "layout", "register"]

PATH: Final = "/data"
_LISTED: Final = 12
_KILO: Final = 1000
_UNPUBLISHED: Final = {
    "failed": N_("Nothing was published. Change what the message names, above or in the file, and train again."),
    "cancelled": N_("Nothing was published. Train again whenever you like."),
}
_EXPLAINED: Final = {
    "activity": N_("Predicts how strongly compounds act; the choice for tables of molecules."),
    "counts": N_("Sums of what was stated, by fragment and target; the demonstration's."),
    "none": N_("Learn from everything; the fastest."),
    "random": N_("Also learn from nine tenths of the cells, and say how well the rest is predicted."),
    "scaffold": N_("The same, but the rest are compounds of other scaffolds: the honest question."),
    "fail": N_("Stop at the first row that cannot be used, and change nothing."),
    "skip": N_("Leave out what cannot be used; it is counted and listed with the run."),
    "real": N_("Measured numbers."),
    "binary": N_("1 is active, 0 is inactive."),
    "positives": N_("Only what is known to act; empty is unknown."),
    "signed": N_("−1, 0 and 1, where 0 is a statement."),
    "pX": N_("Already −log10 of a molar concentration."),
}


def layout() -> Component:
    """The page's fixed part: where a file is dropped, and places for its plan and its job."""
    return html.Div(
        [
            html.H1(_("Train on a table")),
            dcc.Interval(id="data-beat", interval=1000),
            html.Section(
                [
                    html.Div(
                        [
                            html.Label(_("Drop a file here, or choose one"), htmlFor="data-file", id="data-label"),
                            html.Div(id="data-drop"),
                            html.P(_("CSV, TSV, Excel, SDF, SMILES, Parquet, JSON; also compressed."), className="quiet"),
                            html.P(id="data-status", role="status"),
                        ],
                        id="drop-zone",
                        className="drop-zone",
                    ),
                    html.Div(id="data-uploads"),
                ],
                className="card",
                **aria(label=_("The file")),
            ),
            html.Section(id="data-job", className="card", hidden=True, **aria(label=_("The training"), live="polite")),
            html.Div(
                [
                    html.Button(_("Cancel the training"), id="cancel-job", n_clicks=0, type="button", hidden=True),
                    html.P(id="cancel-told", role="status"),
                ],
                className="toolbar",
            ),
            html.P(html.Span(_("Reading the table …"), id="data-busy", hidden=True), className="quiet", role="status"),
            html.Section(id="data-plan", hidden=True, className="card", **aria(label=_("How it is read"))),
        ],
        className="page",
    )


def register(dash: Dash, datasets: Datasets, jobs: TrainerJobs) -> None:
    """Add the page's callbacks."""
    in_browser: Any = dash.clientside_callback  # Dash leaves it untyped
    in_browser(ClientsideFunction("viz", "dropZone"), Output("data-drop", "title"), Input("data-drop", "id"))

    @dash.callback(Output("data-uploads", "children"), Input("address", "search"))
    @answering()
    async def list_uploads(search: str) -> Any:
        recipe = Recipe.of(search)
        held = await datasets.all()
        chosen = next((each for each in held if each.sha256 == recipe.dataset), None)
        return [] if not held else [_uploads(held[:_LISTED], chosen)]

    @dash.callback(
        Output("data-plan", "children"),
        Output("data-plan", "hidden"),
        Input("address", "search"),
        running=[(Output("data-busy", "hidden"), False, True)],
    )
    @answering(False)
    async def show_plan(search: str) -> Any:
        recipe = Recipe.of(search)
        if recipe.dataset is None:
            return [], True
        try:
            plan = await datasets.plan(recipe.dataset, recipe.ingest)
        except Refused as failure:
            return [html.H2(_("How it is read")), *refused(failure, recipe, PATH)], False
        return [
            html.H2(_("How it is read")),
            *_choices(plan, recipe),
            *_start(plan, recipe),
            *planned(plan, recipe, PATH),
        ], False

    @dash.callback(
        Output("address", "search", allow_duplicate=True),
        Output("start-told", "children"),
        Input("start-job", "n_clicks"),
        State("address", "search"),
        prevent_initial_call=True,
        running=[(Output("start-job", "disabled"), True, False)],
    )
    async def start(clicks: int | None, search: str) -> Any:
        recipe = Recipe.of(search)
        if not clicks or recipe.dataset is None:
            return no_update, no_update
        try:
            job = await datasets.start(recipe.spec)
        except Refused as failure:
            return no_update, str(failure)
        return recipe.watching(job).search, ""

    _register_job(dash, datasets, jobs)


def _register_job(dash: Dash, datasets: Datasets, jobs: TrainerJobs) -> None:
    """How far the job is, and its end."""

    @dash.callback(
        Output("data-job", "children"),
        Output("data-job", "hidden"),
        Output("cancel-job", "hidden"),
        Input("data-beat", "n_intervals"),
        Input("address", "search"),
        running=[paused("data-beat")],
    )
    @answering(False, True)
    async def watch_job(_beats: int | None, search: str) -> Any:
        recipe = Recipe.of(search)
        if recipe.job is None:
            return [], True, True
        job = await jobs.one(recipe.job)
        log = await datasets.log(job.id) if recipe.log == "shown" else None
        return _watched(job, recipe, log), False, not job.unfinished

    @dash.callback(
        Output("cancel-told", "children"),
        Input("cancel-job", "n_clicks"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    async def cancel(clicks: int | None, search: str) -> Any:
        job = Recipe.of(search).job
        if not clicks or job is None:
            return no_update
        try:
            await datasets.cancel(job)
        except Refused as failure:
            return str(failure)
        return _("It ends as soon as it can.")


def _uploads(held: Sequence[Dataset], chosen: Dataset | None) -> Component:
    entries = [
        (
            each.name,
            f"{_size(each.size_bytes)}, {each.created:%Y-%m-%d %H:%M} UTC",
            f"{PATH}{Recipe(each.sha256).search}",
            each == chosen,
        )
        for each in held
    ]
    return link_menu(_("File"), chosen.name if chosen else _("one that was handed in before"), entries)


def _choices(plan: Plan, recipe: Recipe) -> list[Component]:
    skip = plan.rows is not None and plan.rows.rejected > 0
    menus = [
        ("objective", _("{objective} (recommended)", objective=word(VALUES, plan.objective))),
        ("holdout", None),
        ("activity_kind", _("what they look like")),
        ("unit", _("what the table says")),
        ("on_error", None),
    ]
    listed = []
    for name, unstated in menus:
        offers = recipe.offers(name, unstated=unstated)
        entries = [
            (word(VALUES, value), _(_EXPLAINED.get(value, "")), f"{PATH}{other.search}", here) for value, other, here in offers
        ]
        listed.append(link_menu(_(CALLED[name]), next((label for label, *_rest, here in entries if here), ""), entries))
    warned = skip and recipe.on_error == "fail"
    told = _("Some rows cannot be used. Training would stop there; choose “skip” to leave them out.")
    return [html.Div(listed, className="toolbar"), *([html.P(told, className="flag")] if warned else [])]


def _start(plan: Plan, recipe: Recipe) -> list[Component]:
    asked = plan.rows is not None and bool(plan.rows.questions)
    told = _("It runs in the trainer; you may leave this page and come back.")
    if asked:
        told = _("Answer what is asked below first.")
    return [
        html.Div(
            [
                html.Button(
                    _("Train"),
                    id="start-job",
                    n_clicks=0,
                    type="button",
                    className="primary",
                    disabled=asked,
                    key=recipe.search,
                ),
                html.Span(told, className="quiet"),
                html.Span(id="start-told", role="status"),
            ],
            className="toolbar",
        )
    ]


def _watched(job: Job, recipe: Recipe, log: str | None) -> list[Component]:
    toggled = recipe.showing_log(log is None)
    links: list[Component] = [
        dcc.Link(_("Show the log") if log is None else _("Hide the log"), href=f"{PATH}{toggled.search}"),
    ]
    if job.state == "succeeded" and job.run is not None:
        links = [
            dcc.Link(_("Open its fragments"), href=f"/fragments?run={job.run}"),
            dcc.Link(_("Predict with it"), href=f"/predict?run={job.run}"),
            dcc.Link(_("See how well it predicts"), href=f"/training?run={job.run}"),
            html.A(_("Rows that were left out, as CSV"), href=f"/exports/rejects.csv?run={job.run}", download=""),
            *links,
        ]
    return [
        html.H2(_("Training")),
        html.Div(html.Div(job_progress(job), className="job"), className="jobs"),
        *([html.P(_(_UNPUBLISHED[job.state]))] if job.state in _UNPUBLISHED else []),
        html.P(links, className="links"),
        *(
            []
            if log is None
            else [html.Pre(log or _("Nothing yet."), className="log", tabIndex=0, **aria(label=_("The log")), role="region")]
        ),
    ]


def _size(size_bytes: int) -> str:
    if size_bytes < _KILO:
        return f"{size_bytes} B"
    return f"{size_bytes / _KILO:,.0f} kB" if size_bytes < _KILO**2 else f"{size_bytes / _KILO**2:,.1f} MB"
