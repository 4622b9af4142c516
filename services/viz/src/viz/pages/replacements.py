"""Replacements of the chosen fragment on the page "Fragments", and the measured pairs behind one of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from viz.failures import NotInRun, Unshowable
from viz.language import _, around
from viz.pages.elements import aria, drawn_name, fragment_link, in_unit, notice, number, signed_bar, spanned, table
from viz.pages.goals import (
    at_target_cells,
    at_target_head,
    kept_at,
    looked_at,
    offered,
    reach,
    signed,
    swap_cells,
    swap_head,
    swap_told,
    target_field,
)
from viz.pages.pictures import picture
from viz.pages.regions import answering
from viz.replacing import AtTarget, Measured, MeasuredPair, Replacement, Replacements, measured_of, replacements_of
from viz.scores import Scores
from viz.view import View

__all__ = ["register", "sections"]

_PATH: Final = "/fragments"
_REPLACE: Final = "/replace"
_LISTED: Final = 20
_PAIRS: Final = 1000
_ROWS: Final = 50


def sections() -> list[Component]:
    """Places for the list and for the pairs, below the chosen fragment."""
    return [
        html.Section(
            [
                html.H2(_("Replacements")),
                html.Div(
                    [
                        target_field("at-target", _("At target, if not at all of them")),
                        html.Button(_("Show"), id="show-at", n_clicks=0, type="button"),
                    ],
                    className="ask",
                ),
                html.Div(id="replacements-view", className="cards", **aria(live="polite")),
            ],
            id="replacements",
            className="card",
            hidden=True,
            **aria(label=_("Replacements")),
        ),
        html.Section(id="pairs-view", className="card", hidden=True, **aria(label=_("Measured pairs"))),
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
            found = await replacements_of(scores, view.run, view.fragment, target=view.target, limit=_LISTED)
        except NotInRun:
            return [_none_of(view.fragment)], False
        return (_listed(found, view) if found.items else [_none_of(view.fragment)]), False

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
    return notice(_("This run tells of nothing that can take the place of {fragment}.", fragment=fragment), "")


def _listed(found: Replacements, view: View) -> list[Component]:
    listed, targets = found.items, found.items[0].targets
    across, across_shifts = (0.0, max(each.high for each in listed)), reach(told for each in listed for told in each.targets)
    head = [
        (_("In its place"), "text"),
        *(heading for told in targets for heading in at_target_head(told)),
        *swap_head(found.change_unit),
        (_("Measured pairs"), "figure"),
        (_("Support"), "figure"),
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
    first = _("the least change first")
    if targets:
        first = _("what adds most at {target} first", target=view.target) + looked_at(found.considered, found.comparable)
    chosen = next((place for place, each in enumerate(listed) if each.name == view.by), None)
    links = [dcc.Link(_("Replace it in a molecule"), href=f"{_REPLACE}{replace(view, by=None).search}")]
    if targets:
        links.append(dcc.Link(_("At all targets"), href=f"{_PATH}{replace(view, target=None).search}"))
    return [
        html.P(links, className="links"),
        table(
            _("What can take the place of {fragment}, {order}", fragment=view.fragment, order=first), head, rows, chosen=chosen
        ),
        html.P([_at(targets), swap_told(found.change_unit)], className="caption"),
    ]


def _at(targets: Sequence[AtTarget]) -> str:
    if not targets:
        return ""
    return _(
        "What the replacement adds at the target, with the 90 % interval of what two measurements would differ by; the chance "
        "that the new molecule is measured as the more active one, and that it is not less active by more than {kept}. ",
        kept=kept_at(targets),
    )


def _to_pairs(replacement: Replacement, view: View) -> Component | str:
    """The evidence behind a replacement."""
    if not replacement.swaps:
        return "0"
    named = _("Measured pairs of {fragment} and {other}", fragment=view.fragment, other=replacement.name)
    return dcc.Link(f"{replacement.swaps:,}", href=f"{_PATH}{replace(view, by=replacement.name).search}", title=named)


def _pairs(found: Measured, fragment: str, by: str, view: View) -> list[Component]:
    address = "/exports/pairs.csv?" + urlencode({"run": found.run, "fragment": fragment, "by": by})
    mean = ""
    if found.mean_difference is not None:
        difference = in_unit(_("Mean difference over targets"), found.change_unit)
        mean = _(" {difference}: {value}.", difference=difference, value=signed(found.mean_difference))
    change = in_unit(_("Expected change"), found.change_unit)
    interval = f"{number(found.expected_change, 2)} ({spanned(number(found.low, 2), number(found.high, 2))})"
    told = _(
        "{count:,} pairs of compounds differ by this replacement alone.{mean} {change}: {interval}; kept {percent} %.",
        count=found.swaps,
        mean=mean,
        change=change,
        interval=interval,
        percent=number(found.percent),
    )
    return [
        html.Div(
            [
                html.H2(
                    around(_("Measured: {fragment} replaced by {other}"), fragment=html.Code(fragment), other=html.Code(by))
                ),
                dcc.Link(_("Close"), href=f"{_PATH}{replace(view, by=None).search}"),
            ],
            className="heading",
        ),
        html.P(told),
        *([html.P(html.A(_("Download pairs as CSV"), href=address, download=""), className="links")] if found.items else []),
        *([_by_target(found), _compounds(found)] if found.items else []),
    ]


def _by_target(found: Measured) -> Component:
    """Where the two act alike and where they differ."""
    of_target: dict[str, list[float]] = {}
    for pair in found.items:
        of_target.setdefault(pair.target, []).append(pair.difference)
    units = {pair.target: pair.unit or "" for pair in found.items}
    means = {target: sum(each) / len(each) for target, each in of_target.items()}
    largest = {unit: max(abs(means[target]) for target in means if units[target] == unit) or 1.0 for unit in units.values()}
    order = sorted(means, key=lambda target: (units[target], -abs(means[target]), target))
    rows = [
        [
            target,
            f"{len(of_target[target]):,}",
            signed_bar(means[target] / largest[units[target]], signed(means[target])),
            units[target] or "–",
        ]
        for target in order
    ]
    head = [(_("Target"), "text"), (_("Pairs"), "figure"), (_("Mean difference"), "figure"), (_("Unit"), "text")]
    first = _("the largest difference first") if len(largest) == 1 else _("the largest difference of each unit first")
    if found.next is None:
        return table(_("Where they act alike and where they differ: {order}", order=first), head, rows)
    scope = _(
        "Where they act alike and where they differ, of the first {count:,} measurements: {order}",
        count=len(found.items),
        order=first,
    )
    return table(scope, head, rows)


def _compounds(found: Measured) -> Component:
    head = [
        (_("Target"), "text"),
        (_("Unit"), "text"),
        (_("Compound"), "text"),
        (_("Value"), "figure"),
        (_("With the other"), "text"),
        (_("Value"), "figure"),
        (_("Difference"), "figure"),
    ]
    shown = found.items[:_ROWS]
    whole = len(found.items) == len(shown) and found.next is None
    caption = _("Pairs of compounds") if whole else _("The first {count} pairs", count=len(shown))
    return table(caption, head, [_row(pair) for pair in shown])


def _row(pair: MeasuredPair) -> list[Component | str]:
    return [
        pair.target,
        pair.unit or "–",
        html.Span([picture(pair.first_smiles), pair.first], className="drawn-name"),
        number(pair.first_value, 2),
        html.Span([picture(pair.second_smiles, template=pair.first_smiles), pair.second], className="drawn-name"),
        number(pair.second_value, 2),
        signed(pair.difference),
    ]
