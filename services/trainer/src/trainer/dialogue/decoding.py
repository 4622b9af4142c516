"""Which token comes next: contrast with silence, temperature, top-k, nucleus, no repeated 3-grams, by row, in numpy.

Pure arithmetic over the logits of a step; the chatbot service draws by the same rules, so the scorecard measures what is
served.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from trainer.dialogue.tokens import SPECIAL_TOKENS

__all__ = ["GREEDY", "SAMPLED", "Decoding", "against_silence", "next_tokens"]

_NEVER: Final = (SPECIAL_TOKENS.pad, SPECIAL_TOKENS.unknown, SPECIAL_TOKENS.start, SPECIAL_TOKENS.separator)

_BEHIND: Final = 1e4
"""Taken from the logit of a token that is not plausible: behind all that are, in the same order."""


@dataclass(frozen=True)
class Decoding:
    """How a reply is drawn."""

    temperature: float
    """0 takes the likeliest token."""
    top_k: int
    top_p: float
    repetition_penalty: float
    """Divides (multiplies, below 0) the logit of a token that the reply holds already (arXiv:1909.05858)."""
    blocked_ngram: int = 3
    """No run of this many tokens occurs twice in a reply; 0 allows it."""
    contrast: float = 1.0
    """How much of what the context adds to a token's logit is added once more (arXiv:2306.17806)."""
    plausible: float = 0.05
    """Share of the likeliest token's probability below which no contrast makes a token likely (arXiv:2210.15097)."""
    contrasted: int = 5
    """Tokens of a reply that are weighed so; its first words decide what it is about (arXiv:1510.03055)."""


GREEDY: Final = Decoding(temperature=0.0, top_k=0, top_p=1.0, repetition_penalty=1.1)
SAMPLED: Final = Decoding(temperature=0.8, top_k=40, top_p=0.9, repetition_penalty=1.1)


def against_silence(
    logits_BV: NDArray[np.float32], silent_BV: NDArray[np.float32], replies: Sequence[Sequence[int]], decoding: Decoding
) -> NDArray[np.float32]:
    """Logits that favour what answers the context over what is said anyway, in the first tokens of replies.

    `silent_BV` are those of the same replies where nothing was said. A token that the reply holds already gains nothing, for
    a topic is named once; nor does the end.
    """
    begun_B1 = np.array([[len(reply) >= decoding.contrasted] for reply in replies])
    gain_BV = decoding.contrast * (logits_BV - silent_BV)
    for gain_V, reply in zip(gain_BV, replies, strict=True):
        bounded = [SPECIAL_TOKENS.end, *reply]
        gain_V[bounded] = np.minimum(gain_V[bounded], 0)
    least_B1 = logits_BV.max(1, keepdims=True) + math.log(decoding.plausible)
    weighed_BV = logits_BV + gain_BV - _BEHIND * (logits_BV < least_B1)
    return np.where(begun_B1, logits_BV, weighed_BV).astype(np.float32)


def next_tokens(
    logits_BV: NDArray[np.float32],
    replies: Sequence[Sequence[int]],
    decoding: Decoding,
    randoms: Sequence[np.random.Generator],
) -> NDArray[np.int64]:
    """One token a row, given each row's reply so far and its own source of chance: rows do not depend on one another."""
    logits_BV = logits_BV.astype(np.float64)
    logits_BV[:, _NEVER] = -np.inf
    for row_V, reply in zip(logits_BV, replies, strict=True):
        _discourage(row_V, reply, decoding)
    if decoding.temperature == 0:
        likeliest_B: NDArray[np.int64] = logits_BV.argmax(1)
        return likeliest_B
    return np.array([_draw(row_V, decoding, random) for row_V, random in zip(logits_BV, randoms, strict=True)], np.int64)


def _discourage(row_V: NDArray[np.float64], reply: Sequence[int], decoding: Decoding) -> None:
    if not reply:
        row_V[SPECIAL_TOKENS.end] = -np.inf  # silence is no reply
    used = np.unique(np.asarray(reply, np.int64))
    row_V[used] = np.where(
        row_V[used] > 0, row_V[used] / decoding.repetition_penalty, row_V[used] * decoding.repetition_penalty
    )
    size = decoding.blocked_ngram
    if size and len(reply) >= size:
        last = tuple(reply[len(reply) - size + 1 :])
        for begin in range(len(reply) - size + 1):
            if tuple(reply[begin : begin + size - 1]) == last:
                row_V[reply[begin + size - 1]] = -np.inf


def _draw(row_V: NDArray[np.float64], decoding: Decoding, random: np.random.Generator) -> int:
    kept = np.argsort(-row_V, kind="stable")[: decoding.top_k or None]
    weights = np.exp((row_V[kept] - row_V[kept[0]]) / decoding.temperature)
    share = weights.cumsum() / weights.sum()
    nucleus = int(np.searchsorted(share, decoding.top_p)) + 1
    weights = weights[:nucleus]
    place = int(np.searchsorted(weights.cumsum() / weights.sum(), random.random(), side="right"))
    return int(kept[min(place, nucleus - 1)])
