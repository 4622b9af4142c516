"""Exchanges as flat arrays of token ids, from which any batch is one gather."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialogue.bundle import REPLY_TOKENS, lay_out_context
from trainer.dialogue.corpus.exchanges import Exchange
from trainer.dialogue.tokens import SPECIAL_TOKENS, Tokens

__all__ = ["Batch", "EncodedExchanges", "encode_exchanges"]


@dataclass(frozen=True)
class Batch:
    """Rows padded on the right with 0: B exchanges, S context tokens, T reply tokens."""

    context_BS: NDArray[np.int64]
    reply_BT: NDArray[np.int64]
    """`start` and the reply without its last token: what the decoder reads."""
    target_BT: NDArray[np.int64]
    """The reply and `end`: what it predicts. A reply too long for its slots has no `end`."""


@dataclass(frozen=True)
class EncodedExchanges:
    """N exchanges; the tokens of context i are `contexts[context_starts[i]:context_starts[i + 1]]`, likewise targets."""

    contexts: NDArray[np.uint16]
    context_starts: NDArray[np.int64]
    targets: NDArray[np.uint16]
    target_starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.context_starts) - 1

    @property
    def context_lengths(self) -> NDArray[np.int64]:
        """Tokens of each context."""
        return np.diff(self.context_starts)

    @property
    def target_lengths(self) -> NDArray[np.int64]:
        """Tokens of each reply, its end included."""
        return np.diff(self.target_starts)

    def batch(self, rows: NDArray[np.int64], *, unconditional: NDArray[np.bool_] | None = None) -> Batch:
        """The exchanges of these rows; where `unconditional`, the context is a lone separator: nothing was said."""
        context_BS = _gather(self.contexts, self.context_starts, rows)
        if unconditional is not None and unconditional.any():
            context_BS[unconditional] = SPECIAL_TOKENS.pad
            context_BS[unconditional, 0] = SPECIAL_TOKENS.separator
        target_BT = _gather(self.targets, self.target_starts, rows)
        reply_BT = np.zeros_like(target_BT)
        reply_BT[:, 0] = SPECIAL_TOKENS.start
        reply_BT[:, 1:] = np.where(target_BT[:, 1:] != SPECIAL_TOKENS.pad, target_BT[:, :-1], SPECIAL_TOKENS.pad)
        return Batch(context_BS, reply_BT, target_BT)


def encode_exchanges(exchanges: Sequence[Exchange], tokens: Tokens) -> EncodedExchanges:
    """Ids of every context and reply. Every text is tokenized once."""
    texts = list(dict.fromkeys(text for exchange in exchanges for text in (*exchange.context, exchange.reply)))
    ids = dict(zip(texts, tokens.encode(texts), strict=True))
    contexts: list[list[int]] = []
    targets: list[list[int]] = []
    for exchange in exchanges:
        contexts.append(lay_out_context([ids[text] for text in exchange.context], SPECIAL_TOKENS.separator))
        targets.append([*ids[exchange.reply], SPECIAL_TOKENS.end][:REPLY_TOKENS])
    return EncodedExchanges(*_flat(contexts), *_flat(targets))


def _flat(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    starts = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=starts[1:])
    return np.fromiter((token for row in rows for token in row), np.uint16, int(starts[-1])), starts


def _gather(flat: NDArray[np.uint16], starts: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    begin_B1 = starts[rows, None]
    length_B1 = starts[rows + 1, None] - begin_B1
    slots_1L = np.arange(int(length_B1.max()))[None]
    inside_BL = slots_1L < length_B1
    return np.where(inside_BL, flat[np.where(inside_BL, begin_B1 + slots_1L, 0)], SPECIAL_TOKENS.pad).astype(np.int64)
