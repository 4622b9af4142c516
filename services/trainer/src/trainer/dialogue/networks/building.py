"""The network that a spec describes."""

from dialogue.bundle import Architecture
from trainer.dialogue.networks.gru import GruNetwork
from trainer.dialogue.networks.network import DialogueNetwork
from trainer.dialogue.networks.transformer import TransformerNetwork
from trainer.dialogue.spec import Sizes

__all__ = ["build_network", "own_sizes"]


def own_sizes(architecture: Architecture, sizes: Sizes, vocabulary: int) -> dict[str, int]:
    """The sizes that the architecture has, by name, with the vocabulary as learned."""
    if architecture is Architecture.GRU:
        return {"vocabulary": vocabulary, "width": sizes.width, "hidden": sizes.hidden}
    names = ("width", "heads", "inner", "encoder_layers", "decoder_layers")
    return {"vocabulary": vocabulary} | {name: getattr(sizes, name) for name in names}


def build_network(architecture: Architecture, sizes: dict[str, int], *, dropout: float) -> DialogueNetwork:
    """With fresh weights from torch's generator."""
    network = GruNetwork if architecture is Architecture.GRU else TransformerNetwork
    return network(**sizes, dropout=dropout)
