"""The layers of a pre-norm Transformer (arXiv:2002.04745): those that read a context and those that write a reply."""

from torch import Tensor, nn
from torch.nn import functional

from trainer.dialogue.networks.attention import Attention

__all__ = ["Reader", "Writer"]


class _Inner(nn.Module):
    """Two layers with a squared ReLU between (arXiv:2109.08668)."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.widen = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)

    def forward(self, input_BTD: Tensor) -> Tensor:
        positive_BTI = functional.relu(self.widen(input_BTD))
        narrowed_BTD: Tensor = self.narrow(positive_BTI * positive_BTI)
        return narrowed_BTD


class Reader(nn.Module):
    """A layer of the encoder."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm, self.inner_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.inner = Attention(width, heads), _Inner(width, inner)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden_BSD: Tensor, keep_BS: Tensor) -> Tensor:
        """Every token attends to every kept token."""
        normed_BSD = self.attention_norm(hidden_BSD)
        attended_BSD = self.attention(normed_BSD, normed_BSD, keep_B11S=keep_BS[:, None, None, :], causal=False)
        hidden_BSD = hidden_BSD + self.dropout(attended_BSD)
        reader_BSD: Tensor = hidden_BSD + self.dropout(self.inner(self.inner_norm(hidden_BSD)))
        return reader_BSD


class Writer(nn.Module):
    """A layer of the decoder."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.reply_norm, self.context_norm, self.inner_norm = (nn.LayerNorm(width) for _ in range(3))
        self.reply, self.context, self.inner = Attention(width, heads), Attention(width, heads), _Inner(width, inner)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden_BTD: Tensor, memory_BSD: Tensor, keep_BS: Tensor) -> Tensor:
        """Every token attends to the reply so far, then to the context."""
        normed_BTD = self.reply_norm(hidden_BTD)
        hidden_BTD = hidden_BTD + self.dropout(self.reply(normed_BTD, normed_BTD, keep_B11S=None, causal=True))
        attended_BTD = self.context(
            self.context_norm(hidden_BTD), memory_BSD, keep_B11S=keep_BS[:, None, None, :], causal=False
        )
        hidden_BTD = hidden_BTD + self.dropout(attended_BTD)
        written_BTD: Tensor = hidden_BTD + self.dropout(self.inner(self.inner_norm(hidden_BTD)))
        return written_BTD

    def step(
        self, hidden_BD: Tensor, *, reply: tuple[Tensor, Tensor, Tensor], context: tuple[Tensor, Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The hidden row after this layer, and the key and value to store; `reply` and `context` are keys, values, mask."""
        attended_BD, key_BHE, value_BHE = self.reply.step_with_self(self.reply_norm(hidden_BD), *reply)
        hidden_BD = hidden_BD + attended_BD
        hidden_BD = hidden_BD + self.context.step(self.context_norm(hidden_BD), *context)
        return hidden_BD + self.inner(self.inner_norm(hidden_BD)), key_BHE, value_BHE
