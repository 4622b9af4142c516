"""A training that can be continued: everything the next step depends on, in one file.

Where the training is on its way at a constant rate, that is one `Standing`. While the rate falls, and after it has fallen,
there are two: the one from which the fall began, which a longer training goes on from, and the one that the fall has reached.
"""

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from trainer.dialogue.batches import Position
from trainer.dialogue.failures import InvalidCheckpoint

__all__ = ["Checkpoint", "CoolDown", "Standing", "load_checkpoint", "save_checkpoint"]

_FORMAT = 3


@dataclass(frozen=True)
class Standing:
    """State after a step."""

    state: dict[str, Any]
    """Weights, their average, optimizer, torch's generator of every process: `Learner.state`."""
    position: Position
    step: int
    elapsed_s: float
    evaluated_s: float
    """Of `elapsed_s`, at the last evaluation."""
    target_tokens: int
    curve: list[tuple[int, float]]
    """(step, held-out perplexity a token)."""


@dataclass(frozen=True)
class CoolDown:
    """The falling rate at the end of a training."""

    length: tuple[str, float]
    """Of the whole training: ("steps", N) or ("seconds", S)."""
    begun: float
    """The step or second from which the rate falls."""


@dataclass(frozen=True)
class Checkpoint:
    """Where a training stands."""

    identity: dict[str, Any]
    """What must not change between the parts of a training: language, corpora digests, sizes, recipe, seed, processes."""
    tokens: bytes
    """The serialized tokenizer: it is not learned again, for another machine might learn another one."""
    constant: Standing
    """At the constant rate."""
    cool_down: CoolDown | None = None
    cooled: Standing | None = None
    """What the cool-down has reached."""


def save_checkpoint(checkpoint: Checkpoint, file: Path, *, best: Path | None = None) -> None:
    """Whole or not at all; `best` becomes a copy of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    fields = {
        "format": _FORMAT,
        "identity": checkpoint.identity,
        "tokens": checkpoint.tokens,
        "constant": _stored(checkpoint.constant),
        "cool_down": checkpoint.cool_down and asdict(checkpoint.cool_down),
        "cooled": checkpoint.cooled and _stored(checkpoint.cooled),
    }
    torch.save(fields, partial)
    partial.replace(file)
    if best is not None:
        copied = best.with_suffix(".partial")
        shutil.copyfile(file, copied)
        copied.replace(best)


def load_checkpoint(file: Path, identity: dict[str, Any] | None = None) -> Checkpoint:
    """The checkpoint, on the CPU; without `identity`, of whatever training it is.

    Raises:
        InvalidCheckpoint: when it is unreadable or belongs to another training.
    """
    try:
        fields = torch.load(file, map_location="cpu", weights_only=True)
        if fields.pop("format") != _FORMAT:
            raise InvalidCheckpoint(f"{file} was written by another version of the trainer")
        cool_down, cooled = fields["cool_down"], fields["cooled"]
        checkpoint = Checkpoint(
            identity=fields["identity"],
            tokens=fields["tokens"],
            constant=_restored(fields["constant"]),
            cool_down=cool_down and CoolDown(**cool_down),
            cooled=cooled and _restored(cooled),
        )
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError) as broken:
        raise InvalidCheckpoint(f"{file} is not a checkpoint of a dialogue training: {broken}") from broken
    for name, expected in (identity or {}).items():
        found = checkpoint.identity.get(name)
        if found != expected:
            raise InvalidCheckpoint(f"{file} was trained with {name} {found}, this training has {expected}")
    return checkpoint


def _stored(standing: Standing) -> dict[str, Any]:
    """Without a copy of the tensors, as `asdict` would make one."""
    fields = {name: getattr(standing, name) for name in Standing.__dataclass_fields__}
    return fields | {"position": asdict(standing.position)}


def _restored(fields: dict[str, Any]) -> Standing:
    return Standing(**fields | {"position": Position(**fields["position"])})
