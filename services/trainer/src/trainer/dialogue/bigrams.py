"""What counts alone tell of a reply: how frequent tokens are and which follows which, as a network's first weights.

A network that begins with random weights spends its first minutes on a CPU learning what counting finds in seconds. The
shifted log-odds of token pairs are factored to the network's width (as word vectors can be: Levy and Goldberg 2014), so that
a token's input vector times another's output vector begins as the log-odds that the other follows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from trainer.dialogue.encoding import EncodedExchanges
from trainer.dialogue.tokens import SPECIAL_TOKENS

__all__ = ["BigramFactors", "bigram_factors"]

_DOUBT = 2.0
"""A pair seen n times keeps n / (n + 2) of its log-odds."""


@dataclass(frozen=True)
class BigramFactors:
    """log p(next | token) is about `log_p_V[next] + before_VD[token] . after_VD[next]`."""

    log_p_V: NDArray[np.float32]
    before_VD: NDArray[np.float32]
    """Rows of length 1 on average over the text."""
    after_VD: NDArray[np.float32]


def bigram_factors(exchanges: EncodedExchanges, *, vocabulary: int, width: int) -> BigramFactors:
    """From the replies of all exchanges; negative log-odds count as none. Columns beyond the rank are zero."""
    following = exchanges.targets.astype(np.int64)
    before = np.empty_like(following)
    before[1:] = following[:-1]
    before[exchanges.target_starts[:-1]] = SPECIAL_TOKENS.start
    shape = (vocabulary, vocabulary)
    counts = sparse.coo_array((np.ones(len(following)), (before, following)), shape=shape).tocsr().tocoo()
    first_V, second_V = np.bincount(before, minlength=vocabulary), np.bincount(following, minlength=vocabulary)
    odds = counts.data * len(following) / (first_V[counts.row] * second_V[counts.col])
    kept = np.maximum(np.log(odds), 0) * counts.data / (counts.data + _DOUBT)
    positive = sparse.csr_array((kept, (counts.row, counts.col)), shape=shape)
    rank = min(width, vocabulary - 1)
    left_VK, singular_K, right_KV = svds(positive, k=rank, v0=np.ones(vocabulary))
    root_K = np.sqrt(np.maximum(singular_K, 0))
    before_VD, after_VD = np.zeros((2, vocabulary, width), np.float32)
    before_VD[:, :rank], after_VD[:, :rank] = left_VK * root_K, right_KV.T * root_K
    length = max(float(np.linalg.norm(before_VD, axis=1) @ first_V) / len(following), 1e-6)
    log_p_V = np.log((second_V + 1) / (second_V + 1).sum())
    return BigramFactors(log_p_V.astype(np.float32), before_VD / length, after_VD * length)
