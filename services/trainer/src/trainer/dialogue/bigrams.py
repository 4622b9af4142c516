"""What counts alone tell of a reply: how frequent tokens are and which follows which, as a network's first weights.

A network that begins with random weights spends its first minutes on a CPU learning what counting finds in seconds. The
shifted log-odds of token pairs are factored to the network's width (as word vectors can be: Levy and Goldberg 2014), so that
a token's input vector times another's output vector begins as the log-odds that the other follows. The tokens of a message
and of its reply are counted in the same way: what is talked about is known before the first step.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from trainer.dialogue.encoding import EncodedExchanges
from trainer.dialogue.tokens import SPECIAL_TOKENS

__all__ = ["AnswerFactors", "BigramFactors", "answer_factors", "bigram_factors"]

_DOUBT = 2.0
"""A pair seen n times keeps n / (n + 2) of its log-odds."""
_TOPIC_DOUBT = 10.0
_COUNTED = 400_000


@dataclass(frozen=True)
class BigramFactors:
    """log p(next | token) is about `log_p_V[next] + before_VD[token] . after_VD[next]`."""

    log_p_V: NDArray[np.float32]
    before_VD: NDArray[np.float32]
    """Rows of length 1 on average over the text."""
    after_VD: NDArray[np.float32]


@dataclass(frozen=True)
class AnswerFactors:
    """The log-odds that a reply holds `said` are about `about_VK[token] . answer_VK[said]`, summed over a message's tokens."""

    about_VK: NDArray[np.float32]
    """Summed over a message and divided by the root of n, of length 1 on average."""
    answer_VK: NDArray[np.float32]


def bigram_factors(exchanges: EncodedExchanges, *, vocabulary: int, width: int) -> BigramFactors:
    """From the replies of all exchanges; negative log-odds count as none. Columns beyond the rank are zero."""
    following = exchanges.targets.astype(np.int64)
    before = np.empty_like(following)
    before[1:] = following[:-1]
    before[exchanges.target_starts[:-1]] = SPECIAL_TOKENS.start
    shape = (vocabulary, vocabulary)
    counts = sparse.coo_array((np.ones(len(following)), (before, following)), shape=shape).tocsr().tocoo()
    first_V, second_V = np.bincount(before, minlength=vocabulary), np.bincount(following, minlength=vocabulary)
    before_VD, after_VD = _factors(counts, first_V, second_V, len(following), doubt=_DOUBT, width=width)
    length = max(float(np.linalg.norm(before_VD, axis=1) @ first_V) / len(following), 1e-6)
    log_p_V = np.log((second_V + 1) / (second_V + 1).sum())
    return BigramFactors(log_p_V.astype(np.float32), before_VD / length, after_VD * length)


def answer_factors(exchanges: EncodedExchanges, *, vocabulary: int, width: int, seed: int) -> AnswerFactors:
    """From the last messages and replies of up to 400,000 exchanges, each token counted once a text; empty at width 0."""
    if width == 0:
        return AnswerFactors(*np.zeros((2, vocabulary, 0), np.float32))
    random = np.random.default_rng((seed, 7))
    rows = np.sort(random.permutation(len(exchanges))[:_COUNTED])
    messages = _occurrences(*_last_turns(exchanges, rows), vocabulary)
    replies = _occurrences(*_rows_of(exchanges.targets, exchanges.target_starts, rows), vocabulary)
    counts = (messages.T @ replies).tocoo()
    first_V, second_V = messages.sum(axis=0), replies.sum(axis=0)
    about_VK, answer_VK = _factors(counts, first_V, second_V, len(rows), doubt=_TOPIC_DOUBT, width=width)
    topic_NK = sparse.diags_array(1 / np.sqrt(np.maximum(messages.sum(axis=1), 1))) @ messages @ about_VK
    length = max(float(np.linalg.norm(topic_NK, axis=1).mean()), 1e-6)
    return AnswerFactors(about_VK / length, answer_VK * length)


def _factors(
    counts: sparse.coo_array,
    first_V: NDArray[Any],
    second_V: NDArray[Any],
    total: int,
    *,
    doubt: float,
    width: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of the positive log-odds, those of rare pairs doubted."""
    vocabulary = counts.shape[0]
    odds = counts.data * total / (first_V[counts.row] * second_V[counts.col])
    kept = np.maximum(np.log(odds), 0) * counts.data / (counts.data + doubt)
    positive = sparse.csr_array((kept, (counts.row, counts.col)), shape=counts.shape)
    rank = min(width, vocabulary - 1)
    left_VK, singular_K, right_KV = svds(positive, k=rank, v0=np.ones(vocabulary))
    root_K = np.sqrt(np.maximum(singular_K, 0))
    first_VD, second_VD = np.zeros((2, vocabulary, width), np.float32)
    first_VD[:, :rank], second_VD[:, :rank] = left_VK * root_K, right_KV.T * root_K
    return first_VD, second_VD


def _last_turns(exchanges: EncodedExchanges, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(row, token) of the tokens after each context's last separator."""
    row_N, token_N = _rows_of(exchanges.contexts, exchanges.context_starts, rows)
    ends_N = np.cumsum(token_N == SPECIAL_TOKENS.separator)
    last_R = np.zeros(len(rows), np.int64)
    last_R[row_N] = ends_N  # the highest number of a row is its last token's
    kept_N = (ends_N == last_R[row_N]) & (token_N != SPECIAL_TOKENS.separator)
    return row_N[kept_N], token_N[kept_N]


def _rows_of(
    flat: NDArray[np.uint16], starts: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(row, token) of the tokens of these rows, in order."""
    lengths_R = starts[rows + 1] - starts[rows]
    row_N = np.repeat(np.arange(len(rows)), lengths_R)
    place_N = np.arange(len(row_N)) - np.repeat(np.cumsum(lengths_R) - lengths_R, lengths_R) + starts[rows][row_N]
    return row_N, flat[place_N].astype(np.int64)


def _occurrences(row_N: NDArray[np.int64], token_N: NDArray[np.int64], vocabulary: int) -> sparse.csr_array:
    """1 where a row holds a token."""
    shape = (int(row_N.max(initial=-1)) + 1, vocabulary)
    occurrences = sparse.csr_array((np.ones(len(row_N)), (row_N, token_N)), shape=shape)
    occurrences.sum_duplicates()
    occurrences.data[:] = 1
    return occurrences
