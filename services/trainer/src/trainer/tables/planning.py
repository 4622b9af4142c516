"""Planning how the sources are read: what each file states and by which columns, before anything is fitted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chemistry.notation import is_molecule
from contracts.kinds import ActivityKind
from trainer.data.offences import InvalidData, Offence
from trainer.runs.ingest import IngestOptions, Layout, OnError
from trainer.tables import vocabulary
from trainer.tables.endpoints import endpoint_of
from trainer.tables.long import long_measures, value_columns
from trainer.tables.plan import ColumnRole, FilePlan, Measure, Role
from trainer.tables.questions import option
from trainer.tables.roles import Columns
from trainer.tables.sample import profiles_of
from trainer.tables.source import Format, SourceFile
from trainer.tables.units import PX, scale_of
from trainer.tables.wide import wide_measures

__all__ = ["plan_files"]

_COLUMNS: Final = 8
_NUMBER: Final = re.compile(r"[<>~]?[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_NUMBERED: Final = re.compile(r"(.*) \(\d+\)")
_ALLOWED: Final = {ActivityKind.BINARY: (0.0, 1.0), ActivityKind.POSITIVES: (1.0,)}
_OPTIONS: Final = (
    "smiles_column", "compound_column", "target_column", "value_column", "relation_column", "unit_column", "endpoint_column",
    "organism_column",
)  # fmt: skip


def plan_files(files: Sequence[SourceFile], options: IngestOptions) -> list[FilePlan]:
    """A plan for each file.

    Raises:
        InvalidData: A column that is needed or was named is not there, what a column states is a question, or the files do not
            fit together.
    """
    options = _with_columns_apart(files, options)
    offences = _unknown_columns(files, options)
    if offences:
        raise InvalidData(offences)
    missing = frozenset(word.casefold() for word in options.missing)
    begun = [_Begun.of(index, Columns(file, profiles_of(file, missing), options)) for index, file in enumerate(files)]
    if any(each.role is Role.MEASUREMENTS for each in begun):
        for each in begun:
            if each.role in {Role.WIDE, Role.LONG} and each.smiles is not None and each.target is None and not each.has_values:
                each.role = Role.STRUCTURES
    if not any(each.role is Role.STRUCTURES for each in begun):
        offences += [_missing(each.columns, "SMILES", "smiles_column") for each in begun if each.role is Role.MEASUREMENTS]
    plans = []
    for each in begun:
        plan, asked = each.planned()
        offences += asked
        plans.append(plan)
    if offences:
        raise InvalidData(offences)
    return plans


@dataclass
class _Begun:
    """A file whose molecules and targets are found, and whose values are not."""

    index: int
    columns: Columns
    role: Role
    smiles: str | None
    target: str | None
    title: str | None

    @classmethod
    def of(cls, index: int, columns: Columns) -> "_Begun":
        options = columns.options
        smiles = columns.molecule()
        wide = options.layout is Layout.WIDE or bool(options.target_columns)
        target, title = (None, None) if wide else _targets(columns)
        if wide:
            role = Role.WIDE
        elif smiles is None and target is not None:
            role = Role.MEASUREMENTS
        elif target is not None or options.layout is Layout.LONG or _is_long_without_target(columns):
            role = Role.LONG
        else:
            role = Role.WIDE
        return cls(index, columns, role, smiles, target, title)

    @property
    def has_values(self) -> bool:
        """Whether a column's name says that it holds values."""
        return bool(value_columns(self.columns))

    def planned(self) -> tuple[FilePlan, list[Offence]]:
        """The plan, and what is asked or lacks."""
        columns, options, file = self.columns, self.columns.options, self.columns.file
        offences = _headless(columns)
        if self.smiles is None and self.role is not Role.MEASUREMENTS:
            offences.append(_missing(columns, "SMILES", "smiles_column"))
        values = value_columns(columns) if self.role in {Role.LONG, Role.MEASUREMENTS} else []
        compound = columns.compound(keep=values)
        if compound is None and self.role in {Role.STRUCTURES, Role.MEASUREMENTS}:
            offences.append(_missing(columns, "compound", "compound_column"))
        organism = endpoint = None
        measures: list[Measure] = []
        match self.role:
            case Role.STRUCTURES:
                for name in columns.free:
                    columns.leave(name, columns.aside(name) or "this file states structures alone")
            case Role.WIDE:
                open_targets = file.format is Format.JSON_LINES and not options.target_columns
                measures, asked = wide_measures(columns)
                offences += [] if open_targets and not measures and _only_lacking(asked) else asked
            case _:
                organism, endpoint, measures, asked = self._long()
                offences += asked
        offences += _twice(columns)
        return FilePlan(
            index=self.index,
            source=file,
            role=self.role,
            smiles=self.smiles,
            compound=compound,
            target=self.target,
            title=self.title,
            organism=organism,
            endpoint=endpoint,
            measures=tuple(measures),
            open_targets=self.role is Role.WIDE and file.format is Format.JSON_LINES and not options.target_columns,
            allowed=None if options.activity_kind is None else _ALLOWED.get(options.activity_kind),
            endpoints=tuple(endpoint_of(each) for each in options.endpoint),
            missing=frozenset(word.casefold() for word in options.missing),
            skip=options.on_error is OnError.SKIP,
            layout=None if columns.layout is None else columns.layout.name,
            described=tuple(columns.described[name] for name in file.columns if name in columns.described),
            doubts=tuple(dict.fromkeys([*file.dialect.notes, *columns.doubts])),
        ), offences

    def _long(self) -> tuple[str | None, str | None, list[Measure], list[Offence]]:
        columns, options = self.columns, self.columns.options
        kept = {options.value_column} if options.value_column is not None else set(value_columns(columns))
        free = [name for name in columns.free if name not in kept]
        organism = columns.named(options.organism_column, vocabulary.ORGANISM, ColumnRole.ORGANISM, among=free)
        relation = columns.named(options.relation_column, vocabulary.RELATION, ColumnRole.RELATION, among=_texts(columns, free))
        unit = columns.named(options.unit_column, vocabulary.UNIT, ColumnRole.UNIT, among=_texts(columns, free))
        if unit is not None and options.endpoint_column is None and _states_endpoints(columns, unit):
            endpoint: str | None = unit  # such as pKi, which is a unit and an endpoint
        else:
            endpoint = columns.named(
                options.endpoint_column, vocabulary.ENDPOINT, ColumnRole.ENDPOINT, among=_few(columns, free)
            )
        offences = []
        if (
            self.target is None
            and options.layout is Layout.LONG
            and options.target_column is None
            and not value_columns(columns)
        ):
            offences.append(_missing(columns, "target", "target_column"))
        described = {plan.role for plan in columns.described.values()}
        only_pairs = not described & {ColumnRole.UNIT, ColumnRole.RELATION, ColumnRole.ENDPOINT}
        values = value_columns(columns)
        target = None if self.target is not None else (values[0] if values else "activity")
        measures, asked = long_measures(columns, relation=relation, unit=unit, target=target, only_pairs=only_pairs)
        for name in columns.free:
            if columns.profiles[name].is_numeric and columns.aside(name) is None:
                columns.leave(name, f"not the value of its rows ({option('value_column', name)} takes it)")
            else:
                columns.leave(name, columns.aside(name) or "not needed")
        return organism, endpoint, measures, [*offences, *asked]


def _targets(columns: Columns) -> tuple[str | None, str | None]:
    """The columns of targets and of what they are called: ids before names, and assays where there is neither."""
    options = columns.options
    if options.target_column is not None:
        return columns.named(options.target_column, (), ColumnRole.TARGET_ID), None
    reserved = {
        options.value_column,
        options.unit_column,
        options.relation_column,
        options.compound_column,
        options.endpoint_column,
    }
    named = {*vocabulary.TARGET_ID, *vocabulary.TARGET_TITLE, *vocabulary.ASSAY}
    called = [name for name in columns.free if vocabulary.normal(name) in named and name not in reserved]
    free = [name for name in called if not _is_values(columns, name)]
    found = columns.named(None, vocabulary.TARGET_ID, ColumnRole.TARGET_ID, among=free)
    if found is not None and columns.profiles[found].is_empty:
        columns.leave(found, "empty")
        found = columns.named(None, vocabulary.TARGET_ID, ColumnRole.TARGET_ID, among=[name for name in free if name != found])
    rest = [name for name in free if name not in columns.described and not columns.profiles[name].is_empty]
    title = columns.named(None, vocabulary.TARGET_TITLE, ColumnRole.TARGET_TITLE, among=rest)
    if found is None and title is None:
        found = columns.named(
            None, vocabulary.ASSAY, ColumnRole.TARGET_ID, among=[n for n in rest if not _states_endpoints(columns, n)]
        )
        return found, None
    return (found, title) if found is not None else (title, None)


def _is_values(columns: Columns, name: str) -> bool:
    """Whether a column that is called as targets are holds what was measured: fractions, or active and inactive."""
    profile = columns.profiles[name]
    if profile.is_truths or name in columns.file.truths:
        return True
    others = [other for other in value_columns(columns) if other != name]
    return profile.is_numeric and not others and (not profile.is_integers or profile.is_binary)


def _is_long_without_target(columns: Columns) -> bool:
    """Whether each row states one value with its unit, relation or endpoint, and all are about the same target."""
    options = columns.options
    if options.value_column is not None or options.unit_column is not None or options.relation_column is not None:
        return True
    values = value_columns(columns)
    texts = _texts(columns, columns.free)
    stated = [vocabulary.find(words, texts) for words in (vocabulary.RELATION, vocabulary.UNIT)]
    kinds = vocabulary.find(vocabulary.ENDPOINT, _few(columns, columns.free))
    generic = [name for name in values if vocabulary.normal(name) in vocabulary.VALUE and columns.profiles[name].is_numeric]
    return (bool(generic) and any([*stated, kinds])) or (len(values) == 1 and any(stated))


def _states_endpoints(columns: Columns, name: str) -> bool:
    """Whether the cells are endpoints: IC50, Ki, …."""
    distinct = columns.profiles[name].distinct
    return bool(distinct) and all(
        endpoint_of(text) != text or scale_of(text) == PX or text in {"IC50", "Ki", "Kd", "EC50"} for text in distinct
    )


def _texts(columns: Columns, names: Sequence[str]) -> list[str]:
    return [name for name in names if columns.profiles[name].is_empty or not columns.profiles[name].is_numeric]


def _few(columns: Columns, names: Sequence[str]) -> list[str]:
    """Columns whose cells are endpoints, or whose names say so and no more."""
    certain = set(vocabulary.ENDPOINT) - {"type", "measure", "endpoint", "readout"}
    return [name for name in _texts(columns, names) if _states_endpoints(columns, name) or vocabulary.normal(name) in certain]


def _headless(columns: Columns) -> list[Offence]:
    """A first line that is data: a molecule among numbers."""
    file = columns.file
    molecules = [name for name in file.columns if is_molecule(name) and not name.isalpha()]
    if file.format is not Format.CSV or not molecules or not any(_NUMBER.fullmatch(name) for name in file.columns):
        return []
    return [Offence(file.name, None, None, None, f"has no header: its first line is data ({_shown(file.columns)})")]


def _twice(columns: Columns) -> list[Offence]:
    """Columns of the same name, where any of them is read."""
    file = columns.file
    names = {name: match[1] for name in file.columns if (match := _NUMBERED.fullmatch(name)) and match[1] in file.columns}
    used = {name for name, plan in columns.described.items() if plan.role is not ColumnRole.LEFT_ASIDE}
    read = [first for name, first in names.items() if name in used and not first.startswith("column ")]
    reason = "stands there twice: a column has one name"
    return [Offence(file.name, None, name, None, reason) for name in dict.fromkeys(read)]


def _only_lacking(asked: Sequence[Offence]) -> bool:
    return all(offence.reason.startswith("has no target column") for offence in asked)


def _with_columns_apart(files: Sequence[SourceFile], options: IngestOptions) -> IngestOptions:
    """The options with `a,b` as two target columns where no column has that name."""
    known = {column for file in files for column in file.columns}
    apart: list[str] = []
    for column in options.target_columns:
        parts = [part.strip() for part in column.split(",")]
        apart += parts if column not in known and len(parts) > 1 and set(parts) <= known else [column]
    return options.model_copy(update={"target_columns": tuple(apart)})


def _unknown_columns(files: Sequence[SourceFile], options: IngestOptions) -> list[Offence]:
    """Columns that the user named and that no file has."""
    pairs = [(name, getattr(options, name)) for name in _OPTIONS if getattr(options, name) is not None]
    pairs += [("target_columns", column) for column in options.target_columns]
    known = {column for file in files for column in file.columns}
    name = ", ".join(file.name for file in files)
    there = _shown(files[0].columns)
    return [
        Offence(name, None, column, None, f"is unknown: {option(name_)} names a column that is not there (there are {there})")
        for name_, column in pairs
        if column not in known
    ]


def _missing(columns: Columns, what: str, name: str) -> Offence:
    reason = f"has no {what} column: name it with {option(name)} (there are {_shown(columns.file.columns)})"
    return Offence(columns.file.name, None, None, None, reason)


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_COLUMNS]) + (", …" if len(names) > _COLUMNS else "")
