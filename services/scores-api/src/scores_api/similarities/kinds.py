"""The kinds of similarity that a run tells, from the arrays that it publishes (`published.form.ARRAYS`)."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from contracts.kinds import SimilarityKind
from scores_api.similarities.combined import Combined, Exchanges
from scores_api.similarities.compared import Coassay, Structure
from scores_api.similarities.cosine import Cosine
from scores_api.similarities.kind import Kind
from scores_api.similarities.posterior import PosteriorCosine
from similarity.lists import Lists

__all__ = ["kinds_of"]

Arrays = Mapping[str, npt.NDArray[Any]]


def kinds_of(arrays: Arrays) -> dict[SimilarityKind, Kind]:
    """Every kind that the run tells of any of its fragments."""
    function: Kind = PosteriorCosine(arrays["draws"]) if "draws" in arrays else Cosine(arrays["fragments.vector"])
    kinds: dict[SimilarityKind, Kind] = {
        SimilarityKind.FUNCTION: function,
        SimilarityKind.BALANCED: Cosine(arrays["fragments.balanced"]),
    }
    if "coassay" in arrays:
        kinds[SimilarityKind.COASSAY] = Coassay(Lists(arrays["coassay.targets"], arrays["coassay.offsets"], arrays["coassay"]))
    if "ranks.structure.percents" in arrays:
        structure = Structure(Lists(arrays["environments"], arrays["environments.offsets"]))
        kinds[SimilarityKind.STRUCTURE] = structure
        kinds[SimilarityKind.COMBINED] = _combined(function, structure, arrays)
    return kinds


def _combined(function: Kind, structure: Structure, arrays: Arrays) -> Combined:
    ranks = {
        kind: (arrays[f"ranks.{kind}.percents"], arrays[f"ranks.{kind}.shares"])
        for kind in (SimilarityKind.FUNCTION, SimilarityKind.STRUCTURE, SimilarityKind.COMBINED)
        if f"ranks.{kind}.percents" in arrays
    }
    exchanges = None
    if "exchanges.weights" in arrays:
        function_weight, structure_weight = arrays["exchanges.weights"].tolist()
        partners = Lists(arrays["exchanges.partners"], arrays["exchanges.offsets"], arrays["exchanges.values"])
        exchanges = Exchanges(function_weight, structure_weight, arrays["exchanges.ease"], partners)
    return Combined(function, structure, ranks, exchanges)
