"""A training that can be continued: everything the next step depends on, in one file."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from trainer.dialogue.batches import Position
from trainer.dialogue.failures import InvalidCheckpoint

__all__ = ["Checkpoint", "load_checkpoint", "save_checkpoint"]

_FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """State after a step."""

    identity: dict[str, Any]
    """What must not change between the parts of a training: language, corpora digests, sizes, recipe, seed, processes."""
    state: dict[str, Any]
    """Weights, their average, optimizer, torch's generator of every process: `Learner.state`."""
    position: Position
    step: int
    elapsed_s: float
    target_tokens: int
    curve: list[tuple[int, float]]
    """(step, held-out perplexity a token)."""


def save_checkpoint(checkpoint: Checkpoint, file: Path) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    fields = {name: getattr(checkpoint, name) for name in Checkpoint.__dataclass_fields__}
    torch.save(fields | {"format": _FORMAT, "position": asdict(checkpoint.position)}, partial)
    partial.replace(file)


def load_checkpoint(file: Path, identity: dict[str, Any]) -> Checkpoint:
    """The checkpoint, on the CPU.

    Raises:
        InvalidCheckpoint: when it is unreadable or belongs to another training.
    """
    try:
        fields = torch.load(file, map_location="cpu", weights_only=True)
        if fields.pop("format") != _FORMAT:
            raise InvalidCheckpoint(f"{file} was written by another version of the trainer")
        checkpoint = Checkpoint(**fields | {"position": Position(**fields["position"])})
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError) as broken:
        raise InvalidCheckpoint(f"{file} is not a checkpoint of a dialogue training: {broken}") from broken
    for name, expected in identity.items():
        found = checkpoint.identity.get(name)
        if found != expected:
            raise InvalidCheckpoint(f"{file} was trained with {name} {found}, this training has {expected}")
    return checkpoint
