"""The frame around every page: skip link, header with navigation and choices, notices, main part."""

import html as markup
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from dash import dcc, html
from dash.development.base_component import Component

from contracts.kinds import SimilarityKind
from viz.answers import Run
from viz.language import LANGUAGES, N_, _, ngettext, spoken
from viz.negotiation import COOKIE
from viz.pages.elements import aria, link_menu
from viz.settings import Settings
from viz.view import CURRENT, View, meaning, named

__all__ = ["BOKEH_PAGES", "PAGES", "bokeh_address", "carried", "choices", "frame", "index", "navigation", "switch"]

PAGES: Final = (
    ("/data", N_("Data")),
    ("/fragments", N_("Fragments")),
    ("/replace", N_("Replace")),
    ("/predict", N_("Predict")),
    ("/", N_("3-D")),
    ("/heat-map", N_("Heat map")),
    ("/training", N_("Runs")),
)
"""Path and label of every page, in the order of the navigation."""
BOKEH_PAGES: Final = {"histogram": N_("Histogram"), "training": N_("Playback")}
"""The same of the Bokeh server's pages."""
_LISTED_RUNS: Final = 12
_OF_NO_RUN: Final = frozenset({"/data"})
"""Pages that show no run, where neither it nor a similarity is to be chosen."""

_INDEX: Final = """<!DOCTYPE html>
<html lang="{language}">
<head>
{metas}
<title>{title}</title>
<meta name="color-scheme" content="light dark">
<meta name="description" content="{about}">
<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
{css}
</head>
<body>
<noscript>{needs}</noscript>
<div id="react-entry-point"><div class="_dash-loading">{loading}</div></div>
{said}
<div hidden>{config}{scripts}{renderer}</div>
</body>
</html>
"""


def index(**parts: str) -> str:
    """The page that loads everything, around the parts of it that are Dash's own."""
    texts = {
        "about": _("Which fragments act alike on protein targets."),
        "needs": _("These pages need JavaScript. The same numbers are at /cosine/score of the scores API."),
        "loading": _("Loading..."),
    }
    escaped = {name: markup.escape(text) for name, text in texts.items()}
    return _INDEX.format(language=spoken(), said=carried(_said_in_browser()), **escaped, **parts)


def carried(said: Mapping[str, str | list[str]]) -> str:
    """The element by which a page hands its scripts what they say."""
    told = json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")  # no message ends the element
    return f'<script type="application/json" id="said-in-browser">{told}</script>'


def _said_in_browser() -> dict[str, str | list[str]]:
    """What our scripts say, by the names that they ask for it by; two forms where the first is for one thing."""
    return {
        "handing-in": _("Handing in {file} {done}"),
        "handed-in": _("{file} is here; reading it."),
        "not-handed-in": _("The file could not be handed in; nothing answers."),
        "compounds": _("{count} compounds"),
        "alike": _("{percent} % alike"),
        "like-chosen": _("{percent} % like the chosen fragment"),
        "atom": _("Replace at atom {atom}, {element}"),
        "opening": _("Opening the editor …"),
        "drawn": _("What you draw stands in the field above as SMILES."),
        "not-opened": _("The editor could not be loaded; type a SMILES instead."),
        "reading": _("Reading {file} …"),
        "read": _("{file}: {count} molecules stand below."),
        "read-first": _("{file}: the first {most} of {count} molecules stand below."),
        "unreadable-records": [
            ngettext(
                "{count} record has no structure that can be read.", "{count} records have no structure that can be read.", n
            )
            for n in (1, 2)
        ],
        "not-read": _("{file} could not be read: {reason}"),
    }


def frame() -> Component:
    """What stays while pages change."""
    return html.Div(
        [
            dcc.Location(id="address", refresh="callback-nav"),
            dcc.Store(id="scheme", data="light"),
            dcc.Store(id="health", data=None),
            dcc.Store(id="title", data=None),
            dcc.Interval(id="heartbeat", interval=4000),
            html.A(_("Skip to the content"), href="#content", className="skip"),
            html.Header(
                [
                    html.Div(
                        [
                            html.Span("ntdemo", className="brand-name"),
                            html.Span(_("fragment similarity"), className="brand-what"),
                        ],
                        className="brand",
                    ),
                    html.Nav(id="navigation", **aria(label=_("Pages"))),
                    html.Div(id="choices", className="choices"),
                ]
            ),
            html.Div(id="notice", role="status", className="banner"),
            html.Main(id="content", tabIndex=-1),
            html.Footer([dcc.Link(_("What the words mean"), href="/words")]),
        ],
        className="frame",
    )


def navigation(path: str, search: str, bokeh: str) -> Component:
    """Links to the pages, which keep the view, to the Bokeh pages, and to the same page in other languages."""
    view = View.repaired(search)
    own = [
        html.Li(dcc.Link(_(label), href=f"{at}{view.search}"), **aria(current="page" if at == path else None))
        for at, label in PAGES
    ]
    query = f"?run={view.run}" if view.run != CURRENT else ""
    others = [html.Li(html.A(_(label), href=f"{bokeh}/{app}{query}")) for app, label in BOKEH_PAGES.items()]
    return html.Ul([*own, *others, *(html.Li(link, className="language") for link in _languages(path, search))])


def _languages(path: str, search: str) -> list[Component]:
    """Links that load the page anew, since all of it is said in another language."""
    return [
        html.A(name, href=f"{path}{switch(search, language)}", lang=language, hrefLang=language)
        for language, name in LANGUAGES.items()
        if language != spoken()
    ]


def switch(search: str, language: str) -> str:
    """The query part of an address, with a language."""
    pairs = [pair for pair in parse_qsl(search.removeprefix("?")) if pair[0] != COOKIE]
    return f"?{urlencode([*pairs, (COOKIE, language)])}"


def choices(path: str, view: View, runs: Sequence[Run]) -> list[Component]:
    """The similarity and the run, each a menu of links to the same page."""
    if path in _OF_NO_RUN:
        return []
    newest = [(run.id, run.name or run.id, run.source) for run in runs[:_LISTED_RUNS]]
    if view.run != CURRENT and view.run not in {run for run, _, _ in newest}:
        newest.append((view.run, view.run, ""))
    listed = [(CURRENT, CURRENT, _("what is answered where no run is named")), *newest]
    shown_run = next((run for run in runs if run.id == view.run or (view.run == CURRENT and run.current)), None)
    told = tuple(SimilarityKind) if shown_run is None else shown_run.similarities  # what is recommended comes first
    best = None if shown_run is None or not told else told[0]
    similarity = view.similarity or best
    chosen = named(similarity) if similarity else _("recommended")
    offered = [(kind, replace(view, similarity=kind)) for kind in told]
    similarities = [
        (
            named(kind),
            (_("Recommended for this run. ") if kind is best else "") + meaning(kind),
            other,
            kind is similarity,
        )
        for kind, other in offered
    ]
    runs_listed = [(label, source, view.pinned(run), run == view.run) for run, label, source in listed]
    shown = next(label for label, _, _, here in runs_listed if here)
    return [
        *([link_menu(_("Similarity"), chosen, _addressed(path, similarities))] if told else []),
        link_menu(_("Run"), shown, _addressed(path, runs_listed)),
    ]


def _addressed(path: str, entries: Sequence[tuple[str, str, View, bool]]) -> list[tuple[str, str, str, bool]]:
    return [(label, explained, f"{path}{view.search}", here) for label, explained, view, here in entries]


def bokeh_address(settings: Settings, href: str | None) -> str:
    """Where the reader's browser finds the Bokeh server: as set, else its port on the host the page came from."""
    if settings.bokeh_url is not None:
        return settings.bokeh_url.rstrip("/")
    host = urlsplit(href or "").hostname or settings.viz_host
    return f"http://[{host}]:{settings.bokeh_port}" if ":" in host else f"http://{host}:{settings.bokeh_port}"
