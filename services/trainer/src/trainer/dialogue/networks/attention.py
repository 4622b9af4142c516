"""Multi-head attention (arXiv:1706.03762): fused for a whole sequence, spelled out for one step."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Attention"]


class Attention(nn.Module):
    """Axes: B rows, T inputs, S of memory, H heads, E width of a head, R slots of a reply, D = H E."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.head = width // heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.output = nn.Linear(width, width)

    def forward(self, input_BTD: Tensor, memory_BSD: Tensor, *, keep_B11S: Tensor | None, causal: bool) -> Tensor:
        """From a whole sequence of inputs to a whole memory."""
        query_BHTE = self._split(self.query(input_BTD))
        keys_BHSE, values_BHSE = self.keys_values(memory_BSD)
        mixed_BHTE = functional.scaled_dot_product_attention(query_BHTE, keys_BHSE, values_BHSE, keep_B11S, is_causal=causal)
        output_BTD: Tensor = self.output(mixed_BHTE.transpose(1, 2).flatten(2))
        return output_BTD

    def keys_values(self, memory_BSD: Tensor) -> tuple[Tensor, Tensor]:
        """By heads, [B, H, S, E]."""
        keys_BSD, values_BSD = self.key_value(memory_BSD).chunk(2, -1)
        return self._split(keys_BSD), self._split(values_BSD)

    def step(self, input_BD: Tensor, keys_BHES: Tensor, values_BHSE: Tensor, mask_BS: Tensor) -> Tensor:
        """Attention over what is stored."""
        scores_BH1S = self._query(input_BD) @ keys_BHES + mask_BS[:, None, None, :]
        output_BD: Tensor = self.output((scores_BH1S.softmax(-1) @ values_BHSE).flatten(1))
        return output_BD

    def step_with_self(
        self, input_BD: Tensor, keys_BHER: Tensor, values_BHRE: Tensor, past_BR: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Attention over what is stored and over the input itself, whose key and value are returned to be stored."""
        key_BHE, value_BHE = (self._by_head(part) for part in self.key_value(input_BD).chunk(2, -1))
        query_BH1E = self._query(input_BD)
        past_BH1R = query_BH1E @ keys_BHER + past_BR[:, None, None, :]
        self_BH11 = query_BH1E @ key_BHE.unsqueeze(-1)
        weights_BH1R1 = torch.cat([past_BH1R, self_BH11], -1).softmax(-1)
        mixed_BH1E = weights_BH1R1[..., :-1] @ values_BHRE + weights_BH1R1[..., -1:] * value_BHE.unsqueeze(2)
        return self.output(mixed_BH1E.flatten(1)), key_BHE, value_BHE

    def _query(self, input_BD: Tensor) -> Tensor:
        query_BHE = self._by_head(self.query(input_BD))
        return query_BHE.unsqueeze(2) * (1 / math.sqrt(self.head))

    def _by_head(self, rows_BD: Tensor) -> Tensor:
        by_head_BHE: Tensor = rows_BD.reshape(-1, self.heads, self.head)
        return by_head_BHE

    def _split(self, rows_BTD: Tensor) -> Tensor:
        rows, length, _ = rows_BTD.shape
        return rows_BTD.view(rows, length, self.heads, self.head).transpose(1, 2)
