"""Page "Replace": a fragment of the reader's own molecule is replaced, and what is expected of the products."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from viz.failures import Unshowable
from viz.pages.elements import aria, drawn_name, link_menu, notice, number, table
from viz.pages.goals import (
    at_target_cells,
    at_target_head,
    in_unit,
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
            html.H1("Replace a fragment"),
            html.Section(
                [
                    html.Div(
                        [
                            html.Label("Molecule as SMILES", htmlFor="molecule"),
                            dcc.Input(
                                id="molecule", type="text", value="", autoComplete="off", spellCheck=False, name="molecule"
                            ),
                        ],
                        className="search",
                    ),
                    draw_button("molecule"),
                    html.Button("Take apart", id="take-apart", n_clicks=0, type="button", className="primary"),
                    editor_panel("molecule"),
                    html.Div(id="parts-choice", className="parts"),
                ],
                className="card question",
                **aria(label="The molecule"),
            ),
            html.Section(
                [
                    html.Div(
                        [
                            target_field("goal", "Target"),
                            html.Button("Order by it", id="goal-order", n_clicks=0, type="button"),
                            html.Button("Keep activity", id="goal-keep", n_clicks=0, type="button"),
                            html.Button("Lose activity", id="goal-lose", n_clicks=0, type="button"),
                        ],
                        className="ask",
                    ),
                    html.P(id="goals-told", className="quiet", role="status"),
                    html.Div(id="goals"),
                ],
                className="card",
                **aria(label="Targets"),
            ),
            html.Section(id="products-view", className="card", **aria(label="Products", live="polite")),
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
            return html.P("Type or draw a molecule, then choose what in it is replaced.", className="quiet")
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
            return [html.H2("Nothing asked yet"), html.P("Products stand here, the best first.", className="quiet")]
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
            return no_update, "Type or choose the name of a target first.", no_update
        changed = _with_goal(view, _GOALS[str(ctx.triggered_id)], target)
        if len({changed.target, *changed.keep, *changed.lose} - {None}) > _TARGETS:
            return no_update, f"At most {_TARGETS} targets; take one away first.", no_update
        return changed.search, "", ""

    @dash.callback(Output("goals", "children"), Input("address", "search"))
    async def show_goals(search: str) -> Any:
        view = View.repaired(search)
        chosen = [
            *([("Ordered by", view.target, replace(view, target=None))] if view.target else []),
            *(("Keeps", target, replace(view, keep=_without(view.keep, target))) for target in view.keep),
            *(("Loses", target, replace(view, lose=_without(view.lose, target))) for target in view.lose),
        ]
        if not chosen:
            return html.P("No target is chosen: what changes least at any target comes first.", className="quiet")
        return html.Ul(
            [
                html.Li(dcc.Link(f"{word} {target} ✕", href=f"{PATH}{other.search}", title="Take it away"), className="goal")
                for word, target, other in chosen
            ],
            className="goals",
            **aria(label="Chosen targets"),
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
            "a hydrogen" if name == _HYDROGEN else name,
            "",
            f"{PATH}{view.choosing(name).search}",
            name == view.fragment,
        )
        for name in names
    ]
    chosen = view.fragment or ("choose a fragment" if view.atom is None else f"what has atom {view.atom}")
    return [
        html.Div(link_menu("Replace", chosen, entries), className="toolbar"),
        pressable(view.compound, highlights=() if view.fragment in {None, _HYDROGEN} else [str(view.fragment)]),
        html.P("Or press an atom of the fragment, which also tells two equal ones apart.", className="quiet"),
    ]


def _products(found: Products, question: Question, view: View) -> list[Component]:
    if not found.items:
        return [html.H2("No product"), _none(found, question)]
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
    once = [_ONCE] if question.atom is None else []
    return [
        html.Div(
            [
                html.H2(["Products of replacing ", html.Code(found.fragment)]),
                html.A(
                    "Permanent link",
                    href=f"{PATH}{view.pinned(found.run).search}",
                    title=f"This question to run {found.run}, whatever is published later",
                ),
            ],
            className="heading",
        ),
        html.P(
            [
                html.A("Download CSV", href=f"/exports/products.csv?{address}", download=""),
                html.A("Download SDF", href=f"/exports/products.sdf?{address}", download=""),
            ],
            className="links",
        ),
        _table(found, question, view),
        html.P(
            [*once, _at(found.items[0].by.targets), swap_told(found.change_unit)],
            className="caption",
        ),
    ]


_ONCE: Final = "Where your molecule has the fragment more than once, the first is replaced: press an atom of another. "


def _none(found: Products, question: Question) -> Component:
    """Why there is no product, and what was looked at."""
    if not found.considered:
        return notice("No group with as many open ends is offered in its place.", "")
    looked = f"all {found.comparable:,} that are offered were looked at."
    if found.considered < found.comparable:
        looked = f"{found.considered:,} of {found.comparable:,} were looked at, those that are expected to change least."
    if question.keep or question.lose:
        asked = "No replacement of this fragment meets what is asked of the targets"
        return notice(f"{asked}: {looked}", "Take a target away above.")
    return notice(f"No replacement of this fragment leads to another molecule: {looked}", "")


def _at(targets: Sequence[AtTarget]) -> str:
    if not targets:
        return ""
    return (
        "What is added is told of your molecule and the product by one model of both, which has learned from all that was "
        "measured, with the 90 % interval of what two measurements would differ by; the chance that the product is measured as "
        f"the more active one, and that it is not less active by more than {kept_at(targets)}. "
    )


def _order(question: Question, targets: Sequence[AtTarget]) -> str:
    """By what the products are ordered."""
    if not targets:
        return "the least change first"
    only_lost = question.target is None and not question.keep
    at = targets[0].target
    return f"the strongest loss at {at} first" if only_lost else f"what adds most at {at} first"


def _table(found: Products, question: Question, view: View) -> Component:
    shown, targets = found.items[:_LISTED], found.items[0].by.targets
    reaches = [reach(each.by.targets[place] for each in shown) for place in range(len(targets))]
    across = (0.0, max(each.by.high for each in shown))
    are_known = any(each.matched is not None for each in shown)
    head = [("Product", "text"), *([("Known as", "text")] if are_known else []), ("In its place", "text")]
    for told in targets:
        head += [(in_unit(f"Predicted at {told.target}", told.unit), "figure"), *at_target_head(told)]
    head += [*swap_head(found.change_unit), ("Measured pairs", "figure")]
    rows = []
    for each in shown:
        product, *others = _row(each, found, view, across, reaches)
        rows.append([product, *([each.matched or "–"] if are_known else []), *others])
    count = f"{len(shown)}" if len(shown) == len(found.items) else f"{len(shown)} of {len(found.items)}"
    looked = looked_at(found.considered, found.comparable)
    return table(f"{count} products, {_order(question, targets)}{looked}", head, rows)


def _row(
    product: Product, found: Products, view: View, across: tuple[float, float], reaches: Sequence[tuple[float, float]]
) -> list[Component | str]:
    link = dcc.Link(
        product.smiles, href=f"/predict{View(run=view.run, compound=product.smiles).search}", className="fragment-name"
    )
    drawn = html.Span([picture(product.smiles, named=True, template=found.parent), link], className="drawn-name")
    cells: list[Component | str] = [drawn, drawn_name(product.by.smiles, html.Code(product.by.name))]
    for value, measured, told, ends in zip(product.values, product.measured, product.by.targets, reaches, strict=True):
        known = "" if measured is None else f" (measured {number(measured, 2)})"
        cells += [f"{number(value, 2)}{known}", *at_target_cells(told, ends)]
    return [*cells, *swap_cells(product.by, across), _to_pairs(product, found, view)]


def _to_pairs(product: Product, found: Products, view: View) -> Component | str:
    if not product.by.swaps:
        return "0"
    pairs = View(run=view.run, fragment=found.fragment, by=product.by.name, target=view.target)
    named = f"Measured pairs of {found.fragment} and {product.by.name}"
    return dcc.Link(f"{product.by.swaps:,}", href=f"{_FRAGMENTS}{pairs.search}", title=named)
