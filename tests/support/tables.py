"""Files read to an Activity in this process, by what Spark's workers run and without Spark."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from trainer.data.activity import Activity
from trainer.runs.ingest import IngestOptions
from trainer.spark.ingest.assembly import assemble
from trainer.spark.ingest.molecules import cut, join_structures
from trainer.tables.files import find_files
from trainer.tables.melting import melt_files
from trainer.tables.plan import FilePlan, Role
from trainer.tables.planning import plan_files
from trainer.tables.records import MOLECULES, RECORDS, Kind

__all__ = ["bounds", "cells", "plans_of", "read"]


def plans_of(*paths: Path, **options: Any) -> list[FilePlan]:
    """How the files are read."""
    return plan_files(find_files(paths), IngestOptions(**options))


def read(*paths: Path, **options: Any) -> Activity:
    """What the files state; raises InvalidData."""
    asked = IngestOptions(**options)
    plans = plan_files(find_files(paths), asked)
    tasks = pa.RecordBatch.from_pydict({"file": list(range(len(plans)))})
    records = pa.Table.from_batches(melt_files(plans, [tasks]), RECORDS)
    stating = pc.is_in(records["kind"], pa.array([Kind.ACTIVITY, Kind.STRUCTURE]))
    molecules = cut(plans, records.filter(stating).to_batches())
    if any(plan.role is Role.STRUCTURES for plan in plans):
        molecules = join_structures(plans, molecules)
    found = pa.Table.from_batches(molecules, MOLECULES)
    told = records.filter(pc.invert(stating))
    return assemble(told, found, plans, asked, digest="0" * 16, source=", ".join(path.name for path in paths))


def cells(activity: Activity) -> dict[tuple[str, str], float]:
    """(compound's SMILES, target) -> value."""
    return {(compound, target): value for compound, target, _, value in _stated(activity, activity.cells)}


def bounds(activity: Activity) -> dict[tuple[str, str], tuple[str, float]]:
    """(compound's SMILES, target) -> (relation, value)."""
    return {(compound, target): (relation, value) for compound, target, relation, value in _stated(activity, activity.bounds)}


def _stated(activity: Activity, table: pa.Table) -> list[tuple[str, str, str, float]]:
    compounds, targets = activity.compounds["smiles"].to_pylist(), activity.targets["name"].to_pylist()
    return [
        (compounds[row["compound"]], targets[row["target"]], row["relation"], round(row["value"], 9))
        for row in table.to_pylist()
    ]
