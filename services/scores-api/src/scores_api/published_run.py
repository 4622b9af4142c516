"""A published run: the files of its artifact (`published.form`), opened for reading.

What is calculated with is taken into memory when the run is opened; lists and ready-made bodies stay on disk. Nothing is
believed without its checksum: a run is compared whole when it is opened, and each page again whenever it is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from contracts.evidence import MATRIX_FRAGMENTS
from contracts.kinds import RANKINGS, SimilarityKind
from prediction.model_file import InvalidModelFile, arrays_in
from published import form
from published.form import FragmentColumns, Head, RunRecord, TargetColumns
from published.pages import FileDamaged, PagedFile
from replacement.replacements import FILE as REPLACEMENTS_FILE
from replacement.replacements import Replacements
from scores_api.failures import MatrixTooLarge, SimilarityUnavailable
from scores_api.fragments import Fragments
from scores_api.models.factors import FactorSide
from scores_api.neighbours import NeighbourLists
from scores_api.similarities.kind import Kind
from scores_api.similarities.kinds import kinds_of

__all__ = ["Factors", "PublishedRun"]

_SMALL_BYTES: Final = 64 * 1024
"""Bodies up to this size are kept in memory."""


@dataclass(frozen=True)
class Factors:
    """Vectors of one side; the id is the row."""

    names: Sequence[str]
    vector_NK: npt.NDArray[np.float64]
    balanced_NK: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PublishedRun:
    """Everything the API answers about one run."""

    record: RunRecord
    fragments: Fragments
    factors: Mapping[FactorSide, Factors]
    units: Sequence[str | None]
    """Of the values of each target: pIC50, ..., pX, %; None where the data do not say."""
    similarities: Mapping[SimilarityKind, Kind]
    replacements: Replacements | None
    """What replacements of fragments change; None where none were measured."""
    neighbours: Mapping[SimilarityKind, NeighbourLists]
    reject_offsets: npt.NDArray[np.int64]
    """Where each rejected row or cell begins in `rejects.jsons`, and where the last ends."""
    files: Mapping[str, PagedFile]
    """All files of the artifact: they outlive the directory."""
    bodies: Mapping[str, bytes]
    """Small ones."""

    @classmethod
    def open(cls, directory: Path, head: Head, record: RunRecord) -> Self:
        """Open a run, after comparing every file with its checksum: half a millisecond a megabyte.

        Raises:
            FileDamaged: one is missing or differs.
        """
        files = {name: PagedFile(directory / name, stated) for name, stated in head.files.items()}
        for file in files.values():
            file.check()
        try:
            return cls._of(record, files)
        except (KeyError, ValueError, InvalidModelFile) as error:
            raise FileDamaged(directory, f"is no whole run: {error}") from error

    @classmethod
    def _of(cls, record: RunRecord, files: Mapping[str, PagedFile]) -> Self:
        columns = FragmentColumns.model_validate_json(files[form.FRAGMENTS].whole())
        targets = TargetColumns.model_validate_json(files[form.TARGETS].whole())
        arrays, _ = arrays_in(files[form.ARRAYS].whole(), form.ARRAYS)
        replacements = (
            Replacements.read(files[REPLACEMENTS_FILE].whole(), REPLACEMENTS_FILE) if REPLACEMENTS_FILE in files else None
        )
        names = {FactorSide.FRAGMENTS: columns.names, FactorSide.TARGETS: targets.names}
        return cls(
            record=record,
            fragments=Fragments(run=record.id, **dict(columns)),
            factors={side: _factors(side, names[side], arrays) for side in FactorSide},
            units=targets.units,
            similarities=kinds_of(arrays, record.objective, replacements),
            replacements=replacements,
            neighbours={
                kind: NeighbourLists(files[form.neighbours_file(kind)], arrays[f"neighbours.{kind}"])
                for kind in RANKINGS
                if form.neighbours_file(kind) in files
            },
            reject_offsets=arrays["reject_offsets"],
            files=files,
            bodies={name: file.whole() for name, file in files.items() if file.size_bytes <= _SMALL_BYTES},
        )

    @property
    def run(self) -> str:
        """Its id."""
        return self.record.id

    def body(self, name: str) -> bytes | memoryview:
        """A ready-made body: a document of `published.form`. A large one takes half a millisecond a megabyte.

        Raises:
            FileDamaged: it is not as it was written.
        """
        return self.bodies[name] if name in self.bodies else self.files[name].mapped()

    @property
    def rejects(self) -> int:
        """Rows and cells that were left out."""
        return len(self.reject_offsets) - 1

    def reject_lines(self, ids: Sequence[int]) -> list[bytes]:
        """The JSON objects of consecutive ones; raises FileDamaged."""
        if not ids:
            return []
        ends = self.reject_offsets[ids[0] : ids[-1] + 2].tolist()
        content = self.files[form.REJECT_LINES].read(ends[0], ends[-1] - ends[0])
        return [content[start - ends[0] : end - ends[0]] for start, end in pairwise(ends)]

    def require_matrix(self) -> None:
        """Refuse where the body of `GET /cosine/score` is not published.

        Raises:
            MatrixTooLarge: the run shows too many fragments to publish their matrix whole.
            SimilarityUnavailable: it tells nothing that the matrix could show.
        """
        if form.SCORES not in self.files and self.record.shown_fragments <= MATRIX_FRAGMENTS:
            raise SimilarityUnavailable(self.run, SimilarityKind.FUNCTION.value)
        if form.SCORES not in self.files:
            raise MatrixTooLarge(self.run, self.record.shown_fragments)

    def similarity(self, kind: SimilarityKind, ids: Sequence[int]) -> Kind:
        """A kind of similarity that the run tells of these fragments.

        Raises:
            SimilarityUnavailable: it does not.
        """
        found = self.similarities.get(kind)
        if found is None or not found.knows(ids):
            raise SimilarityUnavailable(self.run, kind.value)
        return found


def _factors(side: FactorSide, names: Sequence[str], arrays: Mapping[str, npt.NDArray[Any]]) -> Factors:
    return Factors(names=names, vector_NK=arrays[f"{side}.vector"], balanced_NK=arrays[f"{side}.balanced"])
