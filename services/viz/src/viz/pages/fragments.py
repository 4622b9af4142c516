"""Page "Fragments": search, the chosen fragment, and its nearest with their evidence."""

from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from contracts.kinds import SimilarityKind
from viz.answers import Fragment, FragmentPage, Run
from viz.failures import NotTold
from viz.pages import replacements
from viz.pages.elements import aria, drawn_name, fragment_link, link_menu, neighbour_table, notice, segments, table
from viz.pages.pictures import picture
from viz.pages.regions import answering
from viz.pages.sketch import draw_button, editor_panel
from viz.pages.terms import explained
from viz.scores import Scores
from viz.view import UNLIKE, View
from viz.wanted import Wanted

__all__ = ["PATH", "layout", "register"]

PATH: Final = "/fragments"
_PAGE: Final = 50
_WORDS: Final = {
    **{f"support {least}": f"{least} compounds or more" for least in (10, 30, 100)},
    **{f"size {most}": f"{most} heavy atoms or fewer" for most in (6, 12, 20)},
    "sort support": "support, most first",
    "sort size": "size, smallest first",
    "sort logp": "logP, most polar first",
    "sort id": "the data's order",
}
_NEAREST: Final = 50
_UNLIKE_NOTE: Final = (
    f"Only fragments that look at most {UNLIKE} % like it (Tanimoto of ECFP4): alike in what they do, unlike in structure."
)


def layout() -> Component:
    """The page's fixed part: the search box and its results, and a place for the chosen fragment."""
    return html.Div(
        [
            html.H1("Fragments"),
            html.Div(
                [
                    html.Section(
                        [
                            html.Div(
                                [
                                    html.Label("Name, SMILES or SMARTS", htmlFor="query"),
                                    dcc.Input(
                                        id="query",
                                        type="search",
                                        value="",
                                        debounce=0.25,
                                        autoComplete="off",
                                        spellCheck=False,
                                        name="query",
                                    ),
                                ],
                                className="search",
                                role="search",
                            ),
                            html.Div(draw_button("query"), className="toolbar"),
                            editor_panel("query"),
                            html.Div(id="filters"),
                            html.Div(id="results", **aria(live="polite")),
                            html.Button("Show more", id="more", hidden=True, n_clicks=0, type="button"),
                        ],
                        className="card",
                        **aria(label="Search"),
                    ),
                    html.Div(
                        [
                            html.Section(id="fragment-view", className="card", **aria(label="The chosen fragment")),
                            *replacements.sections(),
                        ],
                        className="cards",
                    ),
                ],
                className="search-and-main",
            ),
            dcc.Store(id="shown-results", data=_PAGE),
        ],
        className="page",
    )


def register(dash: Dash, scores: Scores) -> None:
    """Add the page's callbacks."""

    @dash.callback(
        Output("shown-results", "data"),
        Input("more", "n_clicks"),
        Input("query", "value"),
        State("shown-results", "data"),
        prevent_initial_call=True,
    )
    async def show_more(_clicks: int, _query: str, shown: int) -> int:
        return shown + _PAGE if ctx.triggered_id == "more" else _PAGE

    @dash.callback(
        Output("results", "children"),
        Output("more", "hidden"),
        Input("query", "value"),
        Input("shown-results", "data"),
        Input("address", "search"),
        Input("health", "data"),
    )
    @answering(True)
    async def search_fragments(query: str | None, shown: int, search: str, health: dict[str, Any] | None) -> Any:
        if health is None:
            return no_update, no_update
        view, query = View.of(search), (query or "").strip()
        page, how = await _found(scores, view, query, shown)
        more = page.next is not None
        counted = f"The first {len(page.items)}" if more else f"{len(page.items)}"
        caption = f"{counted} {'fragment' if counted == '1' else 'fragments'}{how}"
        listed = _result_table(page.items, view, caption) if page.items else html.P(_none(query, view), className="quiet")
        return listed, not more

    @dash.callback(Output("filters", "children"), Input("address", "search"))
    async def offer_filters(search: str) -> Any:
        return _filters(View.repaired(search))

    @dash.callback(
        Output("fragment-view", "children"),
        Input("address", "search"),
        Input("health", "data"),
    )
    @answering()
    async def show_fragment(search: str, health: dict[str, Any] | None) -> Any:
        if health is None:
            return no_update
        view = View.of(search)
        chosen = view.fragment
        if chosen is None:
            return [
                html.H2("Nothing chosen yet"),
                html.P("Search on the left and choose a fragment to see what acts like it.", className="quiet"),
            ]
        run = await scores.run(view.run)
        similarity = view.similarity_in(run)
        fragment = await scores.fragment(view.run, chosen)
        return [
            html.H2(fragment.name),
            picture(fragment.smiles, size="medium"),
            _facts(fragment),
            html.P(
                [
                    dcc.Link("Show in 3-D", href=f"/{view.search}"),
                    dcc.Link("Heat map of its nearest", href=f"/heat-map{view.search}"),
                    html.A("Download CSV", href=_csv_address(view, similarity), download=""),
                    html.A(
                        "Permanent link",
                        href=f"{PATH}{view.pinned(run.id).search}",
                        title=f"This view of run {run.id}, whatever is published later",
                    ),
                ],
                className="links",
            ),
            html.Div(segments("Structure", PATH, view, "structure"), className="toolbar"),
            *await _nearest(scores, view, run, chosen, similarity),
        ]


async def _found(scores: Scores, view: View, query: str, limit: int) -> tuple[FragmentPage, str]:
    """What a text finds as a structure, or where it is none or none has it, as part of a name; and in words which it was."""
    if query:
        with suppress(NotTold):  # no structure
            page = await scores.fragments(view.run, Wanted.of(view, structure=query), limit=limit)
            if page.items:
                return page, f" that contain the structure “{query}”"
    page = await scores.fragments(view.run, Wanted.of(view, text=query), limit=limit)
    return page, f" with “{query}”" if query else ""


def _none(query: str, view: View) -> str:
    if query:
        return f"No fragment contains “{query}”, as a structure or in its name, and meets what is chosen above."
    return "This run shows no fragment." if view == View.of(replace(View(), run=view.run).search) else "No fragment meets all."


def _filters(view: View) -> Component:
    menus = []
    for name in ("sort", "support", "size", "rings", "charge"):
        offers = view.offers(name)
        entries = [(_WORDS.get(f"{name} {value}", value), "", f"{PATH}{other.search}", here) for value, other, here in offers]
        menus.append(link_menu(name.capitalize(), next(label for label, _, _, here in entries if here), entries))
    return html.Div(menus, className="toolbar narrow")


async def _nearest(scores: Scores, view: View, run: Run, fragment: str, similarity: SimilarityKind) -> list[Component]:
    unlike = UNLIKE if view.structure == "unlike" else None
    try:
        neighbours = await scores.neighbours(view.run, fragment, similarity, _NEAREST, max_structure=unlike)
    except NotTold as failure:  # the choice above stays, so that another can be made
        return [notice(str(failure), "")]
    listed = neighbour_table(neighbours, similarity, view, PATH, full=True, unit=run.change_unit)
    return [listed] if unlike is None else [listed, html.P(_UNLIKE_NOTE, className="caption")]


def _result_table(fragments: tuple[Fragment, ...], view: View, caption: str) -> Component:
    rows = [
        [drawn_name(fragment.smiles, fragment_link(fragment.name, view, PATH)), f"{fragment.support:,}"]
        for fragment in fragments
    ]
    head = [("Fragment", "text"), ("Support", "figure")]
    chosen = next((at for at, fragment in enumerate(fragments) if fragment.name == view.fragment), None)
    return table(caption, head, rows, chosen=chosen)


def _facts(fragment: Fragment) -> Component:
    facts: list[tuple[str, Any]] = [("Support", f"{fragment.support:,} compounds")]
    if fragment.scaffolds is not None:
        facts.append(("Scaffolds", f"{fragment.scaffolds:,}"))
    if fragment.smiles is not None:
        facts.append(("SMILES", html.Code(fragment.smiles)))
    if not fragment.shown:
        facts.append(("Evidence", "too little to be listed as a neighbour of others"))
    return html.Dl([html.Div([html.Dt(explained(term)), html.Dd(value)]) for term, value in facts], className="facts")


def _csv_address(view: View, similarity: SimilarityKind) -> str:
    query = {"run": view.run, "fragment": view.fragment, "similarity": similarity}
    return "/exports/neighbours.csv?" + urlencode(query | ({"structure": "unlike"} if view.structure == "unlike" else {}))
