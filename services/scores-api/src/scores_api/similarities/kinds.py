"""The kinds of similarity that a run tells, from what it publishes (`published.form.ARRAYS`, `replacement.replacements`)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.kinds import Objective, SimilarityKind
from replacement.replacements import Replacements
from scores_api.similarities.compared import Coassay, Structure
from scores_api.similarities.cosine import Cosine
from scores_api.similarities.kind import Kind
from scores_api.similarities.replaced import Replaced
from similarity.lists import Lists

__all__ = ["kinds_of"]

Arrays = Mapping[str, npt.NDArray[Any]]


def kinds_of(arrays: Arrays, objective: Objective, replacements: Replacements | None) -> dict[SimilarityKind, Kind]:
    """Every kind that the run tells of any of its fragments: cosines of factors alone where it is one of counts."""
    kinds: dict[SimilarityKind, Kind] = {}
    if objective is Objective.COUNTS:
        kinds[SimilarityKind.FUNCTION] = Cosine(arrays["fragments.vector"])
        kinds[SimilarityKind.BALANCED] = Cosine(arrays["fragments.balanced"])
    elif replacements is not None:
        group_F = np.full(len(arrays["fragments.vector"]), -1, dtype=np.int64)
        group_F[: len(replacements.group_of_F)] = replacements.group_of_F
        kinds[SimilarityKind.FUNCTION] = Replaced(replacements, group_F)
    if "coassay" in arrays:
        kinds[SimilarityKind.COASSAY] = Coassay(Lists(arrays["coassay.targets"], arrays["coassay.offsets"], arrays["coassay"]))
    if len(arrays.get("environments", ())):
        kinds[SimilarityKind.STRUCTURE] = Structure(Lists(arrays["environments"], arrays["environments.offsets"]))
    return kinds
