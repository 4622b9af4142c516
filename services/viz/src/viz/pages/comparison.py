"""Two runs side by side: what was learned from, how, how well each is judged, and which fragments have other neighbours."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from contracts.kinds import JUDGED_BY
from viz.answers import RunDetails
from viz.comparing import Comparison, Moved
from viz.language import N_, _, word
from viz.pages.elements import number, table
from viz.pages.terms import metric
from viz.view import View, named

__all__ = ["compared", "measured"]

_FRAGMENTS: Final = "/fragments"
_COUNTS: Final = {
    "fragments": N_("fragments"),
    "shown_fragments": N_("shown fragments"),
    "compounds": N_("compounds"),
    "targets": N_("targets"),
}
"""What of the data is counted, as the API calls it, in words."""


def measured(details: RunDetails) -> Component:
    """How a run is judged, each measurement with its meaning."""
    rows = [
        [html.Span([metric(name).title, html.Span(f" {metric(name).meaning}", className="quiet")]), _written(name, value)]
        for name, value in details.metrics.items()
    ]
    return table(
        _("How well it does, on what it did not learn from"), [(_("Measurement"), "text"), (_("Value"), "figure")], rows
    )


def compared(told: Comparison, names: tuple[str, str], view: View) -> list[Component]:
    """Data, parameters and measurements; the better of two is marked where both were judged on the same cells."""
    alike = told.is_same_data and not any(name in JUDGED_BY for name, *_values in told.parameters)
    rows: list[list[Any]] = [
        *([] if told.is_same_data else [[_("data"), *told.sources, None]]),
        *([name, *map(_stated, values), None] for name, *values in told.parameters),
        *([word(_COUNTS, name), f"{one:,}", f"{other:,}", None] for name, one, other in told.counts if one != other),
        *(_measurement(*each, alike=alike) for each in told.metrics),
    ]
    head = [(_("What"), "text"), (names[0], "figure"), (names[1], "figure"), (_("Difference"), "figure")]
    differing = _("What differs between {run} and {other}", run=names[0], other=names[1])
    return [
        html.P(_data(told)),
        table(differing, head, rows) if rows else html.P(_("Nothing differs.")),
        *([] if alike else [html.P(_(_UNLIKE), className="caption")]),
        *_neighbours(told, view),
    ]


_UNLIKE: Final = N_("They were not judged on the same cells, so that no measurement says which is the better one.")


def _data(told: Comparison) -> str:
    if told.is_same_data:
        return _("Both learned from the same data: {source}.", source=told.sources[0])
    one, other = told.only
    return _(
        "They learned from other data: {shared:,} fragments are in both, {one:,} in the first alone, "
        "{other:,} in the second alone.",
        shared=told.shared_fragments,
        one=one,
        other=other,
    )


def _neighbours(told: Comparison, view: View) -> list[Component]:
    """Which fragments have other neighbours."""
    if told.similarity is None or told.kept is None:
        return [html.P(_("They list no neighbours of the same kind, so none can be compared."), className="quiet")]
    stayed = _(
        "Of the {nearest} nearest by {similarity} similarity, {percent} % stayed, on average over the {count:,} fragments "
        "that both show.",
        nearest=told.nearest,
        similarity=named(told.similarity),
        percent=number(100 * told.kept),
        count=told.compared,
    )
    summary = html.P(stayed)
    if not told.moved:
        return [summary]
    rows = [_moved(each, told, view) for each in told.moved]
    head = [(_("Fragment"), "text"), (_("Stayed"), "figure"), (_("No longer near"), "text"), (_("Near now"), "text")]
    return [summary, table(_("Fragments whose nearest changed most, from the first run to the second"), head, rows)]


def _moved(each: Moved, told: Comparison, view: View) -> list[Any]:
    there = replace(view.pinned(told.runs[0]), beside=None).choosing(each.fragment)
    link = dcc.Link(each.fragment, href=f"{_FRAGMENTS}{there.search}", className="fragment-name")
    return [link, f"{each.kept}", _listed(each.left), _listed(each.came)]


def _listed(names: Sequence[str]) -> Component | str:
    return html.Span([part for name in names for part in (html.Code(name), " ")][:-1], className="wrap") if names else "–"


def _stated(value: str | None) -> str:
    """A parameter, which is told as JSON."""
    if value is None:
        return "–"
    told = json.loads(value)
    return ", ".join(map(str, told)) if isinstance(told, list) else str(told)


def _measurement(name: str, first: float | None, second: float | None, *, alike: bool) -> list[Any]:
    told = metric(name)
    if first is None or second is None:
        values: list[Any] = ["–" if value is None else _written(name, value) for value in (first, second)]
        return [_title(name), *values, None]
    gained = (second - first) * told.better
    texts: list[Any] = [_written(name, first), _written(name, second)]
    if gained and alike:
        better = int(gained > 0)
        texts[better] = html.Strong([texts[better], html.Span(_(" better"), className="badge")])
    difference = number(second - first, told.decimals)
    return [_title(name), *texts, f"+{difference}" if second > first else difference]


def _title(name: str) -> Component:
    return html.Abbr(metric(name).title, title=metric(name).meaning)


def _written(name: str, value: float) -> str:
    decimals = metric(name).decimals
    return f"{value:,.0f}" if decimals == 0 else number(value, decimals)
