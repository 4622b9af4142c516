"""Scoring: what a run's prediction graph says of molecules, batch by batch, in whatever process the batches come to.

Molecules are cut as the ingestion cuts them, and the graph is asked by ONNX Runtime: the numbers are those of
`POST /v1/predictions` before they are rounded.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime
import pyarrow as pa

from chemistry import Molecule, Unfragmentable, fragment
from contracts.predictions import BOUNDS, SCHEMA, Scale
from trainer.data.library import SCORES

__all__ = ["Scorer"]

_BATCH: Final = 256
_CELLS: Final = 50_000
"""Molecules times targets that the graph is asked at once: with 48 draws, 10 MB."""
_ERRORS_ONLY: Final = 3


@dataclass(frozen=True)
class Scorer:
    """Scores batches of `trainer.data.library.LIBRARY`; opened where it is called, so that it travels as a few words."""

    graph: Path
    """`predictions.onnx` of a run, where every worker finds it."""
    targets: tuple[str, ...] = ()
    """Those that are asked for; all of the run's where there are none."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batches of `trainer.data.library.SCORES`."""
        network = _Network(self.graph, self.targets)
        for batch in batches:
            for first in range(0, batch.num_rows, network.batch):
                yield network.scores(batch.slice(first, network.batch).to_pylist())

    @cached_property
    def scale(self) -> Scale:
        """What the predictions are."""
        return _Network(self.graph, ()).scale

    @cached_property
    def known_targets(self) -> tuple[str, ...]:
        """The run's targets in order of id."""
        return tuple(_Network(self.graph, ()).targets)


class _Network:
    """An open graph."""

    def __init__(self, graph: Path, targets: Sequence[str]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # each worker of Spark has one core
        options.log_severity_level = _ERRORS_ONLY
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        stated = self._session.get_modelmeta().custom_metadata_map
        if stated.get("schema") != SCHEMA:
            raise ValueError(f"{graph.name} has the schema {stated.get('schema')!r}, expected {SCHEMA!r}")
        self.scale = Scale(stated["scale"])
        present = {output.name for output in self._session.get_outputs()}
        self._outputs = [name for name in ("predictions", *BOUNDS) if name in present]
        self._fragments = {name: place for place, name in enumerate(json.loads(stated["fragments"]))}
        names: list[str] = json.loads(stated["targets"])
        places = {name: place for place, name in enumerate(names)}
        self.targets = list(targets) or names
        self._places_M = np.array([places[name] for name in self.targets], dtype=np.int64)
        self.batch = max(1, min(_BATCH, _CELLS // max(len(self.targets), 1)))

    def scores(self, rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
        """Of rows of a library."""
        cut = [(row, _cut(row["smiles"])) for row in rows]
        read = [(row, molecule) for row, molecule in cut if isinstance(molecule, Molecule)]
        refused = [{**row, "reason": reason} for row, reason in cut if isinstance(reason, str)]
        parts = [pa.RecordBatch.from_pylist(refused, schema=SCORES)]
        if read:
            parts.append(self._predicted(read))
        return pa.concat_batches(parts)

    def _predicted(self, molecules: Sequence[tuple[dict[str, Any], Molecule]]) -> pa.RecordBatch:
        known = [[self._fragments[name] for name in molecule.fragments if name in self._fragments] for _, molecule in molecules]
        unseen = [len(molecule.fragments) - len(ids) for (_, molecule), ids in zip(molecules, known, strict=True)]
        question = {
            "fragments": np.array([place for ids in known for place in ids], dtype=np.int64),
            "compounds": np.repeat(np.arange(len(known), dtype=np.int64), [len(ids) for ids in known]),
            "unseen": np.array(unseen, dtype=np.float32),
            "targets": self._places_M,
        }
        found: dict[str, npt.NDArray[np.float32]] = dict(
            zip(self._outputs, self._session.run(self._outputs, question), strict=True)
        )
        B, M = found["predictions"].shape
        each_N = np.repeat(np.arange(B), M)
        columns: dict[str, pa.Array] = {
            name: pa.array([row[name] for row, _ in molecules], SCORES.field(name).type).take(each_N)
            for name in ("file", "row", "compound", "smiles")
        }
        columns["parent"] = pa.array([molecule.parent for _, molecule in molecules]).take(each_N)
        columns["target"] = pa.array(self.targets).take(np.tile(np.arange(M), B))
        columns["prediction"] = pa.array(found["predictions"].ravel())
        columns |= {name: pa.array(found[name].ravel()) for name in BOUNDS if name in found}
        columns["known"] = pa.array([len(ids) for ids in known], pa.int32()).take(each_N)
        columns["unseen"] = pa.array(unseen, pa.int32()).take(each_N)
        return pa.RecordBatch.from_arrays(
            [columns.get(field.name, pa.nulls(B * M, field.type)) for field in SCORES], schema=SCORES
        )


def _cut(smiles: str) -> Molecule | str:
    """The molecule, or the reason why it has no fragments."""
    try:
        return fragment(smiles)
    except Unfragmentable as error:
        return error.reason
