"""Rendering: from columns and arrays to the JSON objects of the API."""

from math import isnan

import numpy as np
import numpy.typing as npt

from contracts.kinds import RunKind
from contracts.manifest import Manifest
from scores_api.catalogue import Catalogue
from scores_api.fragments import Fragments
from scores_api.models.artifacts import Artifact
from scores_api.models.factors import Factor, FactorSide
from scores_api.models.fragments import Fragment, FragmentDetail, Neighbour
from scores_api.projection import Factors, Projection

__all__ = ["artifact_item", "factor_item", "fragment_detail", "fragment_item", "neighbour_items"]


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


def neighbour_items(projection: Projection, rows: npt.NDArray[np.void]) -> list[Neighbour]:
    """Neighbours, dtype `layout.NEIGHBOUR`, the nearest first; numbers rounded to two decimals."""
    fragments = projection.fragments
    items = []
    for rank, (other, *numbers) in enumerate(rows.tolist(), start=1):
        function, low, high, balanced, structure, coassay, combined = [
            None if isnan(number) else round(number, 2) for number in numbers
        ]
        items.append(
            Neighbour(
                rank=rank,
                name=fragments.names[other],
                smiles=fragments.smiles[other],
                support=fragments.support[other],
                function=function,
                low=low,
                high=high,
                balanced=balanced,
                structure=structure,
                coassay=coassay,
                combined=combined,
            )
        )
    return items


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
