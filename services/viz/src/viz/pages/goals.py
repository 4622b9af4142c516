"""Goals: a field in which a target is chosen by its name, and what a replacement does at targets, as cells of tables."""

from collections.abc import Iterable, Sequence
from typing import Final

from dash import dcc, html
from dash.development.base_component import Component

from contracts.kinds import ChangeUnit
from viz.language import N_, _, enumerated
from viz.pages.elements import basis_told, in_unit, interval_bar, number, spanned
from viz.replacing import AtTarget, Replacement

__all__ = [
    "at_target_cells",
    "at_target_head",
    "kept_at",
    "looked_at",
    "offered",
    "reach",
    "signed",
    "swap_cells",
    "swap_head",
    "swap_told",
    "target_field",
]

Cell = Component | str
_KEPT: Final = {
    ChangeUnit.LOG: N_("that change activity by no more than 0.5 log units, threefold"),
    ChangeUnit.SPREAD: N_("that change activity by no more than half a standard deviation of the target's values"),
    ChangeUnit.BOTH: N_(
        "that change activity by no more than 0.5 log units, threefold, or half a standard deviation of the "
        "values of targets that are not told in logarithms"
    ),
    ChangeUnit.CHANCE: N_("that turn no active into an inactive one, nor the other way round"),
}


def target_field(identity: str, label: str) -> Component:
    """Where the name of a target is typed, with those that there are to choose from."""
    return html.Div(
        [
            html.Label(label, htmlFor=identity),
            dcc.Input(
                id=identity,
                type="text",
                value="",
                list=f"{identity}-names",
                autoComplete="off",
                spellCheck=False,
                name=identity,
            ),
            html.Datalist(id=f"{identity}-names"),
        ],
        className="search",
    )


def offered(targets: Sequence[str]) -> list[Component]:
    """What a field offers."""
    return [html.Option(value=name) for name in targets]


def swap_head(unit: ChangeUnit) -> list[tuple[str, str]]:
    """Headings of `swap_cells`."""
    return [(in_unit(_("Expected change"), unit), "figure"), (_("Kept %"), "figure")]


def swap_told(unit: ChangeUnit) -> str:
    """What `swap_cells` mean."""
    return _(
        "Expected change is that at any target, up or down, with its 90 % interval. Kept: of 100 replacements, those {kept}.",
        kept=_(_KEPT[unit]),
    )


def looked_at(considered: int, comparable: int) -> str:
    """How many groups a choice among targets was made from, behind a caption; nothing where it was from all."""
    if considered >= comparable:
        return ""
    return _(
        ", of the {considered:,} of {comparable:,} that are expected to change least",
        considered=considered,
        comparable=comparable,
    )


def kept_at(targets: Iterable[AtTarget]) -> str:
    """By what activity may fall at each target and is kept."""
    falls = ((f"{told.kept_within:.3g} {told.unit or ''}".rstrip(), told.target) for told in targets)
    return enumerated(_("{change} at {target}", change=change, target=target) for change, target in falls)


def reach(each: Iterable[AtTarget]) -> tuple[float, float]:
    """The two ends of what is drawn of one target: targets may have units of their own."""
    ends = [end for told in each for end in (told.low, told.high) if end is not None]
    return min(ends, default=0.0), max(ends, default=0.0)


def swap_cells(replacement: Replacement, across: tuple[float, float]) -> list[Cell]:
    """What it is expected to change anywhere, drawn between two ends, and how often activity is kept."""
    told = f"{number(replacement.expected_change, 2)} ({spanned(number(replacement.low, 2), number(replacement.high, 2))})"
    bar = interval_bar(replacement.expected_change, replacement.low, replacement.high, across, told)
    return [html.Span(bar, title=basis_told(replacement.basis)), number(replacement.percent)]


def at_target_head(told: AtTarget) -> list[tuple[str, str]]:
    """Headings of `at_target_cells`."""
    target = told.target
    words = (
        in_unit(_("Adds at {target}", target=target), told.unit),
        _("More active at {target} %", target=target),
        _("Not less at {target} %", target=target),
        _("Pairs at {target}", target=target),
    )
    return [(word, "figure") for word in words]


def at_target_cells(told: AtTarget, across: tuple[float, float]) -> list[Cell]:
    """What it adds at a target with its interval, the chance of its sign, and the pairs that were measured there."""
    if told.shift is None or told.low is None or told.high is None:
        return ["–", "–", "–", f"{told.measured:,}"]
    text = f"{signed(told.shift)} ({spanned(signed(told.low), signed(told.high))})"
    bar = interval_bar(told.shift, told.low, told.high, across, text)
    return [bar, _per_cent(told.chance_higher), _per_cent(told.chance_kept), f"{told.measured:,}"]


def signed(value: float) -> str:
    """A difference, with its sign."""
    return f"{'+' if value > 0 else ''}{number(value, 2)}"


def _per_cent(chance: float | None) -> str:
    return "–" if chance is None else number(100 * chance, 0)
