"""Roles: which column of a table is the molecule, the compound, the target, …, and why other columns are left aside."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from trainer.runs.ingest import IngestOptions
from trainer.tables import vocabulary
from trainer.tables.headers import header_of
from trainer.tables.layouts import Layout, layout_of
from trainer.tables.plan import ColumnPlan, ColumnRole
from trainer.tables.profile import Profile
from trainer.tables.source import SourceFile

__all__ = ["Columns", "described_as"]

_BY_NAME: Final = "by its name"
_BY_OPTION: Final = "named by an option"
_ENDS: Final = ("id", "ids", "no", "nr", "num", "number", "idx", "index", "key", "url", "link")
_TYPE_FLAG: Final = "type"


@dataclass
class Columns:
    """The columns of a file while their roles are found."""

    file: SourceFile
    profiles: Mapping[str, Profile]
    options: IngestOptions
    layout: Layout | None = field(init=False)
    described: dict[str, ColumnPlan] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.layout = layout_of(self.file.columns)

    @property
    def free(self) -> list[str]:
        """Columns without a role."""
        return [name for name in self.file.columns if name not in self.described]

    def take(
        self,
        name: str,
        role: ColumnRole,
        reason: str,
        *,
        target: str | None = None,
        endpoint: str | None = None,
        unit: str | None = None,
    ) -> None:
        """Give a column its role."""
        self.described[name] = ColumnPlan(name, role, reason, target, endpoint, unit)

    def leave(self, name: str, reason: str) -> None:
        """Leave a column aside."""
        self.take(name, ColumnRole.LEFT_ASIDE, reason)

    def named(
        self, option: str | None, words: Sequence[str], role: ColumnRole, *, among: Iterable[str] | None = None
    ) -> str | None:
        """The column an option names, else the free one that the earliest of the words names; it takes the role."""
        if option is not None and option in self.file.columns:
            self.take(option, role, _BY_OPTION)
            return option
        free = [name for name in (self.free if among is None else among) if not self._is_bare(name)]
        found = vocabulary.find(words, free)
        if found is not None:
            self.take(found, role, _BY_NAME)
        return found

    def molecule(self) -> str | None:
        """The column of molecules: by option, name or content."""
        reserved = set(self.options.target_columns) | {
            self.options.target_column,
            self.options.value_column,
            self.options.compound_column,
        }
        free = [name for name in self.file.columns if name not in reserved]
        found = None
        if self.options.smiles_column is None or self.options.smiles_column not in self.file.columns:
            certain = [name for name in free if not self._contradicts(name)]
            found = vocabulary.find(vocabulary.SMILES, certain) or next(
                (name for name in certain if "smiles" in vocabulary.words(name) and self.profiles[name].is_molecules), None
            )
            reason = _BY_NAME
            if found is None:
                found = vocabulary.find(vocabulary.INCHI, certain)
            if found is None:
                found = next((name for name in certain if self.profiles[name].is_molecules), None)
                reason = f"its cells are molecules: {self.profiles[found].examples}" if found else ""
            if found is not None:
                self.take(found, ColumnRole.MOLECULE, reason)
        else:
            found = self.options.smiles_column
            self.take(found, ColumnRole.MOLECULE, _BY_OPTION)
        for name in self.free:
            known = vocabulary.normal(name) in {*vocabulary.SMILES, *vocabulary.INCHI} - {"mol"}
            if found is not None and name not in reserved and known and not self.profiles[name].is_empty:
                self.leave(name, f"another notation of the molecule: {found} is read")
        return found

    def compound(self, *, keep: Sequence[str | None] = ()) -> str | None:
        """The column of compounds' names or identifiers."""
        free = [name for name in self.free if name not in keep and name not in self.options.target_columns]
        return self.named(self.options.compound_column, vocabulary.COMPOUND, ColumnRole.COMPOUND, among=free)

    def aside(self, name: str) -> str | None:  # noqa: PLR0911 - a reason a line
        """Why a column is no activity, by its name and its content; None where it may be one."""
        profile, word = self.profiles[name], vocabulary.normal(name)
        parts = vocabulary.words(name)
        if profile.is_empty:
            return "empty in all rows that were looked at" if profile.partial else "empty"
        if self._is_bare(name) or word in {"", "index", "chemicalindex", "level0", "indexlevel0"} or word.startswith("unnamed"):
            return "row numbers" if profile.is_integers else "has no name"
        if word in vocabulary.SPLIT:
            return "says how the rows are split"
        if not profile.is_numeric:
            return f"text: {profile.examples}"
        if (reason := self._aside_by_name(name, word, parts)) is not None:
            return reason
        if profile.is_row_number:
            return "row numbers"
        return None

    def _aside_by_name(self, name: str, word: str, parts: Sequence[str]) -> str | None:  # noqa: PLR0911 - a reason a line
        header = header_of(name)
        last = parts[-1] if parts else ""
        if word in vocabulary.DESCRIPTORS or vocabulary.normal(header.base) in vocabulary.DESCRIPTORS - {""}:
            return "a descriptor of the molecule"
        if word in vocabulary.NOTES:
            return "a note on the measurement"
        if (
            word.startswith(("pubchem", "bindingdb", "zincid", "numberof", "ligandefficiency"))
            and header.endpoint is None
            and "standardvalue" not in word
        ):
            return "a record's number or note"
        if vocabulary.PREDICTED & set(parts):
            return "predicted or computed, not measured"
        if last in _ENDS and self.profiles[name].is_integers:
            return "an identifier"
        noted = vocabulary.NOTES & ({last} | {"".join(parts[-2:])})
        if noted and len(parts) > 1:
            return "a note on the measurement"
        if parts and parts[0] == _TYPE_FLAG and self.profiles[name].is_binary:
            return "marks the kind of assay"
        if word in vocabulary.PROPERTIES:
            return _PROPERTY
        return None

    def _is_bare(self, name: str) -> bool:
        """Whether the name is one that was given for want of one."""
        return name.startswith("column ") and name[7:].split(" (", maxsplit=1)[0].isdigit()

    def _contradicts(self, name: str) -> bool:
        """Whether the cells are plainly no molecules, whatever the name: numbers, or words that RDKit does not read."""
        profile = self.profiles[name]
        if profile.is_empty:
            return len(profile.texts) > 0
        ambiguous = vocabulary.normal(name) in {"mol", "drug", "structure", "smile"}
        return profile.share > 0.9 or (ambiguous and not profile.is_molecules)  # noqa: PLR2004 - nearly all


_PROPERTY: Final = "a property: it is learned where nothing else is measured, or with `target_columns`"


def described_as(columns: Columns, name: str) -> str:
    """Why a column that may be an activity is taken for none."""
    return columns.aside(name) or "not an activity as far as its name tells"
