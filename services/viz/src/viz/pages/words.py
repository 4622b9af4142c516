"""Page "Words": what every word of the pages means."""

from collections.abc import Mapping
from typing import Final

from dash import html
from dash.development.base_component import Component

from contracts.kinds import SimilarityKind
from viz.pages.terms import METRICS, TERMS
from viz.view import meaning

__all__ = ["PATH", "layout"]

PATH: Final = "/words"


def layout() -> Component:
    """Three lists: words, similarities, measurements of runs."""
    similarities = {f"{kind} similarity": meaning(kind) for kind in SimilarityKind}
    measurements = {metric.title: metric.meaning for metric in METRICS.values()}
    return html.Div(
        [
            html.H1("Words"),
            _list("On the pages", TERMS),
            _list("How two fragments can be alike", similarities),
            _list("How runs are judged", measurements),
        ],
        className="page",
    )


def _list(title: str, words: Mapping[str, str]) -> Component:
    listed = [html.Div([html.Dt(word), html.Dd(sentence)]) for word, sentence in words.items()]
    return html.Section([html.H2(title), html.Dl(listed, className="words")], className="card")
