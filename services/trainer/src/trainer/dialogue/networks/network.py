"""What every dialogue network offers: teacher-forced training, and the encode/step arithmetic of dialogue.bundle."""

import math
from abc import abstractmethod

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from dialogue.bundle import StateTensor
from trainer.dialogue.bigrams import AnswerFactors, BigramFactors

__all__ = ["PAD", "SEPARATOR", "DialogueNetwork"]

PAD = 0
SEPARATOR = 4
_NOISE = 0.1
_TOPIC = 0.5
"""Of the log-odds that the tokens of a message add up to, what held-out exchanges confirm: tokens are not independent."""


class DialogueNetwork(nn.Module):
    """A sequence-to-sequence network between a table of input vectors and one of output vectors.

    Axes: B rows, S context tokens (padded on the right with `PAD`), T reply tokens, D width, V vocabulary. The hidden row that
    `logits` reads contains the input token's own vector: both networks can use `BigramFactors` from their first step on.
    """

    states: list[StateTensor]
    """What lives through a reply; the axes of `encode` and `step`."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.input_VD = nn.Parameter(torch.randn(vocabulary, width) * width**-0.5)
        self.output_VD = nn.Parameter(torch.randn(vocabulary, width) * width**-0.5)
        self.bias_V = nn.Parameter(torch.zeros(vocabulary))

    @property
    def topic_width(self) -> int:
        """Of the width, what `begin_with` gives to topics: 0 where the network has no path for them."""
        return 0

    @torch.no_grad()
    def begin_with(self, factors: BigramFactors, answers: AnswerFactors) -> None:
        """Put what counting found where the first step finds it, with some noise left to tell unseen tokens apart.

        Factors of bigrams take the first columns of the tables, those of topics the last `topic_width`.
        """
        before_VD = np.concatenate([factors.before_VD, answers.about_VK], 1)
        after_VD = np.concatenate([factors.after_VD, answers.answer_VK * _TOPIC], 1)
        self.bias_V.copy_(torch.from_numpy(factors.log_p_V - factors.log_p_V.mean()))
        self.input_VD.mul_(_NOISE).add_(torch.from_numpy(before_VD))
        # Hidden rows have unit variance, hence length sqrt(D).
        self.output_VD.copy_(torch.from_numpy(after_VD) / math.sqrt(self.width))

    def embed(self, tokens: Int[Tensor, "..."]) -> Float[Tensor, "... D"]:
        """Input vectors of about unit variance."""
        return nn.functional.embedding(tokens, self.input_VD) * math.sqrt(self.width)

    def logits(self, hidden: Float[Tensor, "... D"]) -> Float[Tensor, "... V"]:
        """Of the next token."""
        return hidden @ self.output_VD.T + self.bias_V

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
