"""Page "Replace": a fragment of the reader's own molecule is replaced, and what is expected of the products."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from viz.failures import Unshowable
from viz.pages.elements import aria, drawn_name, link_menu, notice, number, table
from viz.pages.goals import SWAP_HEAD, at_target_cells, at_target_head, offered, swap_cells, target_field
from viz.pages.pictures import picture
from viz.pages.regions import answering
from viz.pages.sketch import draw_button, editor_panel
from viz.replacing import Product, Products, Question, products_of
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
        return replace(view, compound=compound, fragment=view.fragment if compound == view.compound else None).search

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
        return _products(await products_of(scores, view.run, question, limit=_LISTED), question, view)


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
            f"{PATH}{replace(view, fragment=name, by=None).search}",
            name == view.fragment,
        )
        for name in names
    ]
    return [
        html.Div(link_menu("Replace", view.fragment or "choose a fragment", entries), className="toolbar"),
        picture(view.compound, size="large", highlights=() if view.fragment in {None, _HYDROGEN} else [str(view.fragment)]),
    ]


def _products(found: Products, question: Question, view: View) -> list[Component]:
    if not found.items:
        return [
            html.H2("No product"),
            notice("No replacement of this fragment meets what is asked of the targets.", "Take a target away above."),
        ]
    address = urlencode(
        {
            "run": found.run,
            "compound": question.compound,
            "fragment": question.fragment,
            **({} if question.target is None else {"target": question.target}),
            "keep": question.keep,
            "lose": question.lose,
        },
        doseq=True,
    )
    first = found.items[0].by.targets[0].target if found.items[0].by.targets else None
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
        _table(found, first, view),
        html.P(_CAPTION, className="caption"),
    ]


_CAPTION: Final = (
    "What is added is told of your molecule and the product by one model of both, and by what was measured of the same "
    "replacement in other molecules. Expected change is that at any target, up or down, with its 90 % interval."
)


def _table(found: Products, first: str | None, view: View) -> Component:
    names = [told.target for told in found.items[0].by.targets]
    ends = [each.by.high for each in found.items]
    shifts = [end for each in found.items for told in each.by.targets for end in (told.low, told.high) if end is not None]
    across, across_shifts = (0.0, max(ends)), (min(shifts, default=0.0), max(shifts, default=0.0))
    head = [("Product", "text"), ("In its place", "text")]
    for name in names:
        head += [(f"Predicted at {name}", "figure"), *at_target_head(name)]
    head += [*SWAP_HEAD, ("Measured pairs", "figure")]
    rows = [_row(each, found, view, across, across_shifts) for each in found.items]
    order = "the least change first" if first is None else f"what adds most at {first} first"
    return table(f"{len(rows)} products, {order}", head, rows)


def _row(
    product: Product, found: Products, view: View, across: tuple[float, float], across_shifts: tuple[float, float]
) -> list[Component | str]:
    link = dcc.Link(
        product.smiles, href=f"/predict{View(run=view.run, compound=product.smiles).search}", className="fragment-name"
    )
    drawn = html.Span([picture(product.smiles, named=True, template=found.parent), link], className="drawn-name")
    cells: list[Component | str] = [drawn, drawn_name(product.by.smiles, html.Code(product.by.name))]
    for value, told in zip(product.values, product.by.targets, strict=True):
        cells += [number(value, 2), *at_target_cells(told, across_shifts)]
    return [*cells, *swap_cells(product.by, across), _to_pairs(product, found, view)]


def _to_pairs(product: Product, found: Products, view: View) -> Component | str:
    if not product.by.swaps:
        return "0"
    pairs = View(run=view.run, fragment=found.fragment, by=product.by.name, target=view.target)
    named = f"Measured pairs of {found.fragment} and {product.by.name}"
    return dcc.Link(f"{product.by.swaps:,}", href=f"{_FRAGMENTS}{pairs.search}", title=named)
