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
from viz.language import N_, _, ngettext
from viz.pages import replacements
from viz.pages.elements import (
    aria,
    drawn_name,
    formal_charge,
    fragment_link,
    link_menu,
    neighbour_table,
    notice,
    number,
    segments,
    table,
)
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
    "any": N_("any"),
    "sort support": N_("support, most first"),
    "sort size": N_("size, smallest first"),
    "sort logp": N_("logP, most polar first"),
    "sort name": N_("name"),
    "sort id": N_("the data's order"),
    "rings with": N_("with"),
    "rings without": N_("without"),
    "charge neutral": N_("neutral"),
    "charge positive": N_("positive"),
    "charge negative": N_("negative"),
}
_MENUS: Final = {
    "sort": N_("Sort"),
    "support": N_("Support"),
    "size": N_("Size"),
    "rings": N_("Rings"),
    "charge": N_("Charge"),
}
_NEAREST: Final = 50
_UNLIKE_NOTE: Final = N_(
    "Only fragments that look at most {percent} % like it (Tanimoto of ECFP4): alike in what they do, unlike in structure."
)


def layout() -> Component:
    """The page's fixed part: the search box and its results, and a place for the chosen fragment."""
    return html.Div(
        [
            html.H1(_("Fragments")),
            html.Div(
                [
                    html.Section(
                        [
                            html.Div(
                                [
                                    html.Label(_("Name, SMILES or SMARTS"), htmlFor="query"),
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
                            html.Button(_("Show more"), id="more", hidden=True, n_clicks=0, type="button"),
                        ],
                        className="card",
                        **aria(label=_("Search")),
                    ),
                    html.Div(
                        [
                            html.Section(id="fragment-view", className="card", **aria(label=_("The chosen fragment"))),
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
        count = len(page.items)
        caption = ngettext("{count} fragment{found}", "{count} fragments{found}", count, count=count, found=how)
        if more:
            caption = _("The first {count} fragments{found}", count=count, found=how)
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
                html.H2(_("Nothing chosen yet")),
                html.P(_("Search on the left and choose a fragment to see what acts like it."), className="quiet"),
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
                    dcc.Link(_("Show in 3-D"), href=f"/{view.search}"),
                    dcc.Link(_("Heat map of its nearest"), href=f"/heat-map{view.search}"),
                    html.A(_("Download CSV"), href=_csv_address(view, similarity), download=""),
                    html.A(
                        _("Permanent link"),
                        href=f"{PATH}{view.pinned(run.id).search}",
                        title=_("This view of run {run}, whatever is published later", run=run.id),
                    ),
                ],
                className="links",
            ),
            html.Div(segments(_("Structure"), PATH, view, "structure"), className="toolbar"),
            *await _nearest(scores, view, run, chosen, similarity),
        ]


async def _found(scores: Scores, view: View, query: str, limit: int) -> tuple[FragmentPage, str]:
    """What a text finds as a structure, or where it is none or none has it, as part of a name; and in words which it was."""
    if query:
        with suppress(NotTold):  # no structure
            page = await scores.fragments(view.run, Wanted.of(view, structure=query), limit=limit)
            if page.items:
                return page, _(" that contain the structure “{text}”", text=query)
    page = await scores.fragments(view.run, Wanted.of(view, text=query), limit=limit)
    return page, _(" with “{text}”", text=query) if query else ""


def _none(query: str, view: View) -> str:
    if query:
        return _("No fragment contains “{text}”, as a structure or in its name, and meets what is chosen above.", text=query)
    is_unfiltered = view == View.of(replace(View(), run=view.run).search)
    return _("This run shows no fragment.") if is_unfiltered else _("No fragment meets all.")


def _filters(view: View) -> Component:
    menus = []
    for name, title in _MENUS.items():
        offers = view.offers(name)
        entries = [(_named(name, value), "", f"{PATH}{other.search}", here) for value, other, here in offers]
        menus.append(link_menu(_(title), next(label for label, _, _, here in entries if here), entries))
    return html.Div(menus, className="toolbar narrow")


def _named(choice: str, value: str) -> str:
    """A value of a choice in words."""
    if value.isdecimal():
        least = choice == "support"
        return _("{least} compounds or more", least=value) if least else _("{most} heavy atoms or fewer", most=value)
    both = f"{choice} {value}"
    return _(_WORDS[both] if both in _WORDS else _WORDS[value])


async def _nearest(scores: Scores, view: View, run: Run, fragment: str, similarity: SimilarityKind) -> list[Component]:
    unlike = UNLIKE if view.structure == "unlike" else None
    try:
        neighbours = await scores.neighbours(view.run, fragment, similarity, _NEAREST, max_structure=unlike)
    except NotTold as failure:  # the choice above stays, so that another can be made
        return [notice(str(failure), "")]
    listed = neighbour_table(neighbours, similarity, view, PATH, full=True, unit=run.change_unit)
    return [listed] if unlike is None else [listed, html.P(_(_UNLIKE_NOTE, percent=UNLIKE), className="caption")]


def _result_table(fragments: tuple[Fragment, ...], view: View, caption: str) -> Component:
    rows = [
        [drawn_name(fragment.smiles, fragment_link(fragment.name, view, PATH)), f"{fragment.support:,}"]
        for fragment in fragments
    ]
    head = [(_("Fragment"), "text"), (_("Support"), "figure")]
    chosen = next((at for at, fragment in enumerate(fragments) if fragment.name == view.fragment), None)
    return table(caption, head, rows, chosen=chosen)


def _facts(fragment: Fragment) -> Component:
    facts: list[tuple[str, Any]] = [(_("Support"), _("{count:,} compounds", count=fragment.support))]
    if fragment.scaffolds is not None:
        facts.append((_("Scaffolds"), f"{fragment.scaffolds:,}"))
    if fragment.smiles is not None:
        facts.append(("SMILES", html.Code(fragment.smiles)))
    if fragment.heavy_atoms is not None and fragment.logp is not None:
        facts += [(_("Heavy atoms"), f"{fragment.heavy_atoms}"), (_("Rings"), f"{fragment.rings}")]
        facts += [(_("Charge"), formal_charge(fragment.charge)), (_("logP"), number(fragment.logp, 1))]
    if not fragment.shown:
        facts.append((_("Evidence"), _("too little to be listed as a neighbour of others")))
    return html.Dl([html.Div([html.Dt(explained(term)), html.Dd(value)]) for term, value in facts], className="facts")


def _csv_address(view: View, similarity: SimilarityKind) -> str:
    query = {"run": view.run, "fragment": view.fragment, "similarity": similarity}
    return "/exports/neighbours.csv?" + urlencode(query | ({"structure": "unlike"} if view.structure == "unlike" else {}))
