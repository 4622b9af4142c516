"""The frame around every page: skip link, header with navigation and choices, notices, main part."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from dash import dcc, html
from dash.development.base_component import Component

from contracts.kinds import SimilarityKind
from viz.answers import Run
from viz.pages.elements import aria, link_menu
from viz.settings import Settings
from viz.view import CURRENT, View, meaning

__all__ = ["BOKEH_PAGES", "INDEX", "PAGES", "bokeh_address", "choices", "frame", "navigation"]

PAGES: Final = (
    ("/data", "Data"),
    ("/fragments", "Fragments"),
    ("/replace", "Replace"),
    ("/predict", "Predict"),
    ("/", "3-D"),
    ("/heat-map", "Heat map"),
    ("/training", "Runs"),
)
"""Path and label of every page, in the order of the navigation."""
BOKEH_PAGES: Final = {"histogram": "Histogram", "training": "Playback"}
"""The same of the Bokeh server's pages."""
_LISTED_RUNS: Final = 12
_OF_NO_RUN: Final = frozenset({"/data"})
"""Pages that show no run, where neither it nor a similarity is to be chosen."""

INDEX: Final = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}
<title>{%title%}</title>
<meta name="color-scheme" content="light dark">
<meta name="description" content="Which fragments act alike on protein targets.">
<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
{%css%}
</head>
<body>
<noscript>These pages need JavaScript. The same numbers are at /cosine/score of the scores API.</noscript>
{%app_entry%}
<div hidden>{%config%}{%scripts%}{%renderer%}</div>
</body>
</html>
"""


def frame() -> Component:
    """What stays while pages change."""
    return html.Div(
        [
            dcc.Location(id="address", refresh="callback-nav"),
            dcc.Store(id="scheme", data="light"),
            dcc.Store(id="health", data=None),
            dcc.Store(id="title", data=None),
            dcc.Interval(id="heartbeat", interval=4000),
            html.A("Skip to the content", href="#content", className="skip"),
            html.Header(
                [
                    html.Div(
                        [html.Span("ntdemo", className="brand-name"), html.Span("fragment similarity", className="brand-what")],
                        className="brand",
                    ),
                    html.Nav(id="navigation", **aria(label="Pages")),
                    html.Div(id="choices", className="choices"),
                ]
            ),
            html.Div(id="notice", role="status", className="banner"),
            html.Main(id="content", tabIndex=-1),
            html.Footer([dcc.Link("What the words mean", href="/words")]),
        ],
        className="frame",
    )


def navigation(path: str, view: View, bokeh: str) -> Component:
    """Links to the pages, which keep the view, and to the Bokeh pages."""
    own = [
        html.Li(dcc.Link(label, href=f"{at}{view.search}"), **aria(current="page" if at == path else None))
        for at, label in PAGES
    ]
    query = f"?run={view.run}" if view.run != CURRENT else ""
    others = [html.Li(html.A(label, href=f"{bokeh}/{app}{query}")) for app, label in BOKEH_PAGES.items()]
    return html.Ul([*own, *others])


def choices(path: str, view: View, runs: Sequence[Run]) -> list[Component]:
    """The similarity and the run, each a menu of links to the same page."""
    if path in _OF_NO_RUN:
        return []
    newest = [(run.id, run.name or run.id, run.source) for run in runs[:_LISTED_RUNS]]
    if view.run != CURRENT and view.run not in {run for run, _, _ in newest}:
        newest.append((view.run, view.run, ""))
    listed = [(CURRENT, CURRENT, "what is answered where no run is named"), *newest]
    shown_run = next((run for run in runs if run.id == view.run or (view.run == CURRENT and run.current)), None)
    told = tuple(SimilarityKind) if shown_run is None else shown_run.similarities  # what is recommended comes first
    best = None if shown_run is None or not told else told[0]
    similarity = view.similarity or best
    offered = [(kind, replace(view, similarity=kind)) for kind in told]
    similarities = [
        (
            kind,
            f"{'Recommended for this run. ' if kind is best else ''}{meaning(kind)}",
            other,
            kind is similarity,
        )
        for kind, other in offered
    ]
    runs_listed = [(label, source, view.pinned(run), run == view.run) for run, label, source in listed]
    named = next(label for label, _, _, here in runs_listed if here)
    return [
        *([link_menu("Similarity", similarity or "recommended", _addressed(path, similarities))] if told else []),
        link_menu("Run", named, _addressed(path, runs_listed)),
    ]


def _addressed(path: str, entries: Sequence[tuple[str, str, View, bool]]) -> list[tuple[str, str, str, bool]]:
    return [(label, explained, f"{path}{view.search}", here) for label, explained, view, here in entries]


def bokeh_address(settings: Settings, href: str | None) -> str:
    """Where the reader's browser finds the Bokeh server: as set, else its port on the host the page came from."""
    if settings.bokeh_url is not None:
        return settings.bokeh_url.rstrip("/")
    host = urlsplit(href or "").hostname or settings.viz_host
    return f"http://[{host}]:{settings.bokeh_port}" if ":" in host else f"http://{host}:{settings.bokeh_port}"
