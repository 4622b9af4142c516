"""Rendering: from columns and arrays to the JSON objects of the API."""

import numpy as np
import numpy.typing as npt

from contracts.kinds import RunKind, SimilarityKind
from contracts.manifest import Manifest
from scores_api.catalogue import Catalogue
from scores_api.fragments import Fragments
from scores_api.layout import NEIGHBOUR
from scores_api.models.artifacts import Artifact
from scores_api.models.factors import Factor, FactorSide
from scores_api.models.fragments import Fragment, FragmentDetail, Neighbour
from scores_api.projection import Factors, Projection

__all__ = ["artifact_item", "factor_item", "fragment_detail", "fragment_item", "neighbour_items"]

_PERCENTS = tuple(name for name in NEIGHBOUR.names or () if name != "other")


def fragment_item(fragments: Fragments, place: int) -> Fragment:
    """A fragment in a list."""
    return Fragment(
        id=place,
        name=fragments.names[place],
        smiles=fragments.smiles[place],
        support=fragments.support[place],
        scaffolds=fragments.scaffolds[place],
        shown=fragments.shown[place],
    )


def fragment_detail(projection: Projection, place: int) -> FragmentDetail:
    """A fragment by itself."""
    fragments = projection.fragments
    factors = projection.factors[FactorSide.FRAGMENTS]
    return FragmentDetail(
        run=projection.run,
        id=place,
        name=fragments.names[place],
        smiles=fragments.smiles[place],
        support=fragments.support[place],
        scaffolds=fragments.scaffolds[place],
        shown=fragments.shown[place],
        vector=factors.vector_NK[place].tolist(),
        balanced=factors.balanced_NK[place].tolist(),
    )


def factor_item(factors: Factors, place: int) -> Factor:
    """The vectors of a fragment or target."""
    return Factor(
        id=place,
        name=factors.names[place],
        vector=factors.vector_NK[place].tolist(),
        balanced=factors.balanced_NK[place].tolist(),
    )


def neighbour_items(projection: Projection, place: int, similarity: SimilarityKind, limit: int) -> list[Neighbour]:
    """The nearest of a fragment, percents rounded to two decimals."""
    fragments = projection.fragments
    rows = projection.neighbours[similarity].of(place, limit)
    columns = {name: _rounded(rows[name]) for name in _PERCENTS}
    return [
        Neighbour(
            rank=rank,
            name=fragments.names[other],
            smiles=fragments.smiles[other],
            support=fragments.support[other],
            **{name: column[rank - 1] for name, column in columns.items()},
        )
        for rank, other in enumerate(rows["other"].tolist(), start=1)
    ]


def _rounded(column: npt.NDArray[np.float32]) -> list[float | None]:
    """Two decimals; NaN becomes null, and a cosine that rounding errors carried past its bounds is put back."""
    values = np.round(column.astype(np.float64), 2).tolist()
    return [None if value != value else value for value in values]  # noqa: PLR0124 - NaN alone differs from itself


def artifact_item(catalogue: Catalogue, manifest: Manifest) -> Artifact:
    """An artifact version in a list."""
    return Artifact(
        artifact=manifest.artifact,
        version=manifest.version,
        run=manifest.run,
        kind=RunKind(manifest.kind),
        created=manifest.created,
        current=catalogue.is_latest(manifest),
    )
