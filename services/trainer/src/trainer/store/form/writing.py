"""Writing: everything that services read of a run, into the directory of its artifact."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from chemistry.properties import Properties, properties
from contracts.kinds import RANKINGS, Objective, SimilarityKind
from prediction.model_file import write_arrays
from published import form
from trainer.store.form.documents import write_curve, write_factors, write_rejects, write_scores, write_trajectory
from trainer.store.form.likeness import likeness_arrays

__all__ = ["MEDIA_TYPES", "write_form"]

Tables = Mapping[str, pa.Table]

_JSON: Final = "application/json"
_ARROW: Final = "application/vnd.apache.arrow.stream"
_BYTES: Final = "application/octet-stream"
MEDIA_TYPES: Final = {
    **dict.fromkeys(
        (form.HEAD, form.RUN, form.FRAGMENTS, form.TARGETS, form.SCORES, form.CURVE, form.TRAJECTORY, form.MAP), _JSON
    ),
    **dict.fromkeys((form.factors_stream(side) for side in form.SIDES), _ARROW),
    **dict.fromkeys((form.neighbours_file(kind) for kind in RANKINGS), _BYTES),
    form.REJECT_LINES: _BYTES,
    form.REJECT_TABLE: "text/csv",
    form.ARRAYS: _BYTES,
}
"""Of every file that is written, by name."""


def write_form(directory: Path, run: str, facts: Tables, tables: Tables) -> None:
    """Write the form of a run from the facts and the results that Spark writes as tables, the head last.

    Whatever else the artifact holds lies in `directory` already: the head vouches for it too.
    """
    fragments = _columns(facts["fragments"])
    names_T, units_T = (facts["targets"][column].to_pylist() for column in ("name", "unit"))
    targets = form.TargetColumns(names=names_T, units=units_T)
    names: dict[form.Side, list[str]] = {"fragments": fragments.names, "targets": targets.names}
    (directory / form.FRAGMENTS).write_text(fragments.model_dump_json(), encoding="utf-8")
    (directory / form.TARGETS).write_text(targets.model_dump_json(), encoding="utf-8")
    arrays: dict[str, npt.NDArray[Any]] = {"reject_offsets": write_rejects(directory, facts["rejects"])}
    for side in form.SIDES:
        rows = tables["factors"].filter(pc.equal(tables["factors"]["side"], side))
        arrays |= write_factors(directory, run, side, names[side], rows)
    for ranking in (kind for kind in RANKINGS if kind in _similarities(facts, tables)):
        arrays[f"neighbours.{ranking}"] = _write_neighbours(directory, ranking, len(fragments.names), tables["neighbours"])
    if "likeness" in tables:
        arrays |= likeness_arrays(tables["likeness"])
    write_arrays(directory / form.ARRAYS, arrays, {"run": run})
    if "scores" in tables:
        write_scores(directory, fragments.names, tables["scores"])
    write_curve(directory, run, tables["runs"]["curve"][0].as_py())
    write_trajectory(directory, run, fragments.names, tables["trajectory"])
    (directory / form.RUN).write_text(_record(run, facts, tables).model_dump_json(), encoding="utf-8")
    form.write_head(directory)


def _columns(fragments: pa.Table) -> form.FragmentColumns:
    columns = ("name", "smiles", "support", "scaffolds", "shown")
    names, smiles, support, scaffolds, shown = (fragments[name].to_pylist() for name in columns)
    like = [None if each is None else properties(each) for each in smiles]
    told = {name: [None if each is None else getattr(each, name) for each in like] for name in Properties._fields}
    return form.FragmentColumns(names=names, smiles=smiles, support=support, scaffolds=scaffolds, shown=shown, **told)


def _write_neighbours(directory: Path, ranking: SimilarityKind, fragments: int, neighbours: pa.Table) -> npt.NDArray[np.int64]:
    """Write the rows of one ranking, which are sorted by fragment and rank; where each fragment's begin."""
    rows = neighbours.filter(pc.equal(neighbours["ranking"], ranking.value))
    packed = np.empty(len(rows), dtype=form.NEIGHBOUR)
    for name in form.NEIGHBOUR.names or ():
        packed[name] = rows[name].to_numpy(zero_copy_only=False)
    packed.tofile(directory / form.neighbours_file(ranking))
    return np.searchsorted(rows["fragment"].to_numpy(), np.arange(fragments + 1)).astype(np.int64)


def _record(run: str, facts: Tables, tables: Tables) -> form.RunRecord:
    """The row of the table `runs`, and how large everything is."""
    row = tables["runs"].to_pylist()[0]
    del row["curve"]
    factors, shown = tables["factors"]["balanced"], facts["fragments"]["shown"].to_pylist()
    stated = {name: json.loads(row.pop(name) or "null") for name in ("spec", "ingest", "plan", "metrics")}
    return form.RunRecord(
        id=run,
        fragments=len(shown),
        shown_fragments=sum(shown),
        compounds=len(facts["compounds"]),
        targets=len(facts["targets"]),
        rank=len(factors[0]) if len(factors) else 0,
        similarities=_similarities(facts, tables),
        **stated,
        **row,
    )


def _similarities(facts: Tables, tables: Tables) -> list[SimilarityKind]:
    """What the run tells of its fragments, what its pages show first."""
    kinds = []
    if tables["runs"]["objective"][0].as_py() == Objective.COUNTS:
        kinds += [SimilarityKind.BALANCED, SimilarityKind.FUNCTION]
    elif "replacements" in tables:
        kinds.append(SimilarityKind.FUNCTION)
    if "likeness" in tables:
        has_structures = facts["fragments"]["smiles"].null_count < len(facts["fragments"])
        kinds += [SimilarityKind.STRUCTURE] * has_structures + [SimilarityKind.COASSAY]
    return kinds
