"""Two runs side by side: what was learned from, how, and how well each is judged."""

from collections.abc import Mapping
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from viz.answers import RunDetails
from viz.pages.elements import number, table
from viz.pages.terms import metric

__all__ = ["compared", "measured"]

_COUNTS: Final = ("fragments", "shown_fragments", "compounds", "targets")


def measured(details: RunDetails) -> Component:
    """How a run is judged, each measurement with its meaning."""
    rows = [
        [html.Span([metric(name).title, html.Span(f" {metric(name).meaning}", className="quiet")]), _written(name, value)]
        for name, value in details.metrics.items()
    ]
    return table("How well it does, on what it did not learn from", [("Measurement", "text"), ("Value", "figure")], rows)


def compared(one: RunDetails, other: RunDetails) -> Component:
    """Parameters and counts that differ, and every measurement with the difference; the better one is marked."""
    rows: list[list[Any]] = [
        *_differing(_parameters(one), _parameters(other)),
        *(_measurement(name, one, other) for name in dict.fromkeys([*one.metrics, *other.metrics])),
    ]
    head = [("What", "text"), ("This run", "figure"), ("The other", "figure"), ("Difference", "figure")]
    return table(f"What differs between {one.run.id}, this run, and {other.run.id}", head, rows)


def _parameters(details: RunDetails) -> dict[str, str]:
    counted = {name.replace("_", " "): f"{getattr(details.run, name):,}" for name in _COUNTS}
    read = {name.replace("_", " "): f"{count:,}" for name, count in details.ingest.items()}
    return {"data": details.run.source, "objective": str(details.run.objective), **_flat(details.spec), **counted, **read}


def _flat(spec: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in spec.items():
        if isinstance(value, Mapping):
            flat |= _flat(value)
        elif value not in (None, [], ""):
            flat[name.replace("_", " ")] = f"{value}"
    return flat


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[list[Any]]:
    names = dict.fromkeys([*one, *other])
    return [[name, one.get(name, "–"), other.get(name, "–"), None] for name in names if one.get(name) != other.get(name)]


def _measurement(name: str, one: RunDetails, other: RunDetails) -> list[Any]:
    told = metric(name)
    first, second = one.metrics.get(name), other.metrics.get(name)
    if first is None or second is None:
        values: list[Any] = ["–" if value is None else _written(name, value) for value in (first, second)]
        return [_title(name), *values, None]
    gained = (second - first) * told.better
    texts: list[Any] = [_written(name, first), _written(name, second)]
    if gained:
        better = int(gained > 0)
        texts[better] = html.Strong([texts[better], html.Span(" better", className="badge")])
    difference = number(second - first, told.decimals)
    return [_title(name), *texts, f"+{difference}" if second > first else difference]


def _title(name: str) -> Component:
    return html.Abbr(metric(name).title, title=metric(name).meaning)


def _written(name: str, value: float) -> str:
    decimals = metric(name).decimals
    return f"{value:,.0f}" if decimals == 0 else number(value, decimals)
