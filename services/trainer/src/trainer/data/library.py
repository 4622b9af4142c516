"""Scores: the columns of a library of molecules, and of what a run predicts of them."""

from typing import Final

import pyarrow as pa

__all__ = ["LIBRARY", "SCORES"]

LIBRARY: Final = pa.schema(
    {"file": pa.string(), "row": pa.int64(), "compound": pa.string(), "smiles": pa.string(), "reason": pa.string()}
)
"""Molecules to be scored; `reason` says what is wrong with a row that states none."""
SCORES: Final = pa.schema(
    {
        "file": pa.string(),
        "row": pa.int64(),
        "compound": pa.string(),
        "smiles": pa.string(),
        "parent": pa.string(),
        "target": pa.string(),
        "prediction": pa.float32(),
        "low": pa.float32(),
        "high": pa.float32(),
        "known": pa.int32(),
        "unseen": pa.int32(),
        "reason": pa.string(),
    }
)
"""A row a molecule and target: the prediction on the graph's scale, between which bounds it lies with 90 %, and how many of the
molecule's fragments the run knows and does not know. A molecule without fragments has one row, with the reason alone."""
