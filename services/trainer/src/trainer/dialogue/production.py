"""A bundle from a spec: trained, measured, exported, in one call for a job or a command."""

from collections.abc import Callable
from pathlib import Path

from contracts.dialogue import ModelCard
from trainer.dialogue.export import Provenance, export_bundle
from trainer.dialogue.scorecard import measure, openings
from trainer.dialogue.spec import DialogueSpec
from trainer.dialogue.training import Surroundings, train

__all__ = ["produce"]


def produce(
    spec: DialogueSpec,
    *,
    directory: Path,
    bundle: Path,
    provenance: Callable[[], Provenance],
    device: str = "cpu",
    surroundings: Surroundings | None = None,
    resume: bool = False,
) -> ModelCard | None:
    """Writes the bundle, and the checkpoint into `directory`; `provenance` is asked when all is done.

    Under torchrun every process calls this; all but the first return None. Raises what `train` and `export_bundle` raise.
    """
    result = train(spec, directory=directory, device=device, surroundings=surroundings, resume=resume)
    if result is None:
        return None
    scorecard = measure(result, seed=spec.seed)
    return export_bundle(result, bundle, provenance=provenance(), scorecard=scorecard, openings=openings(result))
