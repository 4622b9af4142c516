"""Planning how the sources are read: the layout of each file, found by the names of its columns or given by the options."""

from collections.abc import Sequence
from typing import Final

from contracts.kinds import ActivityKind
from trainer.data.offences import InvalidData, Offence
from trainer.runs.ingest import IngestOptions, Layout
from trainer.spark.ingest import vocabulary
from trainer.spark.ingest.files import Format, SourceFile
from trainer.spark.ingest.plan import FilePlan, Role

__all__ = ["plan_files"]

_COLUMNS: Final = 8
_ALLOWED: Final = {ActivityKind.BINARY: (0.0, 1.0), ActivityKind.POSITIVES: (1.0,)}


def plan_files(files: Sequence[SourceFile], options: IngestOptions) -> list[FilePlan]:
    """A plan for each file.

    Raises:
        InvalidData: A column that is needed or was named is not there, or the files do not fit together.
    """
    offences = _unknown_columns(files, options)
    roles = [_role(file, options) for file in files]
    if Role.MEASUREMENTS in roles:
        targetless = [_target(file, options) is None for file in files]
        roles = [Role.STRUCTURES if without else role for role, without in zip(roles, targetless, strict=True)]
    if Role.STRUCTURES not in roles:
        lonely = [file for file, role in zip(files, roles, strict=True) if role is Role.MEASUREMENTS]
        offences += [_missing(file, "SMILES", "smiles_column") for file in lonely]
    plans = []
    for index, (file, role) in enumerate(zip(files, roles, strict=True)):
        plan = _wide(index, file, options) if role is Role.WIDE else _long(index, file, role, options)
        offences += _offences(plan, options)
        plans.append(plan)
    if offences:
        raise InvalidData(offences)
    return plans


def _role(file: SourceFile, options: IngestOptions) -> Role:
    """What the rows of a file state, as far as its columns tell."""
    if options.layout is Layout.WIDE or options.target_columns:
        return Role.WIDE
    if _found(file, options.smiles_column, vocabulary.SMILES) is None and _target(file, options) is not None:
        return Role.MEASUREMENTS
    return Role.LONG if _target(file, options) is not None or options.layout is Layout.LONG else Role.WIDE


def _target(file: SourceFile, options: IngestOptions) -> str | None:
    return _found(file, options.target_column, vocabulary.TARGET)


def _wide(index: int, file: SourceFile, options: IngestOptions) -> FilePlan:
    smiles = _found(file, options.smiles_column, vocabulary.SMILES)
    compound = _found(file, options.compound_column, vocabulary.COMPOUND, without=(smiles, *options.target_columns))
    others = [name for name in file.columns if name not in {smiles, compound} and not vocabulary.is_descriptor(name)]
    return FilePlan(
        index,
        file,
        Role.WIDE,
        smiles=smiles,
        compound=compound,
        exponent=_exponent(options),
        targets=tuple(name for name in options.target_columns if name in file.columns) or tuple(others),
        open_targets=file.format is Format.JSON_LINES and not options.target_columns,
        allowed=_allowed(options),
    )


def _long(index: int, file: SourceFile, role: Role, options: IngestOptions) -> FilePlan:
    smiles = _found(file, options.smiles_column, vocabulary.SMILES) if role is not Role.MEASUREMENTS else None
    if role is Role.STRUCTURES:
        compound = _found(file, options.compound_column, vocabulary.COMPOUND, without=(smiles,))
        return FilePlan(index, file, role, smiles=smiles, compound=compound)
    target = _found(file, options.target_column, vocabulary.TARGET, without=(smiles,))
    value = _found(file, options.value_column, vocabulary.VALUE, without=(smiles, target))
    concentrations = options.activity_kind in {None, ActivityKind.REAL} and value is not None
    logarithmic = value is not None and vocabulary.normal(value) in vocabulary.LOGARITHMIC and options.unit_column is None
    in_units = concentrations and not logarithmic and options.unit is None
    return FilePlan(
        index,
        file,
        role,
        smiles=smiles,
        compound=_found(file, options.compound_column, vocabulary.COMPOUND, without=(smiles, target, value)),
        target=target,
        value=value,
        relation=_found(file, options.relation_column, vocabulary.RELATION),
        unit=_found(file, options.unit_column, vocabulary.UNIT) if in_units else None,
        exponent=_exponent(options),
        allowed=_allowed(options),
    )


def _offences(plan: FilePlan, options: IngestOptions) -> list[Offence]:
    """What a plan lacks."""
    file, offences = plan.source, []
    if plan.smiles is None and plan.role is not Role.MEASUREMENTS:
        offences.append(_missing(file, "SMILES", "smiles_column"))
    if plan.compound is None and plan.role in {Role.STRUCTURES, Role.MEASUREMENTS}:
        offences.append(_missing(file, "compound", "compound_column"))
    if plan.role is Role.WIDE and not plan.targets and not plan.open_targets:
        offences.append(_missing(file, "target", "target_columns"))
    if plan.role in {Role.LONG, Role.MEASUREMENTS}:
        if plan.target is None:
            offences.append(_missing(file, "target", "target_column"))
        if plan.value is None and options.activity_kind not in {None, ActivityKind.POSITIVES}:
            offences.append(_missing(file, "value", "value_column"))
        unitless = plan.unit is None and plan.exponent is None and options.activity_kind in {None, ActivityKind.REAL}
        if plan.value is not None and vocabulary.normal(plan.value) in vocabulary.CONCENTRATION and unitless:
            reason = "states concentrations without a unit: give unit, or unit_column"
            offences.append(Offence(file.name, None, plan.value, None, reason))
    return offences


def _found(file: SourceFile, named: str | None, words: Sequence[str], *, without: Sequence[str | None] = ()) -> str | None:
    """The column the user named, else the one whose name says what it is."""
    if named in file.columns:
        return named
    return vocabulary.find(words, [column for column in file.columns if column not in without])


def _unknown_columns(files: Sequence[SourceFile], options: IngestOptions) -> list[Offence]:
    """Columns that the user named and that no file has."""
    named = {
        "smiles_column": options.smiles_column,
        "compound_column": options.compound_column,
        "target_column": options.target_column,
        "value_column": options.value_column,
        "relation_column": options.relation_column,
        "unit_column": options.unit_column,
    }
    pairs = [(option, column) for option, column in named.items() if column is not None]
    pairs += [("target_columns", column) for column in options.target_columns]
    known = {column for file in files for column in file.columns}
    name = ", ".join(file.name for file in files)
    return [
        Offence(name, None, column, None, f"is unknown: {option} names a column that is not there")
        for option, column in pairs
        if column not in known
    ]


def _missing(file: SourceFile, what: str, option: str) -> Offence:
    shown = ", ".join(file.columns[:_COLUMNS]) + (", …" if len(file.columns) > _COLUMNS else "")
    return Offence(file.name, None, None, None, f"has no {what} column: name it with {option} (there are {shown})")


def _exponent(options: IngestOptions) -> int | None:
    return None if options.unit is None else vocabulary.EXPONENTS[options.unit]


def _allowed(options: IngestOptions) -> tuple[float, ...] | None:
    return None if options.activity_kind is None else _ALLOWED.get(options.activity_kind)
