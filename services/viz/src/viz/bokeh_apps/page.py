"""A page of the Bokeh server: the document's frame, its address, and loading with plain words when something is missing.

The document opens at once with "Loading"; what it shows is asked for afterwards. A failure becomes a sentence in its place, and
where waiting helps the page tries again by itself: Bokeh alone would answer 200 with an empty page.
"""

import html
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import Any, Final, ParamSpec, Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

import structlog
from bokeh.core.templates import get_env
from bokeh.document import Document, without_document_lock
from bokeh.layouts import column
from bokeh.models import ImportedStyleSheet, LayoutDOM
from bokeh.models.widgets import Div

from viz.answers import Run
from viz.failures import NotInRun, NotOffered, NotTold, Unshowable
from viz.language import LANGUAGES, _, joined, speaking, spoken
from viz.negotiation import COOKIE, negotiated
from viz.pages.frame import BOKEH_PAGES, PAGES, carried, switch
from viz.palette import PALETTES, Palette, Scheme
from viz.scores import Scores
from viz.settings import Settings
from viz.view import CURRENT, View, meaning, named

__all__ = [
    "App",
    "Page",
    "asked_language",
    "block",
    "dash_address",
    "in_background",
    "open_page",
    "page_head",
    "page_header",
    "same_language",
    "sheets",
    "text",
]

T = TypeVar("T")
P = ParamSpec("P")
_AGAIN_MS: Final = 3000
_LISTED_RUNS: Final = 12
_CURRENT: Final = ' aria-current="true"'
_log = structlog.stdlib.get_logger(__name__)

_TEMPLATE: Final = """
{% from macros import embed %}
<!DOCTYPE html>
<html lang="{{ viz_language }}">
<head>
<title>{{ title | e }}</title>
{{ viz_head }}
{{ bokeh_js }}
{{ bokeh_css }}
</head>
<body>
<div class="frame">
{{ viz_header }}
<main id="content" class="page" tabindex="-1">
<h1>{{ viz_heading }}</h1>
{% for doc in docs %}{% for root in doc.roots %}{{ embed(root) }}{% endfor %}{% endfor %}
</main>
</div>
{{ plot_script }}
</body>
</html>
"""
"""Bokeh's own page for templates is English."""


@dataclass(frozen=True)
class Page:
    """What an app's builder gets: what to show, in which colours, and where its links lead."""

    view: View
    run: Run
    palette: Palette
    dash_url: str

    def fragment_link(self, name: str) -> str:
        """An HTML link to the page of a fragment."""
        address = f"{self.dash_url}/fragments{self.view.choosing(name).search}"
        return f'<a class="fragment-name" href="{html.escape(address)}">{html.escape(name)}</a>'


class App(Protocol[T]):
    """What an app does: get its data without holding the session, then draw it into the document."""

    path: str
    heading: str

    async def load(self, view: View, run: Run, scores: Scores, say: Callable[[str], None]) -> T:
        """Everything the drawing needs; `say` shows how far that is."""
        ...

    def draw(self, doc: Document, page: Page, loaded: T) -> LayoutDOM:
        """The layout, with its callbacks attached."""
        ...


def asked_language(request: Any) -> str:
    """The language of a request of Tornado, or of what a session keeps of it."""
    if request is None:
        return spoken()
    kept = request.cookies.get(COOKIE)
    named = [_first(request.arguments, COOKIE), getattr(kept, "value", kept)]
    return negotiated(named, request.headers.get("Accept-Language", ""))


def same_language(act: Callable[P, T]) -> Callable[P, T]:
    """What a session calls later, in the language that is spoken now."""
    language = spoken()

    @wraps(act)
    def acting(*args: P.args, **kwargs: P.kwargs) -> T:
        with speaking(language):
            return act(*args, **kwargs)

    return acting


def open_page(doc: Document, app: App[Any], settings: Settings, scores: Scores) -> None:
    """Fill a new session's document, in the language of its request; loading is tried until it succeeds."""
    context: Any = doc.session_context  # the server's contexts carry the request; the annotation does not say so
    request = context.request if context is not None else None
    with speaking(asked_language(request)):
        _open(doc, app, settings, scores, request)


def _open(doc: Document, app: App[Any], settings: Settings, scores: Scores, request: Any) -> None:
    arguments: dict[str, list[bytes]] = request.arguments if request is not None else {}
    query = urlencode({name: _first(arguments, name) for name in ("run", "similarity") if _first(arguments, name)})
    scheme: Scheme = "dark" if _first(arguments, "scheme") == "dark" else "light"
    dash_url = dash_address(settings, request.headers.get("Host", "") if request is not None else "")
    doc.title = f"{_(BOKEH_PAGES[app.path])} · ntdemo"
    doc.template = get_env().from_string(_TEMPLATE)
    doc.template_variables.update(
        viz_language=spoken(),
        viz_head=page_head(),
        viz_header=page_header(app.path, View.repaired(query), dash_url),
        viz_heading=_(app.heading),
    )
    region = column(text(_("Loading…")), sizing_mode="stretch_width", css_classes=["bokeh-card"])
    menus = block(name="choices")
    doc.add_root(menus)
    doc.add_root(region)

    def say(sentence: str) -> None:
        doc.add_next_tick_callback(lambda: region.update(children=[text(sentence)]))

    def offer(view: View, run: Run | None, runs: Sequence[Run]) -> None:
        markup = choices(app.path, view, run, runs)
        doc.add_next_tick_callback(lambda: menus.update(text=markup))

    async def load() -> tuple[View, Run, Any]:
        view, runs = View.of(query), await scores.runs()
        offer(view, None, runs)
        run = await scores.run(view.run)
        offer(view, run, runs)
        return view, run, await app.load(view, run, scores, say)

    def show(loaded: tuple[View, Run, Any]) -> None:
        view, run, data = loaded
        region.children = [app.draw(doc, Page(view.pinned(run.id), run, PALETTES[scheme], dash_url), data)]

    def tell(failure: Exception) -> None:
        match failure:
            case NotInRun() | NotOffered() | NotTold():
                region.children = [text(str(failure))]
            case Unshowable():
                region.children = [text(joined(str(failure), _("This page tries again by itself.")))]
                in_background(doc, load, show, tell, wait_ms=_AGAIN_MS)
            case _:
                _log.error("bokeh_page_failed", app=app.path, exc_info=failure)
                region.children = [text(_("Something went wrong on this page; the log of viz says why. Reload to try again."))]

    in_background(doc, load, show, tell)


def in_background(
    doc: Document,
    work: Callable[[], Awaitable[Any]],
    show: Callable[[Any], None],
    tell: Callable[[Exception], None],
    *,
    wait_ms: int = 1,
) -> None:
    """Await `work` while the session stays free; then, with the document locked, `show` its result or `tell` what failed.

    All of it in the language that is spoken now.
    """
    language, show, tell = spoken(), same_language(show), same_language(tell)

    @without_document_lock
    async def worked() -> None:
        try:
            with speaking(language):
                result = await work()
            doc.add_next_tick_callback(partial(_shown, result))
        except Exception as failure:  # noqa: BLE001 - told on the page, and logged there unless foreseen
            doc.add_next_tick_callback(partial(tell, failure))

    def _shown(result: Any) -> None:
        try:
            show(result)
        except Exception as failure:  # noqa: BLE001 - as above: Bokeh alone would show an empty page
            tell(failure)

    later: Any = doc.add_timeout_callback  # takes coroutines too; the annotation does not say so
    later(worked, wait_ms)


def block(markup: str = "", **options: Any) -> Div:
    """A place for HTML in the type and colours of the pages."""
    return Div(
        text=markup,
        stylesheets=[ImportedStyleSheet(url="/assets/viz.css"), *sheets()],
        **({"sizing_mode": "stretch_width"} | options),
    )


def sheets() -> list[Any]:
    """The style sheet of widgets, made anew for each: a model belongs to one document."""
    return [ImportedStyleSheet(url="/assets/widgets.css")]


def text(sentence: str) -> Div:
    """A sentence that screen readers announce when it changes."""
    return block(f'<p role="status">{html.escape(sentence)}</p>')


def page_head() -> str:
    """The head of every page: the style sheet of the Dash pages, served from here, and the reader's light or dark.

    Bokeh draws on a canvas and must know the colours before it draws, so the address carries the scheme.
    """
    said = carried({"lower": _("{title}, lower end"), "upper": _("{title}, upper end")})
    return f"""<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
<link rel="stylesheet" href="/assets/viz.css">
{said}
<script src="/assets/scheme.js"></script>
<script src="/assets/names.js" defer></script>"""


def page_header(app: str | None, view: View, dash_url: str) -> str:
    """The header of the Dash pages, with links back to them."""
    query = html.escape(view.search)
    links = [f'<li><a href="{html.escape(dash_url)}{path}{query}">{_(label)}</a></li>' for path, label in PAGES]
    for path, label in BOKEH_PAGES.items():
        links.append(f'<li{_CURRENT if path == app else ""}><a href="/{path}{query}">{_(label)}</a></li>')
    for language, name in LANGUAGES.items():
        if language != spoken():
            address = html.escape(f"/{app or ''}{switch(view.search, language)}")
            links.append(f'<li class="language"><a href="{address}" lang="{language}" hreflang="{language}">{name}</a></li>')
    return (
        f'<a class="skip" href="#content">{_("Skip to the content")}</a><header><div class="brand">'
        f'<span class="brand-name">ntdemo</span><span class="brand-what">{_("fragment similarity")}</span></div>'
        f'<nav aria-label="{_("Pages")}"><ul>{"".join(links)}</ul></nav></header>'
    )


def choices(app: str, view: View, run: Run | None, runs: Sequence[Run]) -> str:
    """Menus of links to the same page: the run, and of a run that is known the similarity, where it matters."""
    newest = [(each.id, each.name or each.id, each.source) for each in runs[:_LISTED_RUNS]]
    if view.run != CURRENT and view.run not in {each for each, _, _ in newest}:
        newest.append((view.run, view.run, ""))
    listed = [(CURRENT, CURRENT, _("what is answered where no run is named")), *newest]
    menus = [_menu(_("Run"), app, [(label, told, view.pinned(each), each == view.run) for each, label, told in listed])]
    if app == "histogram" and run is not None:
        best = run.similarities[0] if run.similarities else None
        shown = view.similarity or best
        kinds = [
            (
                named(kind),
                (_("Recommended for this run. ") if kind is best else "") + meaning(kind),
                replace(view, similarity=kind),
                kind is shown,
            )
            for kind in run.similarities
        ]
        menus += [_menu(_("Similarity"), app, kinds)] if kinds else []
    return f'<div class="toolbar">{"".join(menus)}</div>'


def _menu(name: str, app: str, entries: Sequence[tuple[str, str, View, bool]]) -> str:
    parts = [
        f'<li{_CURRENT if here else ""}><a href="/{app}{html.escape(view.search)}">{html.escape(label)}</a>'
        f"<span>{html.escape(told)}</span></li>"
        for label, told, view, here in entries
    ]
    shown = html.escape(next((label for label, _, _, here in entries if here), ""))
    return (
        f'<details class="menu"><summary><span class="quiet">{name} </span>{shown}</summary>'
        f'<ul aria-label="{name}">{"".join(parts)}</ul></details>'
    )


def _first(arguments: dict[str, Any], name: str) -> str:
    values = arguments.get(name) or [b""]
    return bytes(values[0]).decode(errors="replace")


def dash_address(settings: Settings, host_header: str) -> str:
    """Where the reader's browser finds the Dash pages: as set, else their port on the host that was asked."""
    if settings.dash_url is not None:
        return settings.dash_url.rstrip("/")
    host = urlsplit(f"//{host_header}").hostname or settings.viz_host
    return f"http://[{host}]:{settings.dash_port}" if ":" in host else f"http://{host}:{settings.dash_port}"
