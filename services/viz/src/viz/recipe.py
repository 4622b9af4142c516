"""The recipe: what a page's address says of a table that is to be trained on, so that the back button undoes a choice."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self
from urllib.parse import parse_qs, quote, urlencode

from contracts.kinds import ActivityKind, Holdout, Objective
from viz.language import N_, _, word

__all__ = ["CALLED", "ROLES", "VALUES", "Answer", "Recipe", "answers"]

ROLES: Final = {
    N_("molecule"): "smiles_column",
    N_("compound"): "compound_column",
    N_("target id"): "target_column",
    N_("value"): "value_column",
    N_("unit"): "unit_column",
    N_("relation"): "relation_column",
    N_("endpoint"): "endpoint_column",
    N_("organism"): "organism_column",
}
"""Role of a column, as plans call it, to the option that gives it."""
CALLED: Final = {
    "objective": N_("Learn"),
    "holdout": N_("Judge by"),
    "activity_kind": N_("Values are"),
    "unit": N_("Unit"),
    "on_error": N_("Rows that cannot be used"),
    "endpoint": N_("Endpoint"),
}
"""Options that are chosen, in words."""
VALUES: Final = {
    "activity": N_("activity"),
    "counts": N_("counts"),
    "none": N_("none"),
    "random": N_("random"),
    "scaffold": N_("scaffold"),
    "fail": N_("fail"),
    "skip": N_("skip"),
    "real": N_("real"),
    "binary": N_("binary"),
    "positives": N_("positives"),
    "signed": N_("signed"),
}
"""Their values in words; units and endpoints speak for themselves."""
_OF_LONG: Final = tuple(option for option in ROLES.values() if option not in {"smiles_column", "compound_column"})
"""Options of tables with a row a measurement, which cannot have columns that are targets."""
_FLAG: Final = "endpoint_in_target"
"""The one option without a value."""
_VALUE: Final = "value"
_LEFT: Final = "left aside"
_OFFERED: Final[dict[str, tuple[str, ...]]] = {
    "objective": tuple(Objective),
    "activity_kind": tuple(ActivityKind),
    "holdout": (Holdout.NONE, Holdout.RANDOM, Holdout.SCAFFOLD),
    "on_error": ("fail", "skip"),
    "unit": ("M", "mM", "uM", "nM", "pM", "pX"),
    "log": ("hidden", "shown"),
}
_OF_SPEC: Final = ("objective", "holdout")
_OF_PAGE: Final = ("dataset", "job", "log", *_OF_SPEC)
_OPTION: Final = re.compile(r"--([a-z]+(?:-[a-z]+)*)(?: (\"[^\"]+\"|'[^']+'|[^\s,;()]+))?")


@dataclass(frozen=True)
class Recipe:
    """An uploaded file, how its columns are read, what is fitted, and the job that does it; None is left to the trainer."""

    dataset: str | None = None
    """SHA-256 of an upload."""
    job: str | None = None
    log: str = "hidden"
    objective: str | None = None
    holdout: str = Holdout.NONE
    on_error: str = "fail"
    activity_kind: str | None = None
    unit: str | None = None
    smiles_column: str | None = None
    compound_column: str | None = None
    target_column: str | None = None
    value_column: str | None = None
    relation_column: str | None = None
    unit_column: str | None = None
    endpoint_column: str | None = None
    organism_column: str | None = None
    target_columns: tuple[str, ...] = ()
    endpoint: tuple[str, ...] = ()
    endpoint_in_target: str | None = None
    """`yes`, or None."""

    @classmethod
    def of(cls, search: str | None) -> Self:
        """Read from the query part of an address; a choice that there is not is left out."""
        query = parse_qs((search or "").removeprefix("?"))
        stated: dict[str, Any] = {}
        for field in fields(cls):
            if field.name in query:
                values = query[field.name]
                stated[field.name] = tuple(values) if isinstance(field.default, tuple) else values[0]
        return cls(**{name: value for name, value in stated.items() if value in _OFFERED.get(name, (value,))})

    @property
    def search(self) -> str:
        """The query part that restores this recipe."""
        default = type(self)()
        pairs: list[tuple[str, str]] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value and value != getattr(default, field.name):
                pairs += [(field.name, each) for each in (value if isinstance(value, tuple) else (value,))]
        return f"?{urlencode(pairs, quote_via=quote, safe='')}" if pairs else ""

    def offers(self, name: str, *, unstated: str | None = None) -> list[tuple[str, Self, bool]]:
        """The values of one choice, each with its recipe and whether it is this one; `unstated` names the trainer's choice."""
        now = getattr(self, name)
        first = [] if unstated is None else [(unstated, self._with(name, None), now is None)]
        return [*first, *((value, self._with(name, value), value == now) for value in _OFFERED[name])]

    def _with(self, name: str, value: str | None) -> Self:
        changed: dict[str, Any] = {name: value} | ({"unit_column": None} if name == "unit" and value else {})
        return replace(self, job=None, **changed)

    def with_role(self, column: str, role: str, *, wide: Sequence[str]) -> Self:
        """The same with a column read as something else; `wide` are the columns that are targets now."""
        taken: dict[str, Any] = {option: None for option in ROLES.values() if getattr(self, option) == column}
        others = tuple(other for other in wide if other != column)
        if wide and role in {_VALUE, _LEFT}:
            taken |= dict.fromkeys(_OF_LONG)
            taken["target_columns"] = (*others, column) if role == _VALUE else others
        elif ROLES[role] in _OF_LONG:
            taken |= {"target_columns": (), ROLES[role]: column, **({"unit": None} if role == "unit" else {})}
        else:
            taken |= {ROLES[role]: column, **({"target_columns": others} if column in wide else {})}
        return replace(self, job=None, **taken)

    def watching(self, job: str) -> Self:
        """The same, with the job that does it."""
        return replace(self, job=job)

    def showing_log(self, shown: bool) -> Self:  # noqa: FBT001 - shown or not
        """The same, with the job's log or without."""
        return replace(self, log="shown" if shown else "hidden")

    def answered(self, answer: "Answer") -> Self:
        """The same with an option that a refusal asks for."""
        name = answer.option
        if isinstance(getattr(type(self)(), name), tuple):
            values: dict[str, Any] = {name: tuple(dict.fromkeys([*getattr(self, name), answer.value]))}
            return replace(self, job=None, **values)
        return self._with(name, answer.value)

    @property
    def ingest(self) -> Mapping[str, Any]:
        """The trainer's `IngestOptions`, without what is left to it."""
        given = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in _OF_PAGE}
        options = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value}
        return options | ({"endpoint_in_target": True} if self.endpoint_in_target else {})

    @property
    def spec(self) -> Mapping[str, Any]:
        """The trainer's `FactorsSpec`."""
        stated = {name: getattr(self, name) for name in _OF_SPEC if getattr(self, name)}
        return {"kind": "factors", "sources": [f"dataset:{self.dataset}"], "ingest": dict(self.ingest), **stated}


@dataclass(frozen=True)
class Answer:
    """An option that a refusal names: choosing it may answer the refusal."""

    option: str
    value: str

    @property
    def words(self) -> str:
        """As a person reads it."""
        if self.option == "target_columns":
            return _("{column} is a target", column=self.value)
        if self.option == _FLAG:
            return _("Endpoints of one target are targets of their own")
        if self.option in CALLED:
            value = word(VALUES, self.value) if self.option in _OFFERED else self.value  # the others are names of the data's
            return _("{option}: {value}", option=_(CALLED[self.option]), value=value)
        role = next(role for role, option in ROLES.items() if option == self.option)
        return _("{column} is the {role}", column=self.value, role=_(role))


def answers(sentence: str) -> tuple[Answer, ...]:
    """The options of a refusal that a recipe has; those of the command line alone are left out."""
    known = {field.name for field in fields(Recipe)} - set(_OF_PAGE)
    found: dict[Answer, None] = {}
    for name, value in _OPTION.findall(sentence):
        option = name.replace("-", "_")
        text = value.strip("\"'") or ("yes" if option == _FLAG else "")
        if option in known and text and text in _OFFERED.get(option, (text,)):
            found[Answer(option, text)] = None
    return tuple(found)
