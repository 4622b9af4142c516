"""What happens on every page: navigation, the header, the watch over the scores API, light or dark."""

from typing import Any, Final

from dash import ClientsideFunction, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from viz.datasets import Datasets
from viz.failures import NoRun, Unshowable
from viz.handed_on import HandedOn
from viz.jobs import TrainerJobs
from viz.language import N_, _, around
from viz.pages import data, fragments, heat_map, many, predict, replace, replacements, space, training, words
from viz.pages.elements import paused
from viz.pages.frame import PAGES, bokeh_address, choices, navigation
from viz.registry import Registry
from viz.scores import Scores
from viz.settings import Settings
from viz.view import CURRENT, View

__all__ = ["register"]

_LAYOUTS: Final = {
    page.PATH: page.layout for page in (data, space, heat_map, fragments, replace, predict, many, training, words)
}

_TITLES: Final = {**dict(PAGES), words.PATH: N_("Words"), many.PATH: N_("Predict many")}


def register(
    dash: Dash,
    settings: Settings,
    scores: Scores,
    jobs: TrainerJobs,
    datasets: Datasets,
    registry: Registry,
    handed_on: HandedOn,
) -> None:
    """Add the callbacks of the frame and of every page."""
    in_browser: Any = dash.clientside_callback  # Dash leaves it untyped
    in_browser(ClientsideFunction("viz", "scheme"), Output("scheme", "data"), Input("scheme", "id"))
    in_browser(ClientsideFunction("viz", "arrive"), Output("content", "title"), Input("title", "data"))

    @dash.callback(
        Output("content", "children"),
        Output("title", "data"),
        Input("address", "pathname"),
    )
    async def turn_page(pathname: str | None) -> tuple[Component, str]:
        path = _path(pathname)
        if path not in _LAYOUTS:
            return _nothing_here(path), _("Nothing here")
        return _LAYOUTS[path](), _(_TITLES[path])

    @dash.callback(
        Output("navigation", "children"),
        Output("choices", "children"),
        Input("address", "pathname"),
        Input("address", "search"),
        Input("health", "data"),
        State("address", "href"),
    )
    async def keep_header(
        pathname: str | None, search: str, _health: dict[str, Any] | None, href: str | None
    ) -> tuple[Any, Any]:
        path = _path(pathname)
        try:
            runs = await scores.runs()
        except Unshowable:  # the watch says so; the header still leads everywhere
            runs = ()
        return navigation(path, search or "", bokeh_address(settings, href)), choices(path, View.repaired(search), runs)

    @dash.callback(
        Output("health", "data"),
        Output("notice", "children"),
        Input("heartbeat", "n_intervals"),
        State("health", "data"),
        running=[paused("heartbeat")],
    )
    async def watch(_beats: int | None, known: dict[str, Any] | None) -> tuple[Any, Any]:
        try:
            newest, current = (await scores.runs())[0].id, (await scores.run(CURRENT)).id
            health: dict[str, Any] = {"state": "ready", "newest": newest, "current": current}
        except NoRun:
            health = {"state": "empty"}
        except Unshowable as failure:
            health = {"state": "away", "reason": str(failure)}
        return (no_update, no_update) if health == known else (health, _banner(health, known))

    space.register(dash, scores)
    heat_map.register(dash, scores)
    fragments.register(dash, scores)
    replacements.register(dash, scores)
    replace.register(dash, scores)
    predict.register(dash, scores)
    many.register(dash, scores, handed_on)
    training.register(dash, scores, jobs, registry)
    data.register(dash, datasets, jobs)


def _path(pathname: str | None) -> str:
    return (pathname or "/").rstrip("/") or "/"


def _banner(health: dict[str, Any], known: dict[str, Any] | None) -> Any:
    """Say what has just changed; nothing while all is well."""
    if health["state"] == "away":
        return around(
            _("{not_connected} {reason} What is shown may be old; this page reconnects by itself."),
            not_connected=html.Strong(_("Not connected.")),
            reason=str(health["reason"]),
        )
    if known and known["state"] == "ready" and health["state"] == "ready":
        published = around(_("{new_run} {run} has been published. "), new_run=html.Strong(_("New run.")), run=health["newest"])
        promoted = _("What is shown without a choice of a run is {run} now.", run=health["current"])
        return [
            *(published if health["newest"] != known["newest"] else []),
            *([promoted] if health["current"] != known["current"] else []),
        ]
    return None


def _nothing_here(path: str) -> Component:
    return html.Div(
        [
            html.H1(_("Nothing here")),
            html.P(_("There is no page at {path}.", path=path)),
            html.P(html.A(_("Go to the 3-D view"), href="/")),
        ],
        className="page notice",
    )
