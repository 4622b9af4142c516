"""Page "Replace": a fragment of the reader's own molecule is replaced, and what is expected of the products."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from viz.failures import Unshowable
from viz.language import N_, _, around
from viz.pages.elements import aria, drawn_name, in_unit, link_menu, notice, number, table
from viz.pages.goals import (
    at_target_cells,
    at_target_head,
    kept_at,
    looked_at,
    offered,
    reach,
    swap_cells,
    swap_head,
    swap_told,
    target_field,
)
from viz.pages.pictures import picture, pressable
from viz.pages.regions import answering
from viz.pages.sketch import draw_button, editor_panel
from viz.replacing import AtTarget, Product, Products, Question, products_of
from viz.scores import Scores
from viz.view import View

__all__ = ["PATH", "layout", "register"]

PATH: Final = "/replace"
_FRAGMENTS: Final = "/fragments"
_LISTED: Final = 20
_TARGETS: Final = 5
"""That one question may name."""
_HYDROGEN: Final = "*[H]"
_GOALS: Final = {"goal-order": "target", "goal-keep": "keep", "goal-lose": "lose"}
"""Buttons, and what of the view they set."""


def layout() -> Component:
    """The page's fixed part: the molecule, the targets, and places for its fragments and for the products."""
    return html.Div(
        [
            html.H1(_("Replace a fragment")),
            html.Section(
                [
                    html.Div(
                        [
                            html.Label(_("Molecule as SMILES"), htmlFor="molecule"),
                            dcc.Input(
                                id="molecule", type="text", value="", autoComplete="off", spellCheck=False, name="molecule"
                            ),
                        ],
                        className="search",
                    ),
                    draw_button("molecule"),
                    html.Button(_("Take apart"), id="take-apart", n_clicks=0, type="button", className="primary"),
                    editor_panel("molecule"),
                    html.Div(id="parts-choice", className="parts"),
                ],
                className="card question",
                **aria(label=_("The molecule")),
            ),
            html.Section(
                [
                    html.Div(
                        [
                            target_field("goal", _("Target")),
                            html.Button(_("Order by it"), id="goal-order", n_clicks=0, type="button"),
                            html.Button(_("Keep activity"), id="goal-keep", n_clicks=0, type="button"),
                            html.Button(_("Lose activity"), id="goal-lose", n_clicks=0, type="button"),
                        ],
                        className="ask",
                    ),
                    html.P(id="goals-told", className="quiet", role="status"),
                    html.Div(id="goals"),
                ],
                className="card",
                **aria(label=_("Targets")),
            ),
            html.Section(id="products-view", className="card", **aria(label=_("Products"), live="polite")),
        ],
        className="page",
    )


def register(dash: Dash, scores: Scores) -> None:
    """Add the page's callbacks."""
    in_browser: Any = dash.clientside_callback  # Dash leaves it untyped
    in_browser(ClientsideFunction("viz", "pressAtoms"), Output("parts-choice", "title"), Input("parts-choice", "children"))

    @dash.callback(Output("molecule", "value"), Input("address", "search"))
    async def fill_in(search: str) -> str:
        return View.repaired(search).compound or ""

    @dash.callback(Output("goal-names", "children"), Input("address", "search"), Input("health", "data"))
    async def offer_targets(search: str, _health: dict[str, Any] | None) -> list[Component]:
        try:
            return offered(await scores.targets((await scores.run(View.repaired(search).run)).id))
        except Unshowable:  # the watch says so; a name can be typed all the same
            return []

    @dash.callback(
        Output("address", "search", allow_duplicate=True),
        Input("take-apart", "n_clicks"),
        Input("molecule", "n_submit"),
        State("molecule", "value"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    async def ask(clicks: int | None, submits: int | None, molecule: str | None, search: str) -> Any:
        if not (clicks or submits):  # the field has only just appeared
            return no_update
        view, compound = View.repaired(search), (molecule or "").strip() or None
        return (view if compound == view.compound else replace(view.choosing(None), compound=compound)).search

    _register_goals(dash)
    _register_answers(dash, scores)


def _register_answers(dash: Dash, scores: Scores) -> None:
    """What of the molecule can be replaced, and what becomes of it."""

    @dash.callback(Output("parts-choice", "children"), Input("address", "search"), Input("health", "data"))
    @answering()
    async def offer_parts(search: str, health: dict[str, Any] | None) -> Any:
        if health is None:
            return no_update
        view = View.of(search)
        if view.compound is None:
            return html.P(_("Type or draw a molecule, then choose what in it is replaced."), className="quiet")
        told = await scores.prediction(view.run, view.compound, limit=1)
        known = [fragment.name for fragment in told.fragments if fragment.support is not None]
        return _parts([*known, _HYDROGEN], view)

    @dash.callback(Output("products-view", "children"), Input("address", "search"), Input("health", "data"))
    @answering()
    async def list_products(search: str, health: dict[str, Any] | None) -> Any:
        if health is None:
            return no_update
        view = View.of(search)
        question = Question.of(view)
        if question is None:
            return [html.H2(_("Nothing asked yet")), html.P(_("Products stand here, the best first."), className="quiet")]
        return _products(await products_of(scores, view.run, question), question, view)


def _register_goals(dash: Dash) -> None:
    """The targets that order and choose the products."""

    @dash.callback(
        Output("address", "search", allow_duplicate=True),
        Output("goals-told", "children"),
        Output("goal", "value"),
        *(Input(button, "n_clicks") for button in _GOALS),
        State("goal", "value"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    async def set_goal(order: int | None, keep: int | None, lose: int | None, goal: str | None, search: str) -> Any:
        if not (order or keep or lose):  # the buttons have only just appeared
            return no_update, no_update, no_update
        view, target = View.repaired(search), (goal or "").strip()
        if not target:
            return no_update, _("Type or choose the name of a target first."), no_update
        changed = _with_goal(view, _GOALS[str(ctx.triggered_id)], target)
        if len({changed.target, *changed.keep, *changed.lose} - {None}) > _TARGETS:
            return no_update, _("At most {most} targets; take one away first.", most=_TARGETS), no_update
        return changed.search, "", ""

    @dash.callback(Output("goals", "children"), Input("address", "search"))
    async def show_goals(search: str) -> Any:
        view = View.repaired(search)
        chosen = [
            *([(N_("Ordered by {target}"), view.target, replace(view, target=None))] if view.target else []),
            *((N_("Keeps {target}"), target, replace(view, keep=_without(view.keep, target))) for target in view.keep),
            *((N_("Loses {target}"), target, replace(view, lose=_without(view.lose, target))) for target in view.lose),
        ]
        if not chosen:
            return html.P(_("No target is chosen: what changes least at any target comes first."), className="quiet")
        return html.Ul(
            [
                html.Li(
                    dcc.Link(f"{_(said, target=target)} ✕", href=f"{PATH}{other.search}", title=_("Take it away")),
                    className="goal",
                )
                for said, target, other in chosen
            ],
            className="goals",
            **aria(label=_("Chosen targets")),
        )


def _with_goal(view: View, goal: str, target: str) -> View:
    """The same with a target to order by, to keep or to lose activity at; never the last two at once."""
    match goal:
        case "keep":
            return replace(view, keep=(*_without(view.keep, target), target), lose=_without(view.lose, target))
        case "lose":
            return replace(view, lose=(*_without(view.lose, target), target), keep=_without(view.keep, target))
        case _:
            return replace(view, target=target)


def _without(targets: tuple[str, ...], target: str) -> tuple[str, ...]:
    return tuple(each for each in targets if each != target)


def _parts(names: Sequence[str], view: View) -> list[Component | None]:
    """What of the molecule can be replaced."""
    entries = [
        (
            _("a hydrogen") if name == _HYDROGEN else name,
            "",
            f"{PATH}{view.choosing(name).search}",
            name == view.fragment,
        )
        for name in names
    ]
    chosen = view.fragment or (_("choose a fragment") if view.atom is None else _("what has atom {atom}", atom=view.atom))
    return [
        html.Div(link_menu(_("Replace"), chosen, entries), className="toolbar"),
        pressable(view.compound, highlights=() if view.fragment in {None, _HYDROGEN} else [str(view.fragment)]),
        html.P(_("Or press an atom of the fragment, which also tells two equal ones apart."), className="quiet"),
    ]


def _products(found: Products, question: Question, view: View) -> list[Component]:
    if not found.items:
        return [html.H2(_("No product")), _none(found, question)]
    address = urlencode(
        {
            "run": found.run,
            "compound": question.compound,
            **({} if question.fragment is None else {"fragment": question.fragment}),
            **({} if question.atom is None else {"atom": question.atom}),
            **({} if question.target is None else {"target": question.target}),
            "keep": question.keep,
            "lose": question.lose,
        },
        doseq=True,
    )
    once = [_(_ONCE)] if question.atom is None else []
    return [
        html.Div(
            [
                html.H2(around(_("Products of replacing {fragment}"), fragment=html.Code(found.fragment))),
                html.A(
                    _("Permanent link"),
                    href=f"{PATH}{view.pinned(found.run).search}",
                    title=_("This question to run {run}, whatever is published later", run=found.run),
                ),
            ],
            className="heading",
        ),
        html.P(
            [
                html.A(_("Download CSV"), href=f"/exports/products.csv?{address}", download=""),
                html.A(_("Download SDF"), href=f"/exports/products.sdf?{address}", download=""),
            ],
            className="links",
        ),
        _table(found, question, view),
        html.P(
            [*once, _at(found.items[0].by.targets), swap_told(found.change_unit)],
            className="caption",
        ),
    ]


_ONCE: Final = N_("Where your molecule has the fragment more than once, the first is replaced: press an atom of another. ")


def _none(found: Products, question: Question) -> Component:
    """Why there is no product, and what was looked at."""
    if not found.considered:
        return notice(_("No group with as many open ends is offered in its place."), "")
    looked = _("all {count:,} that are offered were looked at.", count=found.comparable)
    if found.considered < found.comparable:
        looked = _(
            "{considered:,} of {comparable:,} were looked at, those that are expected to change least.",
            considered=found.considered,
            comparable=found.comparable,
        )
    if question.keep or question.lose:
        none = _("No replacement of this fragment meets what is asked of the targets: {looked}", looked=looked)
        return notice(none, _("Take a target away above."))
    return notice(_("No replacement of this fragment leads to another molecule: {looked}", looked=looked), "")


def _at(targets: Sequence[AtTarget]) -> str:
    if not targets:
        return ""
    return _(
        "What is added is told of your molecule and the product by one model of both, which has learned from all that was "
        "measured, with the 90 % interval of what two measurements would differ by; the chance that the product is measured as "
        "the more active one, and that it is not less active by more than {kept}. ",
        kept=kept_at(targets),
    )


def _order(question: Question, targets: Sequence[AtTarget]) -> str:
    """By what the products are ordered."""
    if not targets:
        return _("the least change first")
    only_lost = question.target is None and not question.keep
    at = targets[0].target
    if only_lost:
        return _("the strongest loss at {target} first", target=at)
    return _("what adds most at {target} first", target=at)


def _table(found: Products, question: Question, view: View) -> Component:
    shown, targets = found.items[:_LISTED], found.items[0].by.targets
    reaches = [reach(each.by.targets[place] for each in shown) for place in range(len(targets))]
    across = (0.0, max(each.by.high for each in shown))
    are_known = any(each.matched is not None for each in shown)
    head = [(_("Product"), "text"), *([(_("Known as"), "text")] if are_known else []), (_("In its place"), "text")]
    for told in targets:
        head += [(in_unit(_("Predicted at {target}", target=told.target), told.unit), "figure"), *at_target_head(told)]
    head += [*swap_head(found.change_unit), (_("Measured pairs"), "figure")]
    rows = []
    for each in shown:
        product, *others = _row(each, found, view, across, reaches)
        rows.append([product, *([each.matched or "–"] if are_known else []), *others])
    told_of = {
        "shown": len(shown),
        "all": len(found.items),
        "order": _order(question, targets),
        "looked": looked_at(found.considered, found.comparable),
    }
    caption = _("{shown} products, {order}{looked}", **told_of)
    if len(shown) < len(found.items):
        caption = _("{shown} of {all} products, {order}{looked}", **told_of)
    return table(caption, head, rows)


def _row(
    product: Product, found: Products, view: View, across: tuple[float, float], reaches: Sequence[tuple[float, float]]
) -> list[Component | str]:
    link = dcc.Link(
        product.smiles, href=f"/predict{View(run=view.run, compound=product.smiles).search}", className="fragment-name"
    )
    drawn = html.Span([picture(product.smiles, named=True, template=found.parent), link], className="drawn-name")
    cells: list[Component | str] = [drawn, drawn_name(product.by.smiles, html.Code(product.by.name))]
    for value, measured, told, ends in zip(product.values, product.measured, product.by.targets, reaches, strict=True):
        known = "" if measured is None else _(" (measured {value})", value=number(measured, 2))
        cells += [f"{number(value, 2)}{known}", *at_target_cells(told, ends)]
    return [*cells, *swap_cells(product.by, across), _to_pairs(product, found, view)]


def _to_pairs(product: Product, found: Products, view: View) -> Component | str:
    if not product.by.swaps:
        return "0"
    pairs = View(run=view.run, fragment=found.fragment, by=product.by.name, target=view.target)
    named = _("Measured pairs of {fragment} and {other}", fragment=found.fragment, other=product.by.name)
    return dcc.Link(f"{product.by.swaps:,}", href=f"{_FRAGMENTS}{pairs.search}", title=named)
