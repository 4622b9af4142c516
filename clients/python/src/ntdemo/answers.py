"""Answers as rows: which columns a table has, and how a nested answer becomes rows."""

from collections.abc import Iterator
from typing import Any, Final

from ntdemo.generated.scores.models import Predictions

__all__ = ["CURVE", "FACTORS", "FRAGMENTS", "NEIGHBOURS", "PREDICTIONS", "REJECTS", "prediction_rows"]

NEIGHBOURS: Final = (
    *("rank", "name", "smiles", "support", "function", "low", "high", "balanced", "structure", "coassay", "combined"),
)
PREDICTIONS: Final = (
    *("compound", "smiles", "parent", "target", "value", "low", "high", "level", "excess", "measured", "domain"),
    *("nearest_similarity", "flags"),
)
FRAGMENTS: Final = ("id", "name", "smiles", "support", "scaffolds", "shown")
FACTORS: Final = ("id", "name", "vector", "balanced")
REJECTS: Final = ("file", "row", "column", "value", "reason")
CURVE: Final = ("step", "loss")


def prediction_rows(answer: Predictions, first: int) -> Iterator[dict[str, Any]]:
    """A row a compound and target; compounds are counted from `first`, flags stand in one text, separated by blanks."""
    for place, compound in enumerate(answer.compounds, first):
        whole = {
            "compound": place,
            "smiles": compound.smiles,
            "parent": compound.parent,
            "nearest_similarity": compound.nearest_similarity,
            "flags": " ".join(flag.value for flag in compound.flags),
        }
        for prediction in compound.predictions:
            yield {**prediction.to_dict(), **whole}
