"""The checkpoint of a factor run: `factors.npz`, the canonical factors in full precision with the names of their rows.

NumPy's own archive: read anywhere, mapped to no class, never unpickled. The same factors give the same bytes.
"""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from trainer.similarity.factors import Factors

__all__ = ["Checkpoint", "InvalidCheckpoint", "load_checkpoint", "save_checkpoint"]

_SCHEMA: Final = "ntdemo.checkpoint/1"
_ARRAYS: Final = ("fragments_FK", "targets_TK", "singular_K")


class InvalidCheckpoint(Exception):
    """A file is not the checkpoint of a factor run."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Factors and the names of their rows."""

    run: str
    factors: Factors
    fragments: tuple[str, ...]
    targets: tuple[str, ...]


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Writes the archive: the three arrays of the factors, and `facts`, UTF-8 JSON of schema, run and names."""
    facts = {"schema": _SCHEMA, "run": checkpoint.run, "fragments": checkpoint.fragments, "targets": checkpoint.targets}
    arrays = {name: getattr(checkpoint.factors, name) for name in _ARRAYS}
    with path.open("wb") as file:
        np.savez(file, facts=np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8), **arrays)


def load_checkpoint(path: Path) -> Checkpoint:
    """What `save_checkpoint` wrote, bit for bit.

    Raises InvalidCheckpoint for any other file, OSError for one that cannot be read.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            facts = json.loads(archive["facts"].tobytes())
            schema = facts["schema"]
            factors = Factors(**{name: archive[name] for name in _ARRAYS})
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError) as error:
        raise InvalidCheckpoint(f"{path.name} is no checkpoint of a factor run: {error}") from error
    if schema != _SCHEMA:
        raise InvalidCheckpoint(f"{path.name}: its schema is {schema!r}, expected {_SCHEMA!r}")
    return Checkpoint(facts["run"], factors, tuple(facts["fragments"]), tuple(facts["targets"]))
