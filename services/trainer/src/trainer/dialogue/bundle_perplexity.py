"""How well a bundle's graphs predict held-out replies, run as the chatbot runs them."""

import math

import numpy as np
from numpy.typing import NDArray

from dialogue.graphs import Graphs
from dialogue.rows import Rows
from trainer.dialogue.encoding import EncodedExchanges

__all__ = ["bundle_perplexity"]

_ROWS = 32
_PAD = 0


def bundle_perplexity(graphs: Graphs, exchanges: EncodedExchanges, chosen: NDArray[np.int64]) -> float:
    """Per token, of the replies of the chosen exchanges, forced token by token."""
    nats = 0.0
    for begin in range(0, len(chosen), _ROWS):
        batch = exchanges.batch(chosen[begin : begin + _ROWS])
        count = len(batch.context_BS)
        rows = Rows(graphs)
        rows.join(graphs.encode(batch.context_BS), count)
        for position in range(batch.reply_BT.shape[1]):
            logits_BV = rows.step(batch.reply_BT[:, position], np.full(count, position)).astype(np.float64)
            logits_BV -= logits_BV.max(1, keepdims=True)
            log_p_BV = logits_BV - np.log(np.exp(logits_BV).sum(1, keepdims=True))
            target_B = batch.target_BT[:, position]
            nats -= float(log_p_BV[np.arange(count), target_B][target_B != _PAD].sum())
    return math.exp(nats / int(exchanges.target_lengths[chosen].sum()))
