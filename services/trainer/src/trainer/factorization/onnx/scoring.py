"""Scoring: what a run's model or prediction graph says of molecules, batch by batch, in whatever process the batches come to.

Molecules are cut as the ingestion cuts them: the numbers are those of `POST /v1/predictions` before they are rounded.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime
import pyarrow as pa

from chemistry import Molecule, Unfragmentable, fragment
from chemistry.fingerprints import fingerprint
from contracts.predictions import BOUNDS, MODEL_FILE, SCHEMA, Scale
from prediction.predictor import Asked, Predictor
from trainer.data.library import SCORES

__all__ = ["Scorer"]

Floats = npt.NDArray[np.float32]
Answers = Callable[[list[list[int]], list[int], Sequence[Molecule]], dict[str, Floats]]

_BATCH: Final = 256
_CELLS: Final = 50_000
"""Molecules times targets that the graph is asked at once: with 48 draws, 10 MB."""
_ERRORS_ONLY: Final = 3


@dataclass(frozen=True)
class Scorer:
    """Scores batches of `trainer.data.library.LIBRARY`; opened where it is called, so that it travels as a few words."""

    file: Path
    """`predictions.onnx` of a run, or its model file, where every worker finds it."""
    targets: tuple[str, ...] = ()
    """Those that are asked for; all of the run's where there are none."""

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Batches of `trainer.data.library.SCORES`."""
        network = self._open(self.targets)
        for batch in batches:
            for first in range(0, batch.num_rows, network.batch):
                yield network.scores(batch.slice(first, network.batch).to_pylist())

    @cached_property
    def scale(self) -> Scale:
        """What the predictions are."""
        return self._open(()).scale

    @cached_property
    def known_targets(self) -> tuple[str, ...]:
        """The run's targets in order of id."""
        return tuple(self._open(()).targets)

    def _open(self, targets: Sequence[str]) -> "_Network | _Model":
        return _Model(self.file, targets) if self.file.name == MODEL_FILE else _Network(self.file, targets)


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
        return _scored(rows, self.targets, self._fragments, self._answers)

    def _answers(self, known: list[list[int]], unseen: list[int], _: Sequence[Molecule]) -> dict[str, Floats]:
        question = {
            "fragments": np.array([place for ids in known for place in ids], dtype=np.int64),
            "compounds": np.repeat(np.arange(len(known), dtype=np.int64), [len(ids) for ids in known]),
            "unseen": np.array(unseen, dtype=np.float32),
            "targets": self._places_M,
        }
        return dict(zip(self._outputs, self._session.run(self._outputs, question), strict=True))


class _Model:
    """An open model file."""

    def __init__(self, file: Path, targets: Sequence[str]) -> None:
        self._predictor = Predictor.open(file)
        self.scale = self._predictor.scale
        self._fragments = {name: place for place, name in enumerate(json.loads(self._predictor.about["fragments"]))}
        names: list[str] = json.loads(self._predictor.about["targets"])
        places = {name: place for place, name in enumerate(names)}
        self.targets = list(targets) or names
        self._places_M = np.array([places[name] for name in self.targets], dtype=np.int64)
        self.batch = _BATCH

    def scores(self, rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
        """Of rows of a library."""
        return _scored(rows, self.targets, self._fragments, self._answers)

    def _answers(self, known: list[list[int]], _: list[int], molecules: Sequence[Molecule]) -> dict[str, Floats]:
        answers = []
        for ids, molecule in zip(known, molecules, strict=True):
            fragments = np.array(sorted(set(ids)), dtype=np.int64)
            asked = Asked(fragments, fingerprint(molecule.parent), self._predictor.compounds.find(molecule.parent))
            answers.append(self._predictor.predict(asked, self._places_M))
        return {
            "predictions": np.array([each.prediction_M for each in answers], dtype=np.float32),
            "low": np.array([each.low_M for each in answers], dtype=np.float32),
            "high": np.array([each.high_M for each in answers], dtype=np.float32),
        }


def _scored(
    rows: Sequence[dict[str, Any]], targets: Sequence[str], fragments: dict[str, int], answers: Answers
) -> pa.RecordBatch:
    """Rows of a library with what `answers` says, B x M, of known fragments, how many are unknown, and molecules."""
    cut = [(row, _cut(row["smiles"])) for row in rows]
    read = [(row, molecule) for row, molecule in cut if isinstance(molecule, Molecule)]
    refused = pa.RecordBatch.from_pylist(
        [{**row, "reason": reason} for row, reason in cut if isinstance(reason, str)], schema=SCORES
    )
    if not read:
        return refused
    known = [[fragments[name] for name in molecule.fragments if name in fragments] for _, molecule in read]
    unseen = [len(molecule.fragments) - len(ids) for (_, molecule), ids in zip(read, known, strict=True)]
    said = answers(known, unseen, [molecule for _, molecule in read])
    B, M = said["predictions"].shape
    each_N = np.repeat(np.arange(B), M)
    columns: dict[str, pa.Array] = {
        name: pa.array([row[name] for row, _ in read], SCORES.field(name).type).take(each_N)
        for name in ("file", "row", "compound", "smiles")
    }
    columns["parent"] = pa.array([molecule.parent for _, molecule in read]).take(each_N)
    columns["target"] = pa.array(targets).take(np.tile(np.arange(M), B))
    columns["prediction"] = pa.array(said["predictions"].ravel())
    columns |= {name: pa.array(said[name].ravel()) for name in BOUNDS if name in said}
    columns["known"] = pa.array([len(ids) for ids in known], pa.int32()).take(each_N)
    columns["unseen"] = pa.array(unseen, pa.int32()).take(each_N)
    scores = pa.RecordBatch.from_arrays(
        [columns.get(field.name, pa.nulls(B * M, field.type)) for field in SCORES], schema=SCORES
    )
    return pa.concat_batches([refused, scores])


def _cut(smiles: str) -> Molecule | str:
    """The molecule, or the reason why it has no fragments."""
    try:
        return fragment(smiles)
    except Unfragmentable as error:
        return error.reason
