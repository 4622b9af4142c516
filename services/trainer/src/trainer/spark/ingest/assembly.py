"""Assembly: from what workers tell of files and molecules to an Activity in which every row that was read has its fate."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from contracts.kinds import ActivityKind
from contracts.tables import TABLES
from trainer.data.activity import Activity
from trainer.data.offences import InvalidData, Offence
from trainer.runs.ingest import IngestOptions, OnError
from trainer.spark.ingest.facts import Facts, facts_of
from trainer.tables.merging import MixedEndpoints
from trainer.tables.plan import FilePlan, Role
from trainer.tables.questions import option, question
from trainer.tables.records import Kind

__all__ = ["assemble", "rows_read"]


def assemble(
    told: pa.Table, found: pa.Table, plans: Sequence[FilePlan], options: IngestOptions, *, digest: str, source: str
) -> Activity:
    """The facts of all files.

    Args:
        told: Records that are offences, rejects and ends of files.
        found: Records of molecules, and of rows whose molecules cannot be used.
        plans: How the files were read.
        options: What was asked.
        digest: Names the facts.
        source: What the user named.

    Raises:
        InvalidData: As `ingest.ingest`.
    """
    read = rows_read(told, plans)
    spoiled = _rejects(found, plans)
    if spoiled and options.on_error is OnError.FAIL:
        raise InvalidData(spoiled)
    molecules = found.filter(pc.equal(found["kind"], Kind.ACTIVITY))
    facts = _facts(molecules, plans, options)
    rows_used = pc.sum(pc.list_value_length(molecules["rows"])).as_py() or 0
    whole = len(spoiled) + (pc.sum(told.filter(pc.equal(told["kind"], Kind.REJECT))["count"]).as_py() or 0)
    rejects = [*_rejects(told, plans), *spoiled, *_ties(facts, plans)]
    if rows_used + whole != read:
        raise RuntimeError(f"{read} rows were read, but {rows_used} used and {whole} rejected.")
    if not len(facts.fragments) or not len(facts.cells):
        reason = f"leaves nothing to learn from: {whole:,} of {read:,} rows were rejected, "
        reason += f"{len(facts.bounds):,} cells are bounds alone, " if len(facts.bounds) and not len(facts.cells) else ""
        reason += f"and {len(facts.fragments):,} fragments are in two compounds or more"
        raise InvalidData([Offence(source, None, None, None, reason), *rejects])
    return Activity(
        digest=digest,
        source=source,
        kind=facts.kind,
        fragments=facts.fragments,
        compounds=facts.compounds,
        targets=facts.targets,
        membership=facts.membership,
        cells=facts.cells,
        bounds=facts.bounds,
        rejects=_rejects_table(rejects),
        ingest={
            "files": len(plans),
            "rows_read": read,
            "rows_used": rows_used,
            "rows_rejected": whole,
            "cells_rejected": len(rejects) - whole,
            "molecules_rejected": len(spoiled),
            "salts": _salts(molecules),
            **facts.counts,
            "cells": len(facts.cells),
            "compounds": len(facts.compounds),
            "targets": len(facts.targets),
            "targets_without_cells": _unstated(plans, facts),
            "fragments_found": facts.found,
            "fragments": len(facts.fragments),
            "fragments_shown": pc.sum(facts.fragments["shown"]).as_py() or 0,
        },
    )


def _facts(molecules: pa.Table, plans: Sequence[FilePlan], options: IngestOptions) -> Facts:
    """The facts; measurements that would be averaged although they are of different endpoints are a question."""
    kind = options.activity_kind or _stated_kind(plans)
    try:
        return facts_of(molecules, kind, endpoint_in_target=options.endpoint_in_target)
    except MixedEndpoints as mixed:
        listed = ", ".join(f"{name} ({number:,})" for name, number in mixed.endpoints.items() if name)
        column = next((plan.endpoint for plan in plans if plan.endpoint is not None), None)
        answers = [option("endpoint", name) for name in mixed.endpoints if name] + [option("endpoint_in_target")]
        reason = f"states {listed} of one target, {mixed.target}, which are not averaged with each other"
        raise InvalidData([question(", ".join(plan.source.name for plan in plans), column, reason, answers)]) from None


def _salts(molecules: pa.Table) -> int:
    """Rows whose molecule was written in several parts, of which one is the compound."""
    apart = pc.fill_null(pc.match_substring_regex(molecules["smiles"], r"^[^\s/]*\.[^\s/]*(\s|$)"), False)
    return pc.sum(pc.list_value_length(molecules.filter(apart)["rows"])).as_py() or 0


def _unstated(plans: Sequence[FilePlan], facts: Facts) -> int:
    """How many columns of wide tables state nothing."""
    declared = {name for plan in plans for name in plan.targets if plan.role is Role.WIDE}
    stated = {
        name for name, cells in zip(*(facts.targets[field].to_pylist() for field in ("name", "cells")), strict=True) if cells
    }
    return len(declared - stated)


def _ties(facts: Facts, plans: Sequence[FilePlan]) -> list[Offence]:
    reason = "is contradicted by as many rows as agree with it"
    return [Offence(plans[tie.file].source.name, tie.row, tie.target, f"{tie.value:g}", reason) for tie in facts.ties]


def rows_read(told: pa.Table, plans: Sequence[FilePlan]) -> int:
    """How many rows were read; raises InvalidData where something stops the ingestion."""
    offences, more, rows = [], 0, 0
    for record in told.sort_by([("file", "ascending"), ("first", "ascending")]).to_pylist():
        name = plans[record["file"]].source.name
        if record["kind"] == Kind.OFFENCE and record["reason"] is not None:
            offences.append(Offence(name, record["first"], record["column"], record["value"], record["reason"]))
        elif record["kind"] == Kind.OFFENCE:
            more += record["count"]
        elif record["kind"] == Kind.FILE:
            rows += record["count"]
            if not record["count"]:
                offences.append(Offence(name, None, None, None, "holds no rows"))
    if offences:
        raise InvalidData(offences, len(offences) + more)
    return rows


def _rejects(records: pa.Table, plans: Sequence[FilePlan]) -> list[Offence]:
    """The rejected rows, those of structures first: they are why measurements are rejected."""
    columns = ["file", "first", "column", "value", "reason"]
    rejected = records.filter(pc.equal(records["kind"], Kind.REJECT)).select(columns).to_pylist()
    rejected.sort(key=lambda row: (plans[row["file"]].role is not Role.STRUCTURES, row["file"], row["first"]))
    return [Offence(plans[row["file"]].source.name, *(row[column] for column in columns[1:])) for row in rejected]


def _rejects_table(rejects: Sequence[Offence]) -> pa.Table:
    rows = [
        {"file": one.file, "row": one.row, "column": one.column, "value": one.value, "reason": one.reason} for one in rejects
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["rejects"].schema)


def _stated_kind(plans: Sequence[FilePlan]) -> ActivityKind | None:
    """Real where a file says that it holds pX or concentrations, positives where none holds values; else the values tell."""
    measures = [measure for plan in plans for measure in plan.measures]
    if any(measure.scale is not None or measure.unit is not None or measure.in_cells for measure in measures):
        return ActivityKind.REAL
    return ActivityKind.POSITIVES if measures and all(measure.column is None for measure in measures) else None
