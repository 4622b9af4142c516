"""Summaries of a plan: ten lines for people, and an object for the run's record and for HTTP."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from contracts.kinds import Objective
from trainer.tables.plan import ColumnPlan, ColumnRole, FilePlan, Role

__all__ = ["LINES", "Summary", "summarise"]

LINES: Final = 10
"""No summary has more."""
_WIDTH: Final = 160
_NAMED: Final = 4
_STATES: Final = {
    Role.WIDE: "a row a molecule, a column a target",
    Role.LONG: "a row a measurement",
    Role.STRUCTURES: "structures of compounds",
    Role.MEASUREMENTS: "measurements of compounds",
}


@dataclass(frozen=True)
class Summary:
    """A plan, and what is fitted to the data."""

    lines: Sequence[str]
    """At most `LINES`: what columns were taken for, what is left aside, what is doubted and what is fitted."""
    whole: Mapping[str, Any]
    """As JSON: every column of every file with its role and reason."""


def summarise(plans: Sequence[FilePlan], objective: Objective, *, asked: bool) -> Summary:
    """How files will be read, told in both ways; `asked` says that somebody named the objective."""
    return Summary(_lines(plans, objective, asked=asked) if plans else [], _whole(plans, objective, asked=asked))


def _lines(plans: Sequence[FilePlan], objective: Objective, *, asked: bool) -> list[str]:
    lines = [_file_line(plans)]
    plan = max(plans, key=lambda plan: len(plan.measures))
    by_role: dict[ColumnRole, list[ColumnPlan]] = defaultdict(list)
    for each in plans:
        for column in each.described:
            if column.name not in {other.name for other in by_role[column.role]}:
                by_role[column.role].append(column)
    sides = [by_role[role] for role in (ColumnRole.MOLECULE, ColumnRole.COMPOUND)]
    lines.append("  molecule    " + "; compound ".join(f"{side[0].name} ({side[0].reason})" for side in sides if side))
    targets = [
        f"{role} {column.name}"
        for role in (ColumnRole.TARGET_ID, ColumnRole.TARGET_TITLE, ColumnRole.ORGANISM)
        for column in by_role[role]
    ]
    if targets:
        lines.append(f"  target      {', '.join(targets)}")
    values = by_role[ColumnRole.VALUE]
    lines.append(f"  values      {_listed([_value(column, plan) for column in values]) or 'none: every row is a positive'}")
    others = [
        f"{role} {column.name}"
        for role in (ColumnRole.UNIT, ColumnRole.RELATION, ColumnRole.ENDPOINT)
        for column in by_role[role]
    ]
    if others:
        lines.append(f"  with        {', '.join(others)}")
    left = by_role[ColumnRole.LEFT_ASIDE]
    if left:
        lines.append(f"  left aside  {len(left)}: {_listed([f'{column.name} ({column.reason})' for column in left])}")
    why = "as asked" if asked else "molecules were measured; --objective counts for fragment sums"
    last = f"  objective   {objective.value} ({why})"
    doubts = list(dict.fromkeys(doubt for each in plans for doubt in each.doubts))
    room = LINES - len(lines) - 1
    lines += [f"  note        {doubt}" for doubt in doubts[: room if len(doubts) <= room else room - 1]]
    if len(doubts) > room:
        lines.append(f"  note        and {len(doubts) - room + 1} more: ntdemo-train inspect shows them")
    return [_cut(line) for line in [*lines, last]]


def _whole(plans: Sequence[FilePlan], objective: Objective, *, asked: bool) -> dict[str, Any]:
    return {
        "objective": objective.value,
        "objective_asked": asked,
        "files": [
            {
                "name": plan.source.name,
                "format": plan.source.format.value,
                "states": plan.role.value,
                "layout": plan.layout,
                "columns": [{**asdict(column), "role": column.role.value} for column in plan.described],
                "doubts": list(plan.doubts),
            }
            for plan in plans
        ],
    }


def _file_line(plans: Sequence[FilePlan]) -> str:
    layouts = ", ".join(dict.fromkeys(plan.layout for plan in plans if plan.layout is not None))
    states = ", ".join(dict.fromkeys(_STATES[plan.role] for plan in plans))
    names = ", ".join(plan.source.name for plan in plans[:_NAMED]) + (
        f" and {len(plans) - _NAMED} more" if len(plans) > _NAMED else ""
    )
    return f"plan of {names}: {states}" + (f" ({layouts})" if layouts else "")


def _value(column: ColumnPlan, plan: FilePlan) -> str:
    said = [
        column.unit if column.unit in {None, "pX"} else f"{column.unit} as pX",
        None if column.endpoint is None else column.endpoint,
    ]
    if column.target not in {None, column.name} and plan.role is Role.WIDE:
        said.append(f"of {column.target}")
    told = ", ".join(part for part in said if part)
    return f"{column.name} ({told})" if told else f"{column.name}"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_NAMED]) + (f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else "")


def _cut(line: str) -> str:
    bare = " ".join(line.split("\n"))
    return bare if len(bare) <= _WIDTH else bare[: _WIDTH - 1] + "…"
