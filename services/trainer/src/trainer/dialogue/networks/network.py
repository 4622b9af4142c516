"""What every dialogue network offers: teacher-forced training, and the encode/step arithmetic of contracts.dialogue."""

import math
from abc import abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from contracts.dialogue import StateTensor

__all__ = ["PAD", "SEPARATOR", "DialogueNetwork"]

PAD = 0
SEPARATOR = 4


class DialogueNetwork(nn.Module):
    """A sequence-to-sequence network whose output layer is its embedding, transposed.

    Axes: B rows, S context tokens (padded on the right with `PAD`), T reply tokens, D width, V vocabulary.
    """

    states: list[StateTensor]
    """What lives through a reply; the axes of `encode` and `step`."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.embedding_VD = nn.Parameter(torch.empty(vocabulary, width))
        nn.init.normal_(self.embedding_VD, std=width**-0.5)
        self.output_bias_V = nn.Parameter(torch.zeros(vocabulary))
        self.width = width

    @torch.no_grad()
    def expect(self, counts_V: Float[Tensor, " V"]) -> None:
        """Begin with the frequencies of the tokens, so that the first steps need not learn them."""
        share_V = (counts_V + 1) / (counts_V + 1).sum()
        self.output_bias_V.copy_(share_V.log() - share_V.log().mean())

    def embed(self, tokens: Int[Tensor, "..."]) -> Float[Tensor, "... D"]:
        """Embeddings of unit scale."""
        return nn.functional.embedding(tokens, self.embedding_VD) * math.sqrt(self.width)

    def logits(self, hidden: Float[Tensor, "... D"]) -> Float[Tensor, "... V"]:
        """Of the next token."""
        return hidden @ self.embedding_VD.T + self.output_bias_V

    def forward(self, context_BS: Int[Tensor, "B S"], reply_BT: Int[Tensor, "B T"]) -> Float[Tensor, "B T D"]:
        """Hidden rows from which `logits` predicts the token after each of `reply_BT` (which begins with `start`)."""
        return self.write(self.read(context_BS), reply_BT)

    @abstractmethod
    def read(self, context_BS: Int[Tensor, "B S"]) -> tuple[Tensor, ...]:
        """What `write` needs to know of the contexts; every tensor has the batch axis first."""

    @abstractmethod
    def write(self, memory: tuple[Tensor, ...], reply_BT: Int[Tensor, "B T"]) -> Float[Tensor, "B T D"]:
        """The second half of `forward`: a context that was read once may be written from many times."""

    @abstractmethod
    def encode(self, context_BS: Int[Tensor, "B S"]) -> dict[str, Tensor]:
        """The states that are fixed or replaced, padded to CONTEXT_TOKENS slots."""

    @abstractmethod
    def step(
        self, token_B: Int[Tensor, " B"], position_B: Int[Tensor, " B"], states: dict[str, Tensor]
    ) -> tuple[Float[Tensor, "B V"], dict[str, Tensor]]:
        """Logits of the next token, and each replaced or appended state's successor by the state's name."""
