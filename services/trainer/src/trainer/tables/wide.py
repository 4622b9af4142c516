"""Wide tables: which columns are targets, what each was measured on, and how its numbers are read."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from contracts.kinds import ActivityKind
from trainer.data.offences import Offence
from trainer.tables import vocabulary
from trainer.tables.endpoints import endpoint_of
from trainer.tables.headers import header_of
from trainer.tables.layouts import Layout
from trainer.tables.long import value_columns
from trainer.tables.plan import ColumnPlan, ColumnRole, Measure
from trainer.tables.questions import option, question
from trainer.tables.roles import Columns
from trainer.tables.scales import doubts_of, is_unitless, scale_in, unit_named, unit_question
from trainer.tables.source import Format
from trainer.tables.units import PX

__all__ = ["wide_measures"]

_LISTED = 6
_FLAGS = 5
"""Rows from which a column of 0 and 1 beside numbers looks like a flag of the rows."""
_PROPERTY = "a property"


def wide_measures(columns: Columns) -> tuple[list[Measure], list[Offence]]:
    """How the columns of a wide table are read, and what is asked; every other column is left aside with its reason."""
    given = [name for name in columns.options.target_columns if name in columns.file.columns]
    offences: list[Offence] = []
    relations = _relations(columns)
    if given:
        chosen, told = given, "named by an option"
    else:
        chosen, offences = _chosen(columns)
        told = "its cells are numbers"
    chosen = _of_endpoints(columns, chosen)
    names = _named(columns, chosen)
    measures = []
    for name in chosen:
        scale = scale_in(columns, name)
        if is_unitless(columns, name, None):
            asked = unit_question(columns, name)
            offences += [asked] if asked is not None else []
            scale = PX
        measures.append(_measure(columns, name, scale, names[name], relations.get(name), told))
    for name in columns.free:
        columns.leave(
            name, "not among the target columns that are asked for" if given else columns.aside(name) or "asked about"
        )
    return measures, offences


def _of_endpoints(columns: Columns, chosen: Sequence[str]) -> list[str]:
    """Columns of the endpoints that are asked for, and of none; the others are left aside."""
    asked = {endpoint_of(each) for each in columns.options.endpoint}
    other = [
        name for name in chosen if asked and header_of(name).endpoint is not None and header_of(name).endpoint not in asked
    ]
    for name in other:
        columns.leave(name, f"another endpoint than {', '.join(sorted(asked))}, which is asked for")
    return [name for name in chosen if name not in other]


def _chosen(columns: Columns) -> tuple[list[str], list[Offence]]:
    """The columns that are targets by name and content."""
    free = columns.free
    if columns.layout is not None and columns.layout.targets:
        return _of_layout(columns, columns.layout), []
    reasons = _reasons(columns)
    properties = [name for name in free if (reasons[name] or "").startswith(_PROPERTY)]
    candidates = [
        name for name in free if reasons[name] is None or (columns.profiles[name].is_empty and header_of(name).is_potency)
    ]
    sure = [name for name in candidates if _is_measured(columns, name)]
    sure = _without_twins(columns, sure)
    unsure = [name for name in candidates if name not in sure and name not in columns.described]
    if not candidates and (outcomes := [name for name in value_columns(columns) if columns.profiles[name].is_binary]):
        return outcomes[:1], []
    if not candidates and properties:
        unsure = properties
        if len(properties) == 1:
            return properties, []
    potencies = [name for name in sure if not header_of(name).percent]
    if potencies and len(potencies) < len(sure):
        for name in sure:
            if name not in potencies:
                columns.leave(name, f"percent beside potencies ({option('target_columns', name)} takes it)")
        sure = potencies
    taken, doubtful = _alike(columns, sure, unsure)
    chosen = [name for name in columns.file.columns if name in {*sure, *taken}]
    if doubtful:
        return chosen, [_question(columns, chosen, doubtful)]
    if not chosen:
        return [], [_nothing(columns, reasons)]
    return chosen, []


def _reasons(columns: Columns) -> dict[str, str | None]:
    """Why each free column is no activity; None where it may be one."""
    reasons = {name: columns.aside(name) for name in columns.free}
    for name in columns.free:
        if columns.profiles[name].is_empty and columns.profiles[name].partial and _stands_among_targets(reasons, name):
            reasons[name] = None
    return reasons


def _stands_among_targets(reasons: Mapping[str, str | None], name: str) -> bool:
    """Whether a column whose cells are not known is one of many that are nothing but targets."""
    others = [reason for other, reason in reasons.items() if other != name and not (reason or "").startswith("empty")]
    return len(others) > _FLAGS and all(reason is None for reason in others)


def _of_layout(columns: Columns, layout: Layout) -> list[str]:
    """What a known layout measures; its other numbers are left aside."""
    chosen = [name for name in columns.free if vocabulary.normal(name) in layout.targets]
    for name in columns.free:
        if name not in chosen:
            reason = columns.aside(name) or f"not what {layout.name} measures ({option('target_columns', name)} takes it)"
            twin = f"the same measurement as {', '.join(chosen)}"
            columns.leave(name, twin if header_of(name).scale is not None else reason)
    return chosen


def _is_measured(columns: Columns, name: str) -> bool:
    """Whether a column's name says that it holds what was measured."""
    header = header_of(name)
    if header.is_potency or header.percent or name in dict(columns.file.dialect.units):
        return True
    parts = vocabulary.words(name)
    return vocabulary.normal(name) in vocabulary.VALUE or bool(vocabulary.MEASURED & set(parts))


def _without_twins(columns: Columns, names: Sequence[str]) -> list[str]:
    """Columns without those that state in another unit what a column of pX states."""

    def of(name: str) -> tuple[str, str | None]:
        header = header_of(name)
        return vocabulary.normal(header.base), header.endpoint

    logarithmic = {of(name): name for name in names if scale_in(columns, name) == PX}
    kept = []
    for name in names:
        twin = logarithmic.get(of(name))
        if twin is None and of(name)[0] == "" and len(logarithmic) == 1 and isinstance(scale_in(columns, name), int):
            ((base, endpoint), only) = next(iter(logarithmic.items()))
            twin = only if endpoint == of(name)[1] and not base else None
        if twin is not None and twin != name:
            columns.leave(name, f"the same measurement as {twin}")
        else:
            kept.append(name)
    return kept


def _alike(columns: Columns, sure: Sequence[str], unsure: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of columns whose names say nothing, those that look like what is measured, and those that do not."""
    if not unsure:
        return [], []
    profiles = columns.profiles
    truths = [name for name in unsure if profiles[name].is_truths or name in columns.file.truths]
    unknown = [name for name in unsure if profiles[name].is_empty]
    plain = [name for name in unsure if name not in truths and name not in unknown]
    binary = [name for name in plain if profiles[name].is_binary]
    numbers = [name for name in plain if name not in binary]
    if sure:
        binary_sure = all(profiles[name].is_binary or profiles[name].is_truths for name in sure)
        logarithmic = all(scale_in(columns, name) in {PX, None} for name in sure)
        if binary_sure:
            return [*truths, *binary, *unknown], numbers
        fitting = [name for name in numbers if logarithmic and _is_px(columns, name)]
        return [*fitting, *truths, *unknown], [name for name in [*numbers, *binary] if name not in fitting]
    if numbers and binary:
        flags = [name for name in binary if _FLAGS <= len(profiles[name].values) == len(profiles[name].texts)]
        return [*numbers, *truths, *unknown, *[name for name in binary if name not in flags]], flags
    if len(numbers) > 1:
        fitting = [name for name in numbers if _is_px(columns, name)]
        if fitting and len(fitting) < len(numbers) and columns.options.unit is None:
            return [*fitting, *truths, *unknown], [name for name in numbers if name not in fitting]
    return [*numbers, *binary, *truths, *unknown], []


def _is_px(columns: Columns, name: str) -> bool:
    """Whether most numbers of a column could be pX; whole numbers that count something could not."""
    profile = columns.profiles[name]
    values = profile.sound
    counting = profile.is_integers and len(np.unique(values)) > 1 and len(values) > 4  # noqa: PLR2004 - fewer may be rounded
    return float(np.mean((values >= -2) & (values <= 16))) >= 0.6 and not counting  # noqa: PLR2004 - some are mistakes


def _question(columns: Columns, chosen: Sequence[str], doubtful: Sequence[str]) -> Offence:
    shown = ", ".join(doubtful[:_LISTED]) + (", …" if len(doubtful) > _LISTED else "")
    verb = "holds" if len(doubtful) == 1 else "hold"
    reason = f"{shown} {verb} numbers that nothing says are activities"
    answers = [option("target_columns", *chosen[:_LISTED])] if chosen else []
    answers += (
        [option("target_columns", *[*chosen, *doubtful][: 2 * _LISTED])]
        if chosen
        else [option("target_columns", name) for name in doubtful[:_LISTED]]
    )
    return question(columns.file.name, None, reason, answers)


def _nothing(columns: Columns, reasons: dict[str, str | None]) -> Offence:
    numeric = [name for name in reasons if columns.profiles[name].is_numeric]
    if numeric:
        shown = ", ".join(f"{name} is {reasons[name]}" for name in numeric[:_LISTED])
        return question(
            columns.file.name,
            None,
            f"has no target column: {shown}",
            [option("target_columns", name) for name in numeric[:_LISTED]],
        )
    if columns.file.format is Format.SMI:
        reason = (
            "states molecules and no values: what is learned from needs a column of values, `ntdemo-train score` takes the file"
        )
        return Offence(columns.file.name, None, None, None, reason)
    there = ", ".join(columns.file.columns[:8]) + (", …" if len(columns.file.columns) > 8 else "")  # noqa: PLR2004
    return Offence(
        columns.file.name, None, None, None, f"has no target column: name it with `target_columns` (there are {there})"
    )


def _named(columns: Columns, chosen: Sequence[str]) -> dict[str, str]:
    """What each column was measured on: what is left of a name whose unit is converted, else the name as it stands."""
    bases = {
        name: header_of(name).base if isinstance(scale_in(columns, name), int) and header_of(name).base else name
        for name in chosen
    }
    counts = Counter(bases.values())
    found = {}
    for name, base in bases.items():
        endpoint = header_of(name).endpoint
        found[name] = f"{base} {endpoint}" if counts[base] > 1 and endpoint is not None else base
    counts = Counter(found.values())
    return {name: target if counts[target] == 1 else name for name, target in found.items()}


def _relations(columns: Columns) -> dict[str, str]:
    """Columns of relations that stand beside a column of values, by that column."""
    found = {}
    for place, name in enumerate(columns.file.columns):
        if name in columns.described or columns.profiles[name].is_numeric or columns.profiles[name].is_empty:
            continue
        parts = set(vocabulary.words(name))
        if not parts & {"relation", "qualifier", "operator", "modifier", "prefix", "relationship", "sign"}:
            continue
        following = columns.file.columns[place + 1 : place + 2]
        before = columns.file.columns[max(0, place - 1) : place]
        beside = [
            other for other in (*following, *before) if other not in columns.described and columns.profiles[other].is_numeric
        ]
        if beside:
            found[beside[0]] = name
            columns.described[name] = ColumnPlan(name, ColumnRole.RELATION, f"stands beside {beside[0]}")
    return found


def _measure(columns: Columns, name: str, scale: int | str | None, target: str, relation: str | None, told: str) -> Measure:
    header, profile = header_of(name), columns.profiles[name]
    columns.doubts += doubts_of(columns, name, scale)
    truths = profile.is_truths or name in columns.file.truths
    reason = told if told.startswith("named") or not _is_measured(columns, name) else "by its name"
    columns.take(name, ColumnRole.VALUE, reason, target=target, endpoint=header.endpoint, unit=unit_named(scale))
    allowed = columns.options.activity_kind in {None, ActivityKind.BINARY}
    return Measure(
        name,
        target,
        header.endpoint,
        scale,
        relation=relation,
        truths=truths and allowed,
        in_cells=scale is None and profile.has_units,
        decimal_comma=profile.comma,
        group=len(columns.described),
    )
