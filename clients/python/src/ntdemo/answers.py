"""Answers as rows: which columns a table has, and how a nested answer becomes rows."""

from collections.abc import Iterator
from typing import Any, Final

from ntdemo.generated.scores.models import Predictions, Products, ReplacementList

__all__ = [
    "AT_TARGET",
    "CURVE",
    "FACTORS",
    "FRAGMENTS",
    "NEIGHBOURS",
    "PREDICTIONS",
    "PRODUCTS",
    "REJECTS",
    "REPLACEMENTS",
    "prediction_rows",
    "product_rows",
    "replacement_rows",
]

NEIGHBOURS: Final = (
    *("rank", "name", "smiles", "support", "function", "low", "high", "balanced", "structure", "coassay", "expected_change"),
    *("change_low", "change_high", "swaps", "basis"),
)
REPLACEMENTS: Final = (*("rank", "name", "smiles", "support", "expected_change", "low", "high", "percent", "swaps", "basis"),)
PRODUCTS: Final = ("rank", "smiles", "name", "support", "expected_change", "low", "high", "percent", "swaps", "basis")
"""`smiles` is the product's; `name` is of the fragment that it has instead."""
AT_TARGET: Final = (
    *("target", "unit", "shift", "shift_low", "shift_high", "chance_higher", "chance_kept", "contexts", "measured"),
)
"""What a table of replacements has more where a target was named."""
PREDICTIONS: Final = (
    *("compound", "smiles", "parent", "target", "unit", "value", "low", "high", "level", "excess", "measured", "domain"),
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


def replacement_rows(answer: ReplacementList) -> Iterator[dict[str, Any]]:
    """A row a replacement; of its first target, where one was asked for, `low` and `high` are `shift_low` and `shift_high`."""
    for replacement in answer.items:
        row = replacement.to_dict()
        for told in row.pop("targets")[:1]:
            row |= {"shift_low": told.pop("low"), "shift_high": told.pop("high"), **told}
        yield row


def product_rows(answer: Products) -> Iterator[dict[str, Any]]:
    """A row a product and target, or a product where no targets were asked for."""
    for product in answer.items:
        row = product.to_dict()
        row["smiles"] = row.pop("product")
        for told in row.pop("targets") or [{}]:
            at_target = dict(told)
            if at_target:
                at_target |= {"shift_low": at_target.pop("low"), "shift_high": at_target.pop("high")}
            yield {**row, **at_target}
