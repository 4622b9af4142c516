"""A projection: one published run, mapped from the cache for reading at the speed of memory."""

import json
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from contracts.kinds import RANKINGS, SimilarityKind
from scores_api import layout
from scores_api.failures import MatrixTooLarge, SimilarityUnavailable
from scores_api.fragments import Fragments
from scores_api.layout import ProjectedFile, ProjectedFragments, ProjectedTargets, ProjectionHead
from scores_api.likeness import Exchanges, Likeness, Lists
from scores_api.models.factors import FactorSide
from scores_api.neighbours import NeighbourLists
from scores_api.similarity import interval_matrices, interval_with, percent_matrix, percents_with

__all__ = ["DamagedProjection", "Factors", "Projection", "verify"]

Floats = npt.NDArray[np.float64]


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
    likeness: Likeness | None
    """What other similarities are told by, where the run publishes it."""
    neighbours: Mapping[SimilarityKind, NeighbourLists]
    reject_offsets: npt.NDArray[np.int64]
    """Where each rejected row or cell begins among the lines of them, and where the last ends."""
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
            likeness=_likeness(directory, head) if layout.RANKS in head.files else None,
            neighbours={
                kind: NeighbourLists(directory / layout.neighbours_file(kind), np.load(directory / layout.offsets_array(kind)))
                for kind in RANKINGS
            },
            reject_offsets=np.load(directory / layout.REJECT_OFFSETS),
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

    def knows(self, similarity: SimilarityKind, ids: Sequence[int]) -> bool:
        """Whether the run publishes what tells this similarity of these fragments."""
        if similarity in RANKINGS:
            return True
        if self.likeness is None:
            return False
        if similarity is SimilarityKind.COASSAY:
            return True
        return bool(self.likeness.ranks) and all(len(self.likeness.environments.of(place)) for place in ids)

    def require(self, similarity: SimilarityKind, ids: Sequence[int]) -> Likeness | None:
        """What tells this similarity of these fragments, where it is not the factors.

        Raises:
            SimilarityUnavailable: the run does not publish it.
        """
        if not self.knows(similarity, ids):
            raise SimilarityUnavailable(self.run, similarity.value)
        return None if similarity in RANKINGS else self.likeness

    def percents(self, ids: list[int], similarity: SimilarityKind) -> Floats:
        """Similarities among fragments, shape (len(ids), len(ids)), in percent: the posterior mean where there is one.

        Raises:
            SimilarityUnavailable: the run publishes nothing to tell it by.
        """
        likeness = self.require(similarity, ids)
        if likeness is None:
            rows_FD = self._rows_FD(similarity)[ids]
            return percent_matrix(rows_FD.reshape(len(ids), -1).astype(np.float64))
        if similarity is not SimilarityKind.COMBINED:
            return likeness.matrix(ids, similarity)
        function_NN = self.percents(ids, SimilarityKind.FUNCTION)
        return likeness.combined_matrix(ids, function_NN)

    def percents_with_all(self, place: int, similarity: SimilarityKind) -> Floats:
        """Similarity of one fragment with every one, in percent; NaN where it is not known.

        Raises:
            SimilarityUnavailable: the run publishes nothing to tell it by.
        """
        likeness = self.require(similarity, [place])
        if likeness is None:
            return self.pair_percents(place, np.arange(len(self.fragments)), similarity)
        match similarity:
            case SimilarityKind.STRUCTURE:
                return likeness.structure_F(place)
            case SimilarityKind.COASSAY:
                return likeness.coassay_F(place)
            case _:
                function_F = self.percents_with_all(place, SimilarityKind.FUNCTION)
                return likeness.combined_F(place, function_F)

    def pair_percents(self, place: int, others: npt.NDArray[np.int64], similarity: SimilarityKind) -> Floats:
        """A cosine of factors of one fragment with some, in percent."""
        return percents_with(self._rows_FD(similarity), place, others)

    def pair_bounds(self, place: int, others: npt.NDArray[np.int64]) -> tuple[Floats, Floats] | None:
        """Between which percents the functional similarity lies with 90 %; None where the run has no posterior."""
        return None if self.draws_FSK is None else interval_with(self.draws_FSK, place, others)

    def intervals(self, ids: list[int], similarity: SimilarityKind) -> tuple[Floats, Floats] | None:
        """Between which percents each similarity lies with 90 %; None where the run has no posterior of it."""
        if similarity is not SimilarityKind.FUNCTION or self.draws_FSK is None:
            return None
        return interval_matrices(self.draws_FSK[ids])

    def _rows_FD(self, similarity: SimilarityKind) -> npt.NDArray[np.floating]:
        """The rows whose cosine a similarity is."""
        if similarity is SimilarityKind.FUNCTION and self.draws_FSK is not None:
            return self.draws_FSK.reshape(len(self.draws_FSK), -1)
        factors = self.factors[FactorSide.FRAGMENTS]
        return factors.vector_NK if similarity is SimilarityKind.FUNCTION else factors.balanced_NK


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


def _likeness(directory: Path, head: ProjectionHead) -> Likeness:
    def lists(what: layout.Lists) -> Lists:
        return Lists(_array(directory / layout.list_array(what)), _array(directory / layout.list_offsets(what)))

    stated = json.loads((directory / layout.RANKS).read_bytes())
    exchanges = None
    if layout.EASE in head.files:
        exchanges = Exchanges(
            function_weight=stated[SimilarityKind.FUNCTION]["weight"],
            structure_weight=stated[SimilarityKind.STRUCTURE]["weight"],
            ease=_array(directory / layout.EASE),
            partners=lists("exchanged"),
            values=_array(directory / layout.EXCHANGES),
        )
    return Likeness(
        environments=lists("environments"),
        targets=lists("targets"),
        coassay=_array(directory / layout.COASSAY),
        ranks={SimilarityKind(name): (np.array(one["percents"]), np.array(one["shares"])) for name, one in stated.items()},
        exchanges=exchanges,
    )


def _array(path: Path) -> npt.NDArray[Any]:
    """The array in a file, mapped; as a plain ndarray, whose rows are cheaper to take than a memmap's."""
    return np.asarray(np.load(path, mmap_mode="r")).view(np.ndarray)


def _mapping(path: Path) -> memoryview:
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
