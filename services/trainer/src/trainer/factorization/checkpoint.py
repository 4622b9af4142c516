"""The checkpoint of a factor run: `factors.npz`, the canonical factors in full precision with the names of their rows."""

from dataclasses import dataclass
from pathlib import Path

from trainer.factors import Factors

__all__ = ["Checkpoint", "load_checkpoint", "save_checkpoint"]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Factors and the names of their rows."""

    run: str
    factors: Factors
    fragments: tuple[str, ...]
    targets: tuple[str, ...]


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Writes `checkpoint` to `path`."""
    raise NotImplementedError


def load_checkpoint(path: Path) -> Checkpoint:
    """What `save_checkpoint` wrote, bit for bit."""
    raise NotImplementedError
