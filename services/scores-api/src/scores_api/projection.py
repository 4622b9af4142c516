"""A projection: one published run, mapped from the cache for reading at the speed of memory."""

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from contracts.kinds import SimilarityKind
from scores_api import layout
from scores_api.failures import MatrixTooLarge
from scores_api.fragments import Fragments
from scores_api.layout import ProjectedFile, ProjectedFragments, ProjectedTargets, ProjectionHead
from scores_api.models.factors import FactorSide
from scores_api.neighbours import NeighbourLists
from scores_api.similarity import interval_matrices, percent_matrix

__all__ = ["DamagedProjection", "Factors", "Projection", "verify"]


class DamagedProjection(Exception):
    """A projection that is of another format, incomplete or changed; the text says how."""


@dataclass(frozen=True)
class Factors:
    """Vectors of one side; the id is the row."""

    names: tuple[str, ...] | list[str]
    vector_NK: npt.NDArray[np.float64]
    balanced_NK: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Projection:
    """Everything the API answers about one run."""

    run: str
    fragments: Fragments
    factors: Mapping[FactorSide, Factors]
    draws_FSK: npt.NDArray[np.float16] | None
    """Posterior draws of directions, where the run has a posterior."""
    neighbours: Mapping[SimilarityKind, NeighbourLists]
    documents: Mapping[str, memoryview]
    """Ready-made bodies by file name, mapped: they outlive the directory."""

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Map a projection after comparing every file with the head's digest.

        Raises:
            DamagedProjection: something is missing or differs.
        """
        try:
            return cls._mapped(directory, verify(directory))
        except (OSError, ValueError, KeyError) as error:
            raise DamagedProjection(f"{directory}: {error}") from error

    @classmethod
    def _mapped(cls, directory: Path, head: ProjectionHead) -> Self:
        columns = ProjectedFragments.model_validate_json((directory / layout.FRAGMENTS).read_bytes())
        fragments = Fragments(
            run=head.run,
            names=columns.names,
            smiles=columns.smiles,
            support=columns.support,
            scaffolds=columns.scaffolds,
            shown=columns.shown,
        )
        targets = ProjectedTargets.model_validate_json((directory / layout.TARGETS).read_bytes())
        names = {FactorSide.FRAGMENTS: columns.names, FactorSide.TARGETS: targets.names}
        return cls(
            run=head.run,
            fragments=fragments,
            factors={
                side: Factors(
                    names=names[side],
                    vector_NK=_array(directory / layout.vectors_array(side.value, "vector")),
                    balanced_NK=_array(directory / layout.vectors_array(side.value, "balanced")),
                )
                for side in FactorSide
            },
            draws_FSK=_array(directory / layout.DRAWS) if layout.DRAWS in head.files else None,
            neighbours={
                kind: NeighbourLists(directory / layout.neighbours_file(kind), np.load(directory / layout.offsets_array(kind)))
                for kind in SimilarityKind
            },
            documents={name: _mapping(directory / name) for name in head.files if name in layout.DOCUMENTS},
        )

    def document(self, name: str) -> memoryview:
        """A ready-made body: `layout.CURVE`, `layout.TRAJECTORY` or a factors stream."""
        return self.documents[name]

    def scores(self) -> memoryview:
        """The body of `GET /cosine/score`.

        Raises:
            MatrixTooLarge: the run shows too many fragments to publish their matrix whole.
        """
        try:
            return self.documents[layout.SCORES]
        except KeyError:
            raise MatrixTooLarge(self.run, sum(self.fragments.shown)) from None

    def percents(self, ids: list[int], similarity: SimilarityKind) -> npt.NDArray[np.float64]:
        """Similarities among fragments, shape (len(ids), len(ids)), in percent: the posterior mean where there is one."""
        if similarity is SimilarityKind.FUNCTION and self.draws_FSK is not None:
            return percent_matrix(self.draws_FSK[ids].reshape(len(ids), -1).astype(np.float64))
        factors = self.factors[FactorSide.FRAGMENTS]
        rows_FK = factors.vector_NK if similarity is SimilarityKind.FUNCTION else factors.balanced_NK
        return percent_matrix(rows_FK[ids])

    def intervals(
        self, ids: list[int], similarity: SimilarityKind
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
        """Between which percents each similarity lies with 90 %; None where the run has no posterior of it."""
        if similarity is not SimilarityKind.FUNCTION or self.draws_FSK is None:
            return None
        return interval_matrices(self.draws_FSK[ids])


def verify(directory: Path) -> ProjectionHead:
    """The head of a projection, after comparing every file with it.

    Raises:
        DamagedProjection: something is missing or differs.
    """
    try:
        head = ProjectionHead.model_validate_json((directory / layout.HEAD).read_bytes())
        changed = [name for name, stated in head.files.items() if not _is_as_stated(directory / name, stated)]
    except (OSError, ValueError) as error:
        raise DamagedProjection(f"{directory}: {error}") from error
    if head.format != layout.FORMAT or changed:
        raise DamagedProjection(f"{directory}: format {head.format}, changed {changed}")
    return head


def _is_as_stated(path: Path, stated: ProjectedFile) -> bool:
    return path.stat().st_size == stated.size_bytes and layout.digest(path) == stated.blake2b


def _array(path: Path) -> npt.NDArray[Any]:
    """The array in a file, mapped; as a plain ndarray, whose rows are cheaper to take than a memmap's."""
    return np.asarray(np.load(path, mmap_mode="r")).view(np.ndarray)


def _mapping(path: Path) -> memoryview:
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
