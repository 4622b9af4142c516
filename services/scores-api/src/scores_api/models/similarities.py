"""Similarities among named fragments: the question and the sub-matrix."""

from typing import Annotated, Final

from pydantic import AfterValidator, ConfigDict, Field

from contracts.kinds import SimilarityKind
from scores_api.models.wire import Percent, Wire, distinct

__all__ = ["LIMIT", "Similarities", "SimilarityQuestion"]

LIMIT: Final = 500
"""Fragments one question may name."""


class SimilarityQuestion(Wire):
    """Which fragments to compare, and how."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"fragments": ["fA", "fB"], "similarity": "function"}]})

    fragments: Annotated[
        list[str],
        Field(min_length=1, max_length=LIMIT, json_schema_extra={"uniqueItems": True}),
        AfterValidator(distinct),
    ]
    """Names, each once."""
    similarity: SimilarityKind = SimilarityKind.FUNCTION


class Similarities(Wire):
    """The similarity of every two of the named fragments."""

    run: str
    similarity: SimilarityKind
    names: list[str]
    """As asked for, in the same order."""
    percents: list[list[Percent]]
    """Symmetric; exactly 100.0 on the diagonal."""
    low: list[list[Percent]] | None = None
    """With `high` the 90 % interval of each, for `function` in runs of measured replacements."""
    high: list[list[Percent]] | None = None
