"""Rejects: what a run left out, as the lines that pages are made of and as the CSV that is served whole."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from scores_api import layout

__all__ = ["write_rejects"]


def write_rejects(directory: Path, rejects: pa.Table) -> None:
    """Write the rows of the table `rejects` in the order of files and rows."""
    rows = rejects.sort_by([("file", "ascending"), ("row", "ascending")]).to_pylist()
    names = rejects.schema.names
    lines = [json.dumps({name: row[name] for name in names}, ensure_ascii=False).encode("utf-8", "replace") for row in rows]
    (directory / layout.REJECT_LINES).write_bytes(b"".join(lines) or b"\n")
    np.save(directory / layout.REJECT_OFFSETS, np.concatenate(([0], np.cumsum([len(line) for line in lines]))).astype(np.int64))
    with (directory / layout.REJECT_TABLE).open("w", encoding="utf-8", newline="", errors="replace") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows({name: row[name] for name in names} for row in rows)
