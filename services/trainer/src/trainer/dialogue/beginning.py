"""How the network of a new training begins: with another bot's weights, or with what counting finds."""

import torch

from trainer.dialogue.bigrams import answer_factors, bigram_factors
from trainer.dialogue.failures import InvalidCheckpoint
from trainer.dialogue.networks.network import DialogueNetwork
from trainer.dialogue.preparation import Prepared
from trainer.dialogue.spec import DialogueSpec
from trainer.dialogue.weights import read_weights

__all__ = ["begin"]


def begin(network: DialogueNetwork, spec: DialogueSpec, data: Prepared, *, sizes: dict[str, int]) -> None:
    """Give a fresh network its first weights.

    Raises:
        InvalidCheckpoint: the weights to begin with are those of another language, architecture or size.
    """
    if spec.begin_with is None:
        vocabulary, topic_width = data.tokens.size, network.topic_width
        network.begin_with(
            bigram_factors(data.train, vocabulary=vocabulary, width=network.width - topic_width),
            answer_factors(data.train, vocabulary=vocabulary, width=topic_width, seed=spec.seed),
        )
        return
    weights = read_weights(spec.begin_with)
    for name, found, asked in (
        ("language", weights.language, spec.language),
        ("architecture", weights.architecture, spec.architecture),
        ("sizes", weights.sizes, sizes),
    ):
        if found != asked:
            raise InvalidCheckpoint(f"the weights to begin with have {name} {found}, this training has {asked}")
    network.load_state_dict({name: torch.from_numpy(values) for name, values in weights.parameters.items()})
