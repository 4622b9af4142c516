"""Replacements of the chosen fragment on the page "Fragments", and the measured pairs behind one of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from viz.failures import NotInRun, Unshowable
from viz.pages.elements import aria, drawn_name, fragment_link, notice, number, signed_bar, table
from viz.pages.goals import SWAP_HEAD, at_target_cells, at_target_head, offered, signed, swap_cells, target_field
from viz.pages.pictures import picture
from viz.pages.regions import answering
from viz.replacing import Measured, MeasuredPair, Replacement, measured_of, replacements_of
from viz.scores import Scores
from viz.view import View

__all__ = ["register", "sections"]

_PATH: Final = "/fragments"
_REPLACE: Final = "/replace"
_LISTED: Final = 20
_PAIRS: Final = 1000
_ROWS: Final = 50
_WITHIN: Final = 0.5
"""Threefold in pX: what the scores API calls keeping activity."""


def sections() -> list[Component]:
    """Places for the list and for the pairs, below the chosen fragment."""
    return [
        html.Section(
            [
                html.H2("Replacements"),
                html.Div(
                    [
                        target_field("at-target", "At target, if not at all of them"),
                        html.Button("Show", id="show-at", n_clicks=0, type="button"),
                    ],
                    className="ask",
                ),
                html.Div(id="replacements-view", className="cards", **aria(live="polite")),
            ],
            id="replacements",
            className="card",
            hidden=True,
            **aria(label="Replacements"),
        ),
        html.Section(id="pairs-view", className="card", hidden=True, **aria(label="Measured pairs")),
    ]


def register(dash: Dash, scores: Scores) -> None:
    """Add the callbacks of the list and of the pairs."""

    @dash.callback(
        Output("at-target", "value"),
        Output("at-target-names", "children"),
        Input("address", "search"),
        Input("health", "data"),
    )
    async def offer_targets(search: str, _health: dict[str, Any] | None) -> tuple[str, list[Component]]:
        view = View.repaired(search)
        try:
            names = await scores.targets((await scores.run(view.run)).id)
        except Unshowable:  # the watch says so; a name can be typed all the same
            names = ()
        return view.target or "", offered(names)

    @dash.callback(
        Output("address", "search", allow_duplicate=True),
        Input("show-at", "n_clicks"),
        Input("at-target", "n_submit"),
        State("at-target", "value"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    async def choose_target(clicks: int | None, submits: int | None, target: str | None, search: str) -> Any:
        if not (clicks or submits):  # the field has only just appeared
            return no_update
        return replace(View.repaired(search), target=(target or "").strip() or None).search

    _register_answers(dash, scores)


def _register_answers(dash: Dash, scores: Scores) -> None:
    """The list, and what was measured of one of it."""

    @dash.callback(
        Output("replacements-view", "children"),
        Output("replacements", "hidden"),
        Input("address", "search"),
        Input("health", "data"),
    )
    @answering(False)
    async def list_replacements(search: str, health: dict[str, Any] | None) -> Any:
        if health is None:
            return no_update, no_update
        view = View.of(search)
        if view.fragment is None:
            return None, True
        try:
            listed = await replacements_of(scores, view.run, view.fragment, target=view.target, limit=_LISTED)
        except NotInRun:
            listed = ()
        return (_listed(listed, view) if listed else [_none_of(view.fragment)]), False

    @dash.callback(
        Output("pairs-view", "children"),
        Output("pairs-view", "hidden"),
        Input("address", "search"),
        Input("health", "data"),
    )
    @answering(False)
    async def show_pairs(search: str, health: dict[str, Any] | None) -> Any:
        if health is None:
            return no_update, no_update
        view = View.of(search)
        if view.fragment is None or view.by is None:
            return None, True
        found = await measured_of(scores, view.run, view.fragment, view.by, limit=_PAIRS)
        return _pairs(found, view.fragment, view.by, view), False


def _none_of(fragment: str) -> Component:
    return notice(f"This run tells of nothing that can take the place of {fragment}.", "")


def _listed(listed: Sequence[Replacement], view: View) -> list[Component]:
    at = view.target is not None
    ends = [end for each in listed for end in (each.low, each.high)]
    shifts = [end for each in listed for told in each.targets for end in (told.low, told.high) if end is not None]
    across, across_shifts = (0.0, max(ends)), (min(shifts, default=0.0), max(shifts, default=0.0))
    head = [
        ("In its place", "text"),
        *(at_target_head(view.target) if view.target is not None else []),
        *SWAP_HEAD,
        ("Measured pairs", "figure"),
        ("Support", "figure"),
    ]
    rows = [
        [
            drawn_name(each.smiles, fragment_link(each.name, view, _PATH)),
            *(cell for told in each.targets for cell in at_target_cells(told, across_shifts)),
            *swap_cells(each, across),
            _to_pairs(each, view),
            f"{each.support:,}",
        ]
        for each in listed
    ]
    first = f"what adds most at {view.target} first" if at else "the least change first"
    chosen = next((place for place, each in enumerate(listed) if each.name == view.by), None)
    links = [dcc.Link("Replace it in a molecule", href=f"{_REPLACE}{replace(view, by=None).search}")]
    if at:
        links.append(dcc.Link("At all targets", href=f"{_PATH}{replace(view, target=None).search}"))
    return [
        html.P(links, className="links"),
        table(f"What can take the place of {view.fragment}, {first}", head, rows, chosen=chosen),
        html.P(_AT if at else _ANYWHERE, className="caption"),
    ]


_ANYWHERE: Final = (
    "Expected change of activity, up or down, at any target, with its 90 % interval. Kept: of 100 replacements, those that "
    "change it by no more than 0.5, threefold in pX."
)
_AT: Final = (
    "What the replacement adds at the target, with the 90 % interval of what two measurements would differ by; the chance that "
    "the new molecule is measured as the more active one, and that it is not less active by more than 0.5."
)


def _to_pairs(replacement: Replacement, view: View) -> Component | str:
    """The evidence behind a replacement."""
    if not replacement.swaps:
        return "0"
    named = f"Measured pairs of {view.fragment} and {replacement.name}"
    return dcc.Link(f"{replacement.swaps:,}", href=f"{_PATH}{replace(view, by=replacement.name).search}", title=named)


def _pairs(found: Measured, fragment: str, by: str, view: View) -> list[Component]:
    address = "/exports/pairs.csv?" + urlencode({"run": found.run, "fragment": fragment, "by": by})
    mean = "" if found.mean_difference is None else f" The mean difference over targets is {signed(found.mean_difference)}."
    interval = f"{number(found.expected_change, 2)} ({number(found.low, 2)} to {number(found.high, 2)})"
    told = (
        f"{found.swaps:,} pairs of compounds differ by this replacement alone.{mean} "
        f"Expected change {interval}, kept {number(found.percent)} %."
    )
    return [
        html.Div(
            [
                html.H2(["Measured: ", html.Code(fragment), " replaced by ", html.Code(by)]),
                dcc.Link("Close", href=f"{_PATH}{replace(view, by=None).search}"),
            ],
            className="heading",
        ),
        html.P(told),
        *([html.P(html.A("Download pairs as CSV", href=address, download=""), className="links")] if found.items else []),
        *([_by_target(found), _compounds(found)] if found.items else []),
    ]


def _by_target(found: Measured) -> Component:
    """Where the two act alike and where they differ."""
    of_target: dict[str, list[float]] = {}
    for pair in found.items:
        of_target.setdefault(pair.target, []).append(pair.difference)
    means = {target: sum(each) / len(each) for target, each in of_target.items()}
    largest = max(abs(mean) for mean in means.values()) or 1.0
    order = sorted(means, key=lambda target: (-abs(means[target]), target))
    rows = [
        [
            target,
            f"{len(of_target[target]):,}",
            signed_bar(means[target] / largest, signed(means[target])),
            f"{sum(abs(each) <= _WITHIN for each in of_target[target]):,}",
        ]
        for target in order
    ]
    head = [("Target", "text"), ("Pairs", "figure"), ("Mean difference", "figure"), ("Within 0.5", "figure")]
    scope = "" if found.next is None else f", of the first {len(found.items):,} measurements"
    return table(f"Where they act alike and where they differ{scope}: the largest difference first", head, rows)


def _compounds(found: Measured) -> Component:
    head = [
        ("Target", "text"),
        ("Compound", "text"),
        ("Value", "figure"),
        ("With the other", "text"),
        ("Value", "figure"),
        ("Difference", "figure"),
    ]
    shown = found.items[:_ROWS]
    caption = "Pairs of compounds" if len(found.items) == len(shown) and found.next is None else f"The first {len(shown)} pairs"
    return table(caption, head, [_row(pair) for pair in shown])


def _row(pair: MeasuredPair) -> list[Component | str]:
    return [
        pair.target,
        html.Span([picture(pair.first_smiles), pair.first], className="drawn-name"),
        number(pair.first_value, 2),
        html.Span([picture(pair.second_smiles, template=pair.first_smiles), pair.second], className="drawn-name"),
        number(pair.second_value, 2),
        signed(pair.difference),
    ]
