"""Contributions: what each fragment of a molecule adds to a prediction, as bars to either side of nothing."""

from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from viz.answers import PredictedFragment, Prediction, Rest, TargetPrediction
from viz.language import _
from viz.pages.elements import drawn_name, fragment_link, number, signed_bar, table
from viz.pages.notation import Notation
from viz.pages.pictures import picture
from viz.view import View

__all__ = ["contributions"]

_FRAGMENTS: Final = "/fragments"


def contributions(prediction: Prediction, chosen: TargetPrediction, view: View, notation: Notation) -> list[Component | None]:
    """The expectation on one target, taken apart: the parts add up to the last row."""
    rest = chosen.rest
    # Where a level is told on its own it is as large as the values are: no bar beside what fragments add.
    panel = chosen.panel or 0.0
    barred = [*chosen.added, *([chosen.level] if rest is None else [rest.value, panel])]
    largest = max((abs(added) for added in barred), default=0.0) or 1.0
    shares = sorted(zip(prediction.fragments, chosen.added, strict=True), key=lambda share: -abs(share[1]))
    level = signed_bar(chosen.level / largest, _signed(chosen.level)) if rest is None else number(chosen.level, 3)
    rows: list[list[Any]] = [
        *([[_("Mean of the data"), number(chosen.mean, 3), None]] if rest is None else []),
        [_("Level of {target}", target=chosen.target), level, None],
        *(
            [
                _named(fragment, view, drawn=prediction.parent is not None),
                signed_bar(added / largest, _signed(added)),
                _evidence(fragment),
            ]
            for fragment, added in shares
        ),
        *([] if rest is None else [[_("Rest of the molecule"), signed_bar(rest.value / largest, _signed(rest.value)), None]]),
        *([[_("Its measurements on other targets"), signed_bar(panel / largest, _signed(panel)), None]] if panel else []),
        [html.Strong(_("Together")), html.Strong(number(chosen.sum, 3)), None],
    ]
    head = [(_("Part"), "text"), (_("Adds"), "figure"), (_("Support"), "figure")]
    lit = prediction.parent is not None
    value = f"{notation.shown(chosen.value)}{' %' if notation.per_cent else ''}"
    return [
        html.H2(_("{title} on {target}: {value}", title=notation.title, target=chosen.target, value=value)),
        picture(
            prediction.parent,
            size="large",
            highlights=[fragment.name for fragment in prediction.fragments] if lit else (),
            weights=chosen.added if lit else (),
        ),
        table(_("What adds up to {sum}", sum=number(chosen.sum, 3)), head, rows),
        html.P(_caption(notation, rest), className="caption"),
        *([] if rest is None or not rest.relatives else [_relatives(chosen.target, rest, notation, prediction.parent)]),
    ]


def _relatives(target: str, rest: Rest, notation: Notation, parent: str | None) -> Component:
    """The measured compounds that the rest of the molecule is told by."""
    head = [(_("Compound"), "text"), (_("Structure"), "text"), (_("Alike %"), "figure"), (_("Measured"), "figure")]
    rows = [
        [one.name, picture(one.smiles, template=parent), number(one.similarity), notation.measured(one.value)]
        for one in rest.relatives
    ]
    return table(_("Measured on {target} and most like this molecule: they tell the rest", target=target), head, rows)


def _caption(notation: Notation, rest: Rest | None) -> str:
    of_chances = (
        _(" The sum is a probit: 0 is a chance of 50 %, and what is unsure draws the chance towards it.")
        if rest is None
        else _(" The chance follows from the sum; what is unsure draws it towards 50 %.")
    )
    colours = _(
        "Blue raises the prediction, orange lowers it, in the drawing as in the bars. "
        "Support is the number of compounds behind a fragment."
    )
    return f"{colours}{of_chances if notation.per_cent else ''}"


def _named(fragment: PredictedFragment, view: View, *, drawn: bool) -> Component:
    known = fragment.support is not None
    name = fragment_link(fragment.name, view, _FRAGMENTS) if known else html.Code(fragment.name)
    return drawn_name(fragment.name if drawn else None, name)


def _evidence(fragment: PredictedFragment) -> str | Component:
    return html.Span(_("unknown"), className="badge") if fragment.support is None else f"{fragment.support:,}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(value, 3)}"
