"""A pre-norm Transformer encoder-decoder (arXiv:1706.03762, arXiv:2002.04745) for short conversations."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from dialogue.bundle import CONTEXT_TOKENS, CONTEXT_TURNS, REPLY_TOKENS, StateTensor, StateUpdate
from trainer.dialogue.bigrams import AnswerFactors, BigramFactors
from trainer.dialogue.networks.layers import Reader, Writer
from trainer.dialogue.networks.network import PAD, SEPARATOR, DialogueNetwork

__all__ = ["TransformerNetwork"]

_MASKED = -1e9


class TransformerNetwork(DialogueNetwork):
    """Axes beside the network's own: H heads, E width of a head, R slots of the reply.

    A context token's place is its distance from the end of the context and the turn it belongs to, counted back from the
    last: the message to answer looks the same to the network however much was said before.

    Beside attention, a reply knows the topic: the sum of the context's input vectors, column by column as much of it as
    `topics_UD` lets through for each turn, is added to every one of its tokens. The last third of the columns begins as the
    factors of `AnswerFactors`, and is closed to the reply's own tokens at first (`own_D`).
    """

    def __init__(
        self, *, vocabulary: int, width: int, heads: int, inner: int, encoder_layers: int, decoder_layers: int, dropout: float
    ) -> None:
        super().__init__(vocabulary, width)
        self.places_SD = nn.Parameter(torch.randn(CONTEXT_TOKENS, width) * 0.1)
        self.turns_UD = nn.Parameter(torch.randn(CONTEXT_TURNS, width) * 0.1)
        self.topics_UD = nn.Parameter(torch.zeros(CONTEXT_TURNS, width))
        self.own_D = nn.Parameter(torch.ones(width))
        self.slots_RD = nn.Parameter(torch.randn(REPLY_TOKENS, width) * 0.1)
        self.readers = nn.ModuleList([Reader(width, heads, inner, dropout) for _ in range(encoder_layers)])
        self.read_norm = nn.LayerNorm(width)
        self.writers = nn.ModuleList([Writer(width, heads, inner, dropout) for _ in range(decoder_layers)])
        self.write_norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        head = width // heads
        self.states = [StateTensor(name="context_mask", dtype="float32", shape=(CONTEXT_TOKENS,), update=StateUpdate.FIXED)]
        self.states.append(StateTensor(name="topic", dtype="float32", shape=(width,), update=StateUpdate.FIXED))
        for layer in range(decoder_layers):
            for name, shape, update, slot_axis in (
                (f"context_keys_{layer}", (heads, head, CONTEXT_TOKENS), StateUpdate.FIXED, None),
                (f"context_values_{layer}", (heads, CONTEXT_TOKENS, head), StateUpdate.FIXED, None),
                (f"reply_keys_{layer}", (heads, head, REPLY_TOKENS), StateUpdate.APPENDED, 3),
                (f"reply_values_{layer}", (heads, REPLY_TOKENS, head), StateUpdate.APPENDED, 2),
            ):
                self.states.append(StateTensor(name=name, dtype="float32", shape=shape, update=update, slot_axis=slot_axis))

    @property
    @override
    def topic_width(self) -> int:
        return self.width // 3

    @torch.no_grad()
    @override
    def begin_with(self, factors: BigramFactors, answers: AnswerFactors) -> None:
        super().begin_with(factors, answers)
        topic = slice(self.width - self.topic_width, None)
        self.own_D[topic] = 0
        self.topics_UD[0, topic] = 1

    @override
    def read(self, context_BS: Int[Tensor, "B S"]) -> tuple[Tensor, ...]:
        keep_BS = context_BS != PAD
        memory_BSD, topic_BD = self._read(context_BS, keep_BS)
        return memory_BSD, keep_BS, topic_BD

    @override
    def write(self, memory: tuple[Tensor, ...], reply_BT: Int[Tensor, "B T"]) -> Float[Tensor, "B T D"]:
        memory_BSD, keep_BS, topic_BD = memory
        own_BTD = self.embed(reply_BT) * self.own_D + self.slots_RD[: reply_BT.shape[1]]
        hidden_BTD = self.dropout(own_BTD + topic_BD.unsqueeze(1))
        for writer in self._writers():
            hidden_BTD = writer(hidden_BTD, memory_BSD, keep_BS)
        written_BTD: Tensor = self.dropout(self.write_norm(hidden_BTD))
        return written_BTD

    @override
    def encode(self, context_BS: Int[Tensor, "B S"]) -> dict[str, Tensor]:
        memory_BSD, keep_BS, topic_BD = self.read(context_BS)
        missing = CONTEXT_TOKENS - context_BS.shape[1]
        mask_BS = functional.pad(torch.where(keep_BS, 0.0, _MASKED), (0, missing), value=_MASKED)
        states = {"context_mask": mask_BS, "topic": topic_BD}
        for layer, writer in enumerate(self._writers()):
            keys_BHSE, values_BHSE = writer.context.keys_values(memory_BSD)
            states[f"context_keys_{layer}"] = functional.pad(keys_BHSE.transpose(2, 3), (0, missing))
            states[f"context_values_{layer}"] = functional.pad(values_BHSE, (0, 0, 0, missing))
        return states

    @override
    def step(
        self, token_B: Int[Tensor, " B"], position_B: Int[Tensor, " B"], states: dict[str, Tensor]
    ) -> tuple[Float[Tensor, "B V"], dict[str, Tensor]]:
        hidden_BD = self.embed(token_B) * self.own_D + functional.embedding(position_B, self.slots_RD) + states["topic"]
        slots_1R = torch.arange(REPLY_TOKENS, device=token_B.device).unsqueeze(0)
        past_BR = torch.where(slots_1R < position_B.unsqueeze(1), 0.0, _MASKED)
        successors: dict[str, Tensor] = {}
        for layer, writer in enumerate(self._writers()):
            hidden_BD, key_BHE, value_BHE = writer.step(
                hidden_BD,
                reply=(states[f"reply_keys_{layer}"], states[f"reply_values_{layer}"], past_BR),
                context=(states[f"context_keys_{layer}"], states[f"context_values_{layer}"], states["context_mask"]),
            )
            successors[f"reply_keys_{layer}"] = key_BHE
            successors[f"reply_values_{layer}"] = value_BHE
        return self.logits(self.write_norm(hidden_BD)), successors

    def _writers(self) -> list[Writer]:
        return [writer for writer in self.writers if isinstance(writer, Writer)]

    def _read(
        self, context_BS: Int[Tensor, "B S"], keep_BS: Bool[Tensor, "B S"]
    ) -> tuple[Float[Tensor, "B S D"], Float[Tensor, "B D"]]:
        """The context as attention sees it, and its topic."""
        slot_1S = torch.arange(context_BS.shape[1], device=context_BS.device).unsqueeze(0)
        back_BS = (keep_BS.sum(1, keepdim=True) - 1 - slot_1S).clamp(min=0)
        ends_BS = (context_BS == SEPARATOR).long()
        turn_BS = (ends_BS.sum(1, keepdim=True) - ends_BS.cumsum(1)).clamp(max=CONTEXT_TURNS - 1)
        embedded_BSD = self.embed(context_BS)
        place_BSD = functional.embedding(back_BS, self.places_SD) + functional.embedding(turn_BS, self.turns_UD)
        hidden_BSD = self.dropout(embedded_BSD + place_BSD)
        for reader in self.readers:
            hidden_BSD = reader(hidden_BSD, keep_BS)
        memory_BSD: Tensor = self.read_norm(hidden_BSD)
        return memory_BSD, self._topic(embedded_BSD, turn_BS, keep_BS & (context_BS != SEPARATOR))

    def _topic(
        self, embedded_BSD: Float[Tensor, "B S D"], turn_BS: Int[Tensor, "B S"], said_BS: Bool[Tensor, "B S"]
    ) -> Float[Tensor, "B D"]:
        """Over turns, what passes of their tokens' vectors, summed and divided by the root of their number."""
        turns_BUS = functional.one_hot(turn_BS, CONTEXT_TURNS).transpose(1, 2) * said_BS.unsqueeze(1)
        weights_BUS = turns_BUS / turns_BUS.sum(2, keepdim=True).clamp(min=1).sqrt()
        topic_BD: Tensor = ((weights_BUS @ embedded_BSD) * self.topics_UD).sum(1)
        return topic_BD
