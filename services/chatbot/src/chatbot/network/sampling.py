"""Which token comes next: contrast with silence, penalties, no repeated 3-grams, top-k, temperature, nucleus. Pure arithmetic.

The rules, and with default penalties the very tokens, are those by which the trainer's scorecard measures a bot: what is
measured is what is served. V is the vocabulary.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dialogue.bundle import SpecialTokens

__all__ = ["CONTRASTED", "Sampling", "against_silence", "next_token"]

_TOP_K: Final = 40
_REPETITION: Final = 1.1
_BLOCKED_NGRAM: Final = 3
CONTRASTED: Final = 5
"""Tokens of a reply that are weighed against silence; its first words decide what it is about (arXiv:1510.03055)."""
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
class Sampling:
    """How a reply is drawn."""

    temperature: float = 0.8
    """0 takes the likeliest token."""
    top_p: float = 0.9
    frequency_penalty: float = 0.0
    """Taken from the logit of a token for each time the reply holds it already."""
    presence_penalty: float = 0.0
    """Taken once from the logit of a token that the reply holds already."""


def against_silence(
    logits_V: NDArray[np.float32], silent_V: NDArray[np.float32], said: Sequence[int], *, special: SpecialTokens
) -> NDArray[np.float32]:
    """Logits that favour what answers the context over what is said anyway.

    `silent_V` are those of the same reply where nothing was said. A token that the reply holds already gains nothing, for a
    topic is named once; nor does the end.
    """
    gain_V = _CONTRAST * (logits_V - silent_V)
    bounded = [special.end, *said]
    gain_V[bounded] = np.minimum(gain_V[bounded], 0)
    gain_V += logits_V
    gain_V -= _BEHIND * (logits_V < logits_V.max() + _PLAUSIBLE)
    return gain_V


def next_token(
    logits_V: NDArray[np.float32],
    said: Sequence[int],
    sampling: Sampling,
    random: np.random.Generator,
    *,
    special: SpecialTokens,
    refused: Callable[[int], bool],
) -> int:
    """One token, given the reply so far; `special.end` when nothing else is left.

    `refused` says which token may not be said here; another is drawn in its place.
    """
    row_V = logits_V.astype(np.float64)
    for token in (special.pad, special.unknown, special.start, special.separator):
        row_V[token] = -np.inf
    if said:
        _discourage(row_V, said, sampling)
    for _ in range(_TRIES):
        token = _draw(row_V, sampling, random) if sampling.temperature > 0 else int(row_V.argmax())
        if row_V[token] == -np.inf:
            break
        if not refused(token):
            return token
        row_V[token] = -np.inf
    return special.end


def _discourage(row_V: NDArray[np.float64], said: Sequence[int], sampling: Sampling) -> None:
    for token, times in Counter(said).items():
        kept = row_V[token]
        row_V[token] = kept / _REPETITION if kept > 0 else kept * _REPETITION
        row_V[token] -= sampling.presence_penalty + sampling.frequency_penalty * times
    if len(said) >= _BLOCKED_NGRAM:
        last = tuple(said[len(said) - _BLOCKED_NGRAM + 1 :])
        for begin in range(len(said) - _BLOCKED_NGRAM + 1):
            if tuple(said[begin : begin + _BLOCKED_NGRAM - 1]) == last:
                row_V[said[begin + _BLOCKED_NGRAM - 1]] = -np.inf


def _draw(row_V: NDArray[np.float64], sampling: Sampling, random: np.random.Generator) -> int:
    kept = _likeliest(row_V)
    logits_K = row_V[kept]
    if logits_K[0] == -np.inf:
        return int(kept[0])
    weights_K = np.exp((logits_K - logits_K[0]) / sampling.temperature)
    share_K = weights_K.cumsum() / weights_K.sum()
    nucleus = weights_K[: int(share_K.searchsorted(sampling.top_p)) + 1]
    place = int((nucleus.cumsum() / nucleus.sum()).searchsorted(random.random(), side="right"))
    return int(kept[min(place, len(nucleus) - 1)])


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
