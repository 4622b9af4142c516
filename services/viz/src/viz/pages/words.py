"""Page "Words": what every word of the pages means."""

from collections.abc import Mapping
from typing import Final

from dash import html
from dash.development.base_component import Component

from contracts.kinds import SimilarityKind
from viz.language import _
from viz.pages.terms import METRICS, TERMS, metric
from viz.view import meaning, named

__all__ = ["PATH", "layout"]

PATH: Final = "/words"


def layout() -> Component:
    """Three lists: words, similarities, measurements of runs."""
    similarities = {_("{kind} similarity", kind=named(kind)): meaning(kind) for kind in SimilarityKind}
    measurements = {told.title: told.meaning for told in map(metric, METRICS)}
    return html.Div(
        [
            html.H1(_("Words")),
            _list(_("On the pages"), {_(word): _(sentence) for word, sentence in TERMS.items()}),
            _list(_("How two fragments can be alike"), similarities),
            _list(_("How runs are judged"), measurements),
        ],
        className="page",
    )


def _list(title: str, words: Mapping[str, str]) -> Component:
    listed = [html.Div([html.Dt(word), html.Dd(sentence)]) for word, sentence in words.items()]
    return html.Section([html.H2(title), html.Dl(listed, className="words")], className="card")
