"""Decoding: which token comes next. Contrast, penalties, no repeated 3-grams, top-k, temperature, nucleus; pure arithmetic.

The chatbot draws its replies so, and the trainer's scorecard those that it measures. V is the vocabulary.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dialogue.bundle import SpecialTokens

__all__ = ["CONTRASTED", "GREEDY", "SAMPLED", "Decoding", "contrast", "next_token"]

_TOP_K: Final = 40
_REPETITION: Final = 1.1
"""Divides (multiplies, below 0) the logit of a token that the reply holds already (arXiv:1909.05858)."""
_BLOCKED_NGRAM: Final = 3
"""No run of this many tokens occurs twice in a reply."""
CONTRASTED: Final = 5
"""Tokens of a reply that are contrasted; its first words decide what it is about (arXiv:1510.03055)."""
_CONTRAST: Final = 1.0
"""How much of what the context adds to a token's logit is added once more (arXiv:2306.17806)."""
_PLAUSIBLE: Final = math.log(0.05)
"""Log of the share of the likeliest token's probability below which no contrast makes a token likely (arXiv:2210.15097)."""
_BEHIND: Final = np.float32(1e4)
"""Taken from the logit of a token that is not plausible: behind all that are, in the same order."""
_PARTS: Final = 128
_TRIES: Final = 64
"""Tokens that may be refused before a reply has to end."""


@dataclass(frozen=True)
class Decoding:
    """How a reply is drawn."""

    temperature: float = 0.8
    """0 takes the likeliest token."""
    top_p: float = 0.9
    top_k: int = _TOP_K
    """The likeliest tokens that are drawn from, 40 at most."""
    frequency_penalty: float = 0.0
    """Taken from the logit of a token for each time the reply holds it already."""
    presence_penalty: float = 0.0
    """Taken once from the logit of a token that the reply holds already."""


GREEDY: Final = Decoding(temperature=0.0)
SAMPLED: Final = Decoding()


def contrast(
    logits_V: NDArray[np.float32], unconditional_V: NDArray[np.float32], reply: Sequence[int], *, special: SpecialTokens
) -> NDArray[np.float32]:
    """Logits that favour what answers the context over what is said anyway.

    `unconditional_V` are those of the same reply to an empty context. A token that the reply holds already gains nothing, for
    a topic is named once; nor does the end.
    """
    gain_V = _CONTRAST * (logits_V - unconditional_V)
    bounded = [special.end, *reply]
    gain_V[bounded] = np.minimum(gain_V[bounded], 0)
    gain_V += logits_V
    gain_V -= _BEHIND * (logits_V < logits_V.max() + _PLAUSIBLE)
    return gain_V


def next_token(
    logits_V: NDArray[np.float32],
    reply: Sequence[int],
    decoding: Decoding,
    random: np.random.Generator,
    *,
    special: SpecialTokens,
    refused: Callable[[int], bool] = lambda _: False,
) -> int:
    """One token, given the reply so far, which does not end before it began; `special.end` when nothing else is left.

    `refused` says which token may not be said here; another is drawn in its place.
    """
    row_V = logits_V.astype(np.float64)
    for token in (special.pad, special.unknown, special.start, special.separator):
        row_V[token] = -np.inf
    if reply:
        _discourage(row_V, reply, decoding)
    else:
        row_V[special.end] = -np.inf
    for _ in range(_TRIES):
        token = _draw(row_V, decoding, random) if decoding.temperature > 0 else int(row_V.argmax())
        if row_V[token] == -np.inf:
            break
        if not refused(token):
            return token
        row_V[token] = -np.inf
    return special.end


def _discourage(row_V: NDArray[np.float64], reply: Sequence[int], decoding: Decoding) -> None:
    for token, times in Counter(reply).items():
        kept = row_V[token]
        row_V[token] = kept / _REPETITION if kept > 0 else kept * _REPETITION
        row_V[token] -= decoding.presence_penalty + decoding.frequency_penalty * times
    if len(reply) >= _BLOCKED_NGRAM:
        last = tuple(reply[len(reply) - _BLOCKED_NGRAM + 1 :])
        for begin in range(len(reply) - _BLOCKED_NGRAM + 1):
            if tuple(reply[begin : begin + _BLOCKED_NGRAM - 1]) == last:
                row_V[reply[begin + _BLOCKED_NGRAM - 1]] = -np.inf


def _draw(row_V: NDArray[np.float64], decoding: Decoding, random: np.random.Generator) -> int:
    kept = _likeliest(row_V)[: decoding.top_k]
    logits_K = row_V[kept]
    if logits_K[0] == -np.inf:
        return int(kept[0])
    with np.errstate(over="ignore"):  # a temperature near 0 sends all but the likeliest to -inf, and their weights to 0
        weights_K = np.exp((logits_K - logits_K[0]) / decoding.temperature)
    share_K = weights_K.cumsum() / weights_K.sum()
    nucleus = weights_K[: int(share_K.searchsorted(decoding.top_p)) + 1]
    drawn = int((nucleus.cumsum() / nucleus.sum()).searchsorted(random.random(), side="right"))
    return int(kept[min(drawn, len(nucleus) - 1)])


def _likeliest(row_V: NDArray[np.float64]) -> NDArray[np.int64]:
    """The 40 likeliest tokens in order, equals by id.

    Cut the vocabulary into 128 parts: the 40th of their likeliest tokens is not likelier than the 40th of all, so that what
    lies below it need not be sorted, which are all but some fifty.
    """
    first_of_parts = row_V[: len(row_V) // _PARTS * _PARTS].reshape(-1, _PARTS).max(axis=0, initial=-np.inf)
    first_of_parts.partition(_PARTS - _TOP_K)
    candidates = (row_V >= first_of_parts[_PARTS - _TOP_K]).nonzero()[0]
    order: NDArray[np.int64] = candidates[(-row_V[candidates]).argsort(kind="stable")[:_TOP_K]]
    return order
