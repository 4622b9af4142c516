"""Long tables: which columns hold the values of their rows, and how they are read."""

from collections.abc import Sequence

from contracts.kinds import ActivityKind
from trainer.data.offences import Offence
from trainer.tables import vocabulary
from trainer.tables.endpoints import endpoint_of
from trainer.tables.headers import header_of
from trainer.tables.plan import ColumnRole, Measure
from trainer.tables.questions import option, question
from trainer.tables.roles import Columns
from trainer.tables.scales import doubts_of, is_unitless, scale_in, unit_named, unit_question
from trainer.tables.units import PX

__all__ = ["long_measures", "value_columns"]

_OF_CONCENTRATIONS = "standard"
"""How relations are called that are those of concentrations, beside a column of pX."""
_LISTED = 6


def value_columns(columns: Columns) -> list[str]:
    """Free columns whose names say that they are values, the preferred first."""
    option_named = columns.options.value_column
    if option_named is not None:
        return [option_named] if option_named in columns.file.columns else []
    found = []
    for name in columns.free:
        profile, header, word = columns.profiles[name], header_of(name), vocabulary.normal(name)
        potency = header.is_potency or name in dict(columns.file.dialect.units)
        readable = profile.is_numeric or name in columns.file.truths or (profile.is_empty and potency)
        by_name = potency or word in vocabulary.VALUE or _active(name)
        if readable and by_name and (word in vocabulary.VALUE or (profile.is_empty or columns.aside(name) is None)):
            found.append(name)
    return sorted(found, key=lambda name: _preference(columns, name))


def _active(name: str) -> bool:
    """Whether a name says that the column tells active from inactive, or what came out."""
    return bool({"active", "activity", "outcome", "label", "pic", "interaction", "affinity"} & set(vocabulary.words(name)))


def _preference(columns: Columns, name: str) -> tuple[int, int, int]:
    word = vocabulary.normal(name)
    by_word = vocabulary.VALUE.index(word) if word in vocabulary.VALUE else len(vocabulary.VALUE)
    scale = scale_in(columns, name)
    truths = columns.profiles[name].is_truths or name in columns.file.truths
    return (0 if scale == PX else 1 if scale is not None or not truths else 2, by_word, columns.file.columns.index(name))


def long_measures(
    columns: Columns, *, relation: str | None, unit: str | None, target: str | None, only_pairs: bool
) -> tuple[list[Measure], list[Offence]]:
    """How the values of a long table are read, and what is asked.

    Args:
        columns: Of the file; those that are taken get their roles.
        relation: Column of relations.
        unit: Column of units.
        target: What all rows are about, where no column says.
        only_pairs: The table states compounds and targets, and nothing else.
    """
    found = value_columns(columns)
    options = columns.options
    if options.activity_kind is ActivityKind.POSITIVES and options.value_column is None:
        for name in found:
            columns.leave(name, "every row is taken as a positive, as asked")
        return [Measure(None, target)], []
    if not found:
        return _valueless(columns, target, only_pairs=only_pairs)
    offences: list[Offence] = []
    measures: list[Measure] = []
    chosen = {endpoint_of(each) for each in options.endpoint}
    endpoints = dict.fromkeys(header_of(name).endpoint for name in found if scale_in(columns, name) is not None)
    each = len(endpoints) > 1 and None not in endpoints
    for name in found:
        header = header_of(name)
        scale = scale_in(columns, name)
        bare = scale is None and unit is None and not columns.profiles[name].has_units
        if each and scale is None:
            columns.leave(name, f"{', '.join(str(endpoint) for endpoint in endpoints)} are read")
        elif each and chosen and header.endpoint not in chosen:
            columns.leave(name, f"another endpoint than {', '.join(sorted(chosen))}, which is asked for")
        elif measures and not each and (bare or (measures[0].scale is None and measures[0].unit is None)):
            columns.leave(name, f"{measures[0].column} is read")
        else:
            if bare and is_unitless(columns, name, unit):
                asked = unit_question(columns, name)
                offences += [asked] if asked is not None else []
                scale = PX
            group = list(endpoints).index(header.endpoint) if each else 0
            measures.append(_measure(columns, name, scale, relation, unit if scale is None else None, target, group, each=each))
    return measures, offences


def _measure(
    columns: Columns,
    name: str,
    scale: int | str | None,
    relation: str | None,
    unit: str | None,
    target: str | None,
    group: int,
    *,
    each: bool,
) -> Measure:
    header, profile = header_of(name), columns.profiles[name]
    columns.doubts += doubts_of(columns, name, scale, unit)
    told = "named by an option" if columns.options.value_column == name else "by its name"
    preferred = (
        ""
        if group or not any(plan.role is ColumnRole.VALUE for plan in columns.described.values()) or each
        else ", where the column before it states none"
    )
    columns.take(name, ColumnRole.VALUE, told + preferred, target=target, endpoint=header.endpoint, unit=unit_named(scale))
    flipped = scale == PX and relation is not None and _OF_CONCENTRATIONS in vocabulary.normal(relation)
    return Measure(
        column=name,
        target=target,
        endpoint=header.endpoint,
        scale=scale,
        unit=unit,
        relation=relation,
        flipped=flipped,
        truths=profile.is_truths or name in columns.file.truths,
        in_cells=scale is None and unit is None and profile.has_units,
        decimal_comma=profile.comma,
        group=group,
    )


def _valueless(columns: Columns, target: str | None, *, only_pairs: bool) -> tuple[list[Measure], list[Offence]]:
    """A long table without a column that is known to be the value: positives where there is nothing else, else a question."""
    options = columns.options
    numeric = [name for name in columns.free if columns.profiles[name].is_numeric and columns.aside(name) is None]
    noted = [name for name in columns.free if columns.profiles[name].is_numeric and name not in numeric]
    if options.activity_kind not in {None, ActivityKind.POSITIVES}:
        return [], [
            question(
                columns.file.name, None, "has no value column", _answers(numeric or noted) or [option("value_column", "NAME")]
            )
        ]
    rest = [
        name
        for name in columns.free
        if not columns.profiles[name].is_empty and columns.aside(name) not in {"row numbers", None}
    ]
    if only_pairs and not numeric and not rest:
        return [Measure(None, target)], []
    reason = "has no column that is known to hold values"
    return [], [question(columns.file.name, None, reason, [*_answers(numeric or noted), option("kind", "positives")])]


def _answers(names: Sequence[str]) -> list[str]:
    return [option("value_column", name) for name in names[:_LISTED]]
