"""A small real bundle for tests: the starter corpus, a few steps of a tiny network, the trainer's own export."""

from datetime import UTC, datetime
from pathlib import Path

from dialogue.bundle import Architecture, Language, ModelCard
from trainer.dialogue.export import Provenance, export_bundle
from trainer.dialogue.spec import DialogueSpec, Recipe, Sizes
from trainer.dialogue.training import train

__all__ = ["TINY", "make_bundle", "tiny_spec"]

TINY = Sizes(vocabulary=1_200, width=32, hidden=48, heads=2, inner=64, encoder_layers=1, decoder_layers=2)


def tiny_spec(language: Language, architecture: Architecture, *, iterations: int) -> DialogueSpec:
    """On the starter corpus; a second or two for some dozens of iterations."""
    recipe = Recipe(learning_rate=5e-3, first_tokens=256, last_tokens=256, dropout=0.1, warm_up_tokens=0)
    return DialogueSpec(
        language=language, architecture=architecture, iterations=iterations, sizes=TINY, recipe=recipe, held_out_share=0.1
    )


def make_bundle(
    directory: Path, *, language: Language, architecture: Architecture = Architecture.GRU, iterations: int = 20
) -> ModelCard:
    """Trains and exports into `directory` (checkpoint beside it); about ten seconds, most of them torch's exporter."""
    spec = tiny_spec(language, architecture, iterations=iterations)
    result = train(spec, directory=directory.parent / f"{directory.name}-training")
    if result is None:
        raise RuntimeError("a lone process leads its training")
    provenance = Provenance("make_bundle", "dialogue-test", "0", datetime(2026, 11, 23, tzinfo=UTC))
    return export_bundle(result, directory, provenance=provenance)
