"""What must not change between the parts of a training."""

import hashlib
from typing import Any

from trainer.dialogue.preparation import Prepared
from trainer.dialogue.spec import DialogueSpec

__all__ = ["identity"]


def identity(spec: DialogueSpec, data: Prepared, *, sizes: dict[str, int], processes: int) -> dict[str, Any]:
    """By content, not by path: how long a training is may change, and the machine and folders where it goes on."""
    fixed = spec.model_dump(mode="json", include={"language", "architecture", "seed", "held_out_share"})
    taken = [(choice.source, choice.times) for choice in spec.corpora] or [(None, 1)]
    return fixed | {
        "recipe": spec.recipe.model_dump(mode="json", exclude={"cool_down"}),
        "sizes": sizes,
        "corpora": [(source.sha256, *part) for source, part in zip(data.sources, taken, strict=True)],
        "processes": processes,
        "begun_with": spec.begin_with and hashlib.sha256(spec.begin_with.read_bytes()).hexdigest(),
    }
