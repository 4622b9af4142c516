"""The seed's family: a bidirectional GRU reads, a GRU with Luong's general attention answers (arXiv:1508.04025)."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from dialogue.bundle import CONTEXT_TOKENS, StateTensor, StateUpdate
from trainer.dialogue.networks.network import PAD, DialogueNetwork

__all__ = ["GruNetwork"]

_MASKED = -1e9


class GruNetwork(DialogueNetwork):
    """Width D of the embedding, hidden size H of the decoder and of each encoder direction.

    The source is masked and the decoder is fused over time: attention does not feed back. The token just said passes by the
    decoder to the output layer as well.
    """

    def __init__(self, *, vocabulary: int, width: int, hidden: int, dropout: float) -> None:
        super().__init__(vocabulary, width)
        self.hidden = hidden
        self.forwards = nn.GRU(width, hidden, batch_first=True)
        self.backwards = nn.GRU(width, hidden, batch_first=True)
        self.decoder = nn.GRU(width, hidden, batch_first=True)
        self.start = nn.Linear(2 * hidden, hidden)
        self.score = nn.Linear(hidden, hidden, bias=False)
        self.attended = nn.Linear(2 * hidden, width)
        self.dropout = nn.Dropout(dropout)
        self.states = [
            StateTensor(name="memory", dtype="float32", shape=(CONTEXT_TOKENS, hidden), update=StateUpdate.FIXED),
            StateTensor(name="context_mask", dtype="float32", shape=(CONTEXT_TOKENS,), update=StateUpdate.FIXED),
            StateTensor(name="hidden", dtype="float32", shape=(hidden,), update=StateUpdate.REPLACED),
        ]

    @override
    def read(self, context_BS: Int[Tensor, "B S"]) -> tuple[Tensor, ...]:
        return (*self._read(context_BS), context_BS == PAD)

    @override
    def write(self, memory: tuple[Tensor, ...], reply_BT: Int[Tensor, "B T"]) -> Float[Tensor, "B T D"]:
        memory_BSH, hidden_BH, padding_BS = memory
        embedded_BTD = self.dropout(self.embed(reply_BT))
        decoded_BTH, _ = self.decoder(embedded_BTD, hidden_BH.unsqueeze(0))
        scores_BTS = self.score(decoded_BTH) @ memory_BSH.transpose(1, 2)
        scores_BTS = scores_BTS.masked_fill(padding_BS.unsqueeze(1), _MASKED)
        context_BTH = scores_BTS.softmax(-1) @ memory_BSH
        attended_BTD: Tensor = self.dropout(torch.tanh(self.attended(torch.cat([decoded_BTH, context_BTH], -1))) + embedded_BTD)
        return attended_BTD

    @override
    def encode(self, context_BS: Int[Tensor, "B S"]) -> dict[str, Tensor]:
        memory_BSH, hidden_BH = self._read(context_BS)
        missing = CONTEXT_TOKENS - context_BS.shape[1]
        mask_BS = torch.where(context_BS == PAD, _MASKED, 0.0)
        return {
            "memory": functional.pad(memory_BSH, (0, 0, 0, missing)),
            "context_mask": functional.pad(mask_BS, (0, missing), value=_MASKED),
            "hidden": hidden_BH,
        }

    @override
    def step(
        self, token_B: Int[Tensor, " B"], position_B: Int[Tensor, " B"], states: dict[str, Tensor]
    ) -> tuple[Float[Tensor, "B V"], dict[str, Tensor]]:
        del position_B  # a GRU keeps no slots
        embedded_BD = self.embed(token_B)
        hidden_BH = self._cell(embedded_BD, states["hidden"])
        scores_BS = (states["memory"] @ self.score(hidden_BH).unsqueeze(-1)).squeeze(-1) + states["context_mask"]
        context_BH = (scores_BS.softmax(-1).unsqueeze(1) @ states["memory"]).squeeze(1)
        attended_BD = torch.tanh(self.attended(torch.cat([hidden_BH, context_BH], -1))) + embedded_BD
        return self.logits(attended_BD), {"hidden": hidden_BH}

    def _read(self, context_BS: Int[Tensor, "B S"]) -> tuple[Float[Tensor, "B S H"], Float[Tensor, "B H"]]:
        """Memory of both directions, and the decoder's first state.

        Padding is on the right, so the forward pass meets it last; the backward pass runs over the reversed tokens. Neither
        needs packed sequences, which ONNX does not know.
        """
        embedded_BSD = self.dropout(self.embed(context_BS))
        length_B1 = (context_BS != PAD).sum(1, keepdim=True)
        mirror_BS1 = self._mirror(context_BS, length_B1).unsqueeze(-1)
        forward_BSH, _ = self.forwards(embedded_BSD)
        reversed_BSD = embedded_BSD.gather(1, mirror_BS1.expand(-1, -1, self.width))
        mirrored_BSH, _ = self.backwards(reversed_BSD)
        backward_BSH = mirrored_BSH.gather(1, mirror_BS1.expand(-1, -1, self.hidden))
        last_B1H = (length_B1 - 1).unsqueeze(-1).expand(-1, -1, self.hidden)
        ends_BH2 = torch.cat([forward_BSH.gather(1, last_B1H), mirrored_BSH.gather(1, last_B1H)], -1).squeeze(1)
        keep_BS1: Bool[Tensor, "B S 1"] = (context_BS != PAD).unsqueeze(-1)
        memory_BSH = (forward_BSH + backward_BSH) * keep_BS1
        return self.dropout(memory_BSH), torch.tanh(self.start(ends_BH2))

    @staticmethod
    def _mirror(context_BS: Int[Tensor, "B S"], length_B1: Int[Tensor, "B 1"]) -> Int[Tensor, "B S"]:
        """Index of the token that mirrors each one within its row; padding stays where it is."""
        slot_1S = torch.arange(context_BS.shape[1], device=context_BS.device).unsqueeze(0)
        return torch.where(slot_1S < length_B1, length_B1 - 1 - slot_1S, slot_1S)

    def _cell(self, input_BD: Float[Tensor, "B D"], hidden_BH: Float[Tensor, "B H"]) -> Float[Tensor, "B H"]:
        """One step of `self.decoder`, spelled out as products that ONNX Runtime quantises."""
        input_weight, hidden_weight, input_bias, hidden_bias = self.decoder.all_weights[0]
        inputs_B3H = functional.linear(input_BD, input_weight, input_bias)
        hiddens_B3H = functional.linear(hidden_BH, hidden_weight, hidden_bias)
        reset_in, update_in, new_in = inputs_B3H.chunk(3, -1)
        reset_hid, update_hid, new_hid = hiddens_B3H.chunk(3, -1)
        update_BH = torch.sigmoid(update_in + update_hid)
        new_BH = torch.tanh(new_in + torch.sigmoid(reset_in + reset_hid) * new_hid)
        return new_BH + update_BH * (hidden_BH - new_BH)
