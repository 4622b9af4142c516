"""Inspection: what the first rows of each file would become, without Spark: fates, values by target, conflicts, rejects."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np

from chemistry.standardisation import standardise
from chemistry.unfragmentable import Unfragmentable
from trainer.data.offences import Offence
from trainer.tables.cells import Relation
from trainer.tables.endpoints import AVERAGED
from trainer.tables.melting import melt_file
from trainer.tables.plan import FilePlan, Role
from trainer.tables.questions import option
from trainer.tables.records import Kind
from trainer.tables.series import Series

__all__ = ["Inspection", "TargetSummary", "inspect_files"]

_ROWS: Final = 2_000
"""Of each file that are looked at: enough to see, few enough to standardise in a second."""
_TARGETS: Final = 20
_LISTED: Final = 20
_CONFLICTS: Final = 10


@dataclass(frozen=True)
class TargetSummary:
    """The values of a target among the rows that were looked at."""

    target: str
    title: str
    endpoints: tuple[str, ...]
    values: int
    bounds: int
    low: float | None
    median: float | None
    high: float | None


@dataclass(frozen=True)
class Inspection:
    """What the first rows would become."""

    rows: int
    """Looked at, of all files."""
    whole: bool
    """Whether those are all rows."""
    used: int
    rejected: int
    fates: dict[str, int]
    """Reason of rejects and offences -> how many; `used`."""
    endpoints: dict[str, int]
    bounds: dict[str, int]
    """`<`, `>` and `~` -> how many."""
    units: dict[str, int]
    """Unit of the columns that are converted -> measurements; `pX` and `as they stand`."""
    targets: tuple[TargetSummary, ...]
    """Those with most values first."""
    targets_found: int
    duplicates: int
    """Cells with more than one value."""
    spread: float | None
    """Median range of the values of such a cell."""
    conflicts: tuple[str, ...]
    """Cells whose values differ most, in words."""
    questions: tuple[str, ...]
    """What is asked before anything is fitted, with the options that answer it."""
    rejects: tuple[Offence, ...]
    """The first rows and cells that cannot be used."""

    def as_object(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass
class _Seen:
    """What was found so far."""

    values: dict[Series, list[float]]
    bounds: Counter[str]
    bounds_of: Counter[Series]
    cells: dict[tuple[str, Series], list[float]]


def inspect_files(plans: Sequence[FilePlan], *, endpoint_in_target: bool = False, rows: int = _ROWS) -> Inspection:
    """Look at the first rows of each file as its plan reads them.

    Raises:
        OSError: A file cannot be read.
    """
    read = used = rejected = 0
    whole = True
    fates: Counter[str] = Counter()
    rejects: list[Offence] = []
    seen = _Seen(defaultdict(list), Counter(), Counter(), defaultdict(list))
    parents: dict[str, str | Unfragmentable] = {}
    structures = {
        record["compound"]: record["smiles"]
        for _, record in _records(plans, rows, (Role.STRUCTURES,))
        if record["kind"] == Kind.STRUCTURE
    }
    for plan, record in _records(plans, rows, (Role.WIDE, Role.LONG, Role.MEASUREMENTS)):
        match record["kind"]:
            case Kind.FILE:
                read += record["count"]
                whole &= record["count"] < rows
            case Kind.ACTIVITY:
                smiles = record["smiles"] if record["smiles"] is not None else structures.get(record["compound"])
                wrong = _learn(seen, record, smiles, parents)
                if wrong is None:
                    used += len(set(record["rows"]) & set(range(1, rows + 1)))
                else:
                    fates[wrong] += len(record["rows"])
                    rejected += len(record["rows"])
                    rejects.append(Offence(plan.source.name, record["first"], plan.smiles, smiles, wrong))
            case Kind.REJECT | Kind.OFFENCE if record["reason"] is not None:
                fates[record["reason"]] += 1
                rejected += record["count"] if record["kind"] == Kind.REJECT else 1
                rejects.append(Offence(plan.source.name, record["first"], record["column"], record["value"], record["reason"]))
    begun = Inspection(
        rows=read,
        whole=whole,
        used=used,
        rejected=rejected,
        fates={"used": used, **dict(fates.most_common(_LISTED))},
        endpoints={},
        bounds=dict(seen.bounds),
        units={},
        targets=(),
        targets_found=0,
        duplicates=0,
        spread=None,
        conflicts=(),
        questions=() if endpoint_in_target else tuple(_mixtures(seen)),
        rejects=tuple(rejects[:_LISTED]),
    )
    return _summed(plans, seen, begun)


def _records(plans: Sequence[FilePlan], rows: int, roles: Sequence[Role]) -> Iterator[tuple[FilePlan, dict[str, Any]]]:
    for plan in plans:
        if plan.role in roles:
            for batch in melt_file(plan, limit=rows):
                yield from ((plan, record) for record in batch.to_pylist())


def _learn(seen: _Seen, record: dict[str, Any], smiles: str | None, parents: dict[str, str | Unfragmentable]) -> str | None:
    """Take in a record's cells; why its molecule cannot be used, where it cannot."""
    if smiles is not None and smiles not in parents:
        try:
            parents[smiles] = standardise(smiles)
        except Unfragmentable as error:
            parents[smiles] = error
    parent = record["compound"] if smiles is None else parents[smiles]
    if isinstance(parent, Unfragmentable):
        return parent.reason
    for cell in record["cells"]:
        series = Series.read(cell["target"])
        if cell["relation"] in {Relation.EXACT, Relation.ABOUT}:
            seen.values[series].append(cell["value"])
            seen.cells[parent, series].append(cell["value"])
        else:
            seen.bounds_of[series] += 1
        if cell["relation"] != Relation.EXACT:
            seen.bounds[{Relation.BELOW: "<", Relation.ABOVE: ">", Relation.ABOUT: "~"}[Relation(cell["relation"])]] += 1
    return None


def _mixtures(seen: _Seen) -> Iterator[str]:
    """Targets at which endpoints would be averaged that say different things, as a question."""
    endpoints: dict[tuple[str, str], set[str]] = defaultdict(set)
    of_cells: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for parent, series in seen.cells:
        if series.endpoint:
            endpoints[series.target, series.organism].add(series.endpoint)
            of_cells[parent, series.target, series.organism].add(series.endpoint)
    averaged = {key[1:] for key, found in of_cells.items() if len(found) > 1}
    for key, found in endpoints.items():
        if len(found) > 1 and (key in averaged or not found <= AVERAGED):
            answers = [*(option("endpoint", name) for name in sorted(found)), option("endpoint_in_target")]
            yield f"{key[0]} has {', '.join(sorted(found))}, which are not averaged with each other: {', or '.join(answers)}"
            return


def _summed(plans: Sequence[FilePlan], seen: _Seen, begun: Inspection) -> Inspection:
    endpoints: Counter[str] = Counter()
    by_target: dict[str, list[Series]] = defaultdict(list)
    for series in {*seen.values, *seen.bounds_of}:
        by_target[f"{series.target} ({series.organism})" if series.organism else series.target].append(series)
        if series.endpoint:
            endpoints[series.endpoint] += len(seen.values[series]) + seen.bounds_of[series]
    targets = []
    for name, group in by_target.items():
        values = np.array([value for series in group for value in seen.values[series]])
        low, median, high = (float(np.quantile(values, share)) for share in (0, 0.5, 1)) if len(values) else (None, None, None)
        known = tuple(sorted({series.endpoint for series in group if series.endpoint}))
        bounds = sum(seen.bounds_of[series] for series in group)
        targets.append(TargetSummary(name, group[0].title, known, len(values), bounds, low, median, high))
    targets.sort(key=lambda each: (-each.values, each.target))
    many = {key: values for key, values in seen.cells.items() if len(values) > 1}
    ranges = sorted(
        ((max(values) - min(values), key, values) for key, values in many.items()), key=lambda each: (-each[0], each[1][0])
    )
    conflicts = [
        f"{key[0]} at {key[1].target}: {', '.join(f'{value:g}' for value in values[:6])}"
        for width, key, values in ranges[:_CONFLICTS]
        if width > 0
    ]
    units: Counter[str] = Counter()
    for plan in plans:
        for column in plan.described:
            if column.role == "value":
                units[column.unit or "as they stand"] += 1
    return replace(
        begun,
        endpoints=dict(endpoints.most_common()),
        units=dict(units),
        targets=tuple(targets[:_TARGETS]),
        targets_found=len(targets),
        duplicates=len(many),
        spread=float(np.median([width for width, _, _ in ranges])) if ranges else None,
        conflicts=tuple(conflicts),
    )
