"""The plan of a table as a page shows it: columns with their roles, what rows become, what is asked, what cannot be used."""

from collections.abc import Sequence
from typing import Any, Final

from dash import dcc, html
from dash.development.base_component import Component

from viz.failures import Refused
from viz.language import N_, _, around, enumerated
from viz.pages.elements import link_menu, number, table
from viz.plans import Plan, PlannedColumn, PlannedFile, PlannedRows
from viz.recipe import ROLES, Recipe, answers

__all__ = ["planned", "refused"]

_LEFT: Final = N_("left aside")
_OTHERS: Final = (N_("split"), N_("target title"), N_("weight"))
"""Roles that plans give and nobody chooses."""
_SHOWN_FATES: Final = 12
_WIDE: Final = "wide"
_EXPLAINED: Final = {
    "molecule": N_("SMILES, CXSMILES or InChI"),
    "compound": N_("what the compound is called"),
    "target id": N_("what was measured on"),
    "value": N_("numbers that were measured"),
    "unit": N_("the unit of each value"),
    "relation": N_("=, < or > before each value"),
    "endpoint": "IC50, Ki, …",
    "organism": N_("whose the target is"),
    _LEFT: N_("not used"),
}


def planned(plan: Plan, recipe: Recipe, path: str) -> list[Component]:
    """Everything that a plan says of an upload."""
    parts: list[Component] = []
    for file in plan.files:
        parts += [_file_head(file), _columns(file, recipe, path), *(html.P(doubt, className="flag") for doubt in file.doubts)]
    if not plan.files:
        parts.append(html.P(_("In the demonstration's format, which leaves no choice."), className="quiet"))
    if plan.rows is not None:
        parts += _rows(plan.rows, recipe, path)
    return parts


def refused(failure: Refused, recipe: Recipe, path: str) -> list[Component]:
    """Why a file cannot be read as it is, with the answers that the trainer offers as links."""
    reasons = failure.reasons or (failure.detail,)
    return [
        html.P([html.Strong(f"{failure.title}. "), _("Nothing is lost: choose an answer, or another file.")], className="flag"),
        html.Ul([html.Li(reason) for reason in reasons], className="reasons"),
        *_answers(reasons, recipe, path),
    ]


def _file_head(file: PlannedFile) -> Component:
    rows = _("a row a molecule, a column a target") if file.states == _WIDE else _("a row a measurement")
    known = _(", as {layout} writes it", layout=file.layout) if file.layout else ""
    return html.P(
        around(_("{file}: {kind}, {rows}{known}."), file=html.Strong(file.name), kind=file.kind, rows=rows, known=known)
    )


def _columns(file: PlannedFile, recipe: Recipe, path: str) -> Component:
    wide = [column.name for column in file.columns if column.role == "value"] if file.states == _WIDE else []
    rows = [[html.Code(column.name), _role(column, recipe, path, wide), _reason(column)] for column in file.columns]
    head = [(_("Column"), "text"), (_("Read as"), "text"), (_("Because"), "text")]
    return html.Div(table(_("Columns of {file}", file=file.name), head, rows), className="free")


def _role(column: PlannedColumn, recipe: Recipe, path: str, wide: Sequence[str]) -> Component:
    offered = [role for role in ROLES if not (wide and role == "target id")]
    if column.name in wide:
        offered.append(_LEFT)
    entries = [
        (_(role), _(_EXPLAINED[role]), f"{path}{recipe.with_role(column.name, role, wide=wide).search}", role == column.role)
        for role in offered
    ]
    return link_menu("", _(str(column.role)), entries, label=_("Read {column} as", column=column.name))


def _reason(column: PlannedColumn) -> str:
    return enumerated([column.reason, _("in {unit}", unit=column.unit) if column.unit else None, column.endpoint])


def _rows(rows: PlannedRows, recipe: Recipe, path: str) -> list[Component]:
    which = _("All {count:,} rows", count=rows.rows) if rows.whole else _("The first rows of {count:,}", count=rows.rows)
    parts: list[Component] = [
        html.H3(_("What the rows become")),
        html.P(
            _(
                "{which} were tried: {used:,} can be used, {rejected:,} cannot.",
                which=which,
                used=rows.used,
                rejected=rows.rejected,
            )
        ),
        *(html.P(question, className="flag") for question in rows.questions),
        *_answers(rows.questions, recipe, path),
        *([_conflicts(rows)] if rows.conflicts else []),
        _targets(rows),
    ]
    if rows.rejected:
        parts += [_fates(rows), _rejects(rows)]
    return parts


def _conflicts(rows: PlannedRows) -> Component:
    listed = html.Ul([html.Li(html.Code(conflict)) for conflict in rows.conflicts], className="reasons")
    return html.Details(
        [html.Summary(_("Some compounds were measured with different answers")), listed], className="alternative"
    )


def _targets(rows: PlannedRows) -> Component:
    head = [
        (_("Target"), "text"),
        (_("Values"), "figure"),
        (_("Bounds"), "figure"),
        (_("Lowest"), "figure"),
        (_("Median"), "figure"),
        (_("Highest"), "figure"),
    ]
    listed = [
        [
            html.Span([each.target, html.Span(f" {each.title}", className="quiet") if each.title else None]),
            f"{each.values:,}",
            f"{each.bounds:,}",
            *("–" if value is None else number(value, 2) for value in (each.low, each.median, each.high)),
        ]
        for each in rows.targets
    ]
    caption = _("{count:,} targets", count=rows.targets_found)
    if len(rows.targets) < rows.targets_found:
        caption = _("{count:,} targets, the first {first}", count=rows.targets_found, first=len(rows.targets))
    return table(caption, head, listed)


def _fates(rows: PlannedRows) -> Component:
    fates = sorted(rows.fates.items(), key=lambda each: -each[1])
    listed: list[list[Any]] = [[fate, f"{count:,}"] for fate, count in fates[:_SHOWN_FATES]]
    return table(_("Why rows and cells cannot be used"), [(_("Reason"), "text"), (_("Rows or cells"), "figure")], listed)


def _rejects(rows: PlannedRows) -> Component:
    head = [(_("Row"), "figure"), (_("Column"), "text"), (_("Value"), "text"), (_("Reason"), "text")]
    listed = [[f"{each.row}", each.column or "–", html.Code((each.value or "–")[:80]), each.reason] for each in rows.rejects]
    return table(_("The first {count} that cannot be used", count=len(rows.rejects)), head, listed)


def _answers(sentences: Sequence[str], recipe: Recipe, path: str) -> list[Component]:
    offered = {answer: None for sentence in sentences for answer in answers(sentence)}
    if not offered:
        return []
    links = [dcc.Link(answer.words, href=f"{path}{recipe.answered(answer).search}", className="answer") for answer in offered]
    return [html.P([_("Answer by:"), *links], className="links")]
