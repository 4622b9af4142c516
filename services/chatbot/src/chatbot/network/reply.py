"""Reply: one answer that is being written, with all that its next token depends on beside the network's states."""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chatbot.network.bundle import Bundle
from chatbot.network.reply_text import ReplyText
from dialogue.decoding import CONTRASTED, SAMPLED, Decoding, contrast, next_token

__all__ = ["Finish", "Piece", "Reply", "ReplyOptions", "Said"]


class Finish(StrEnum):
    """Why a reply is over, in OpenAI's words."""

    STOP = "stop"
    """The bot had said all, or a stop string came."""
    LENGTH = "length"
    """The most tokens that were asked for, or that the bot can say."""


@dataclass(frozen=True)
class ReplyOptions:
    """How a reply is wanted."""

    decoding: Decoding = SAMPLED
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    seed: int | None = None
    """The same seed gives the same reply, whoever else is chatting."""
    likeliest: int | None = None
    """How many of the likeliest tokens are told with each that is said; None tells nothing of chances."""


@dataclass(frozen=True)
class Said:
    """A token that was said, with its log-probability by the network, before contrast, penalties and temperature."""

    token: int
    logprob: float
    likeliest: tuple[tuple[int, float], ...]
    """Tokens and log-probabilities, the likeliest first."""


@dataclass(frozen=True)
class Piece:
    """What a step added to a reply."""

    text: str
    """Empty while what was written cannot be shown yet."""
    tokens: int
    """Written so far."""
    finish: Finish | None = None
    said: Said | None = None
    """The token of this step, where its chances were asked for and it is not the end."""


class Reply:
    """Belongs to the engine's thread once it was handed in."""

    def __init__(
        self, bundle: Bundle, context: list[int], options: ReplyOptions, *, random: np.random.Generator, echo_of: str = ""
    ) -> None:
        self.bundle = bundle
        self.context = context
        self._options = options
        self._random = random
        self._special = bundle.card.tokens
        self._limit = min(bundle.card.reply_tokens, options.max_tokens or bundle.card.reply_tokens)
        self._text = ReplyText(bundle.tokens, bundle.language, stops=options.stops, echo_of=echo_of)
        self.token = self._special.start
        """The last token, from which the next step goes on."""

    @classmethod
    def several(cls, bundle: Bundle, turns: list[str], options: ReplyOptions, *, count: int) -> list[Self]:
        """`count` replies to the same turns, each with a chance of its own."""
        entropy = secrets.randbits(64) if options.seed is None else options.seed % 2**64
        context = bundle.context(turns)
        echo_of = turns[-1] if turns else ""
        return [
            cls(bundle, context, options, random=np.random.default_rng((entropy, index)), echo_of=echo_of)
            for index in range(count)
        ]

    @property
    def position(self) -> int:
        """Tokens written."""
        return len(self._text.ids)

    @property
    def is_contrasted(self) -> bool:
        """Whether the next token is contrasted."""
        return self.position < CONTRASTED

    def choose(self, logits_V: NDArray[np.float32], unconditional_V: NDArray[np.float32] | None) -> Piece:
        """Choose the next token; `unconditional_V` are the logits of the same reply to an empty context, while contrasted."""
        network_V = logits_V
        end = self._special.end
        ids = self._text.ids
        if unconditional_V is not None:
            logits_V = contrast(logits_V, unconditional_V, ids, special=self._special)
        token = next_token(
            logits_V,
            ids,
            self._options.decoding,
            self._random,
            special=self._special,
            refused=lambda token: self._text.refuses(token, end),
        )
        self.token = token
        if token == end:
            return Piece(self._text.finish(), len(ids), Finish.STOP)
        text = self._text.add(token)
        said = None if self._options.likeliest is None else _chances(network_V, token, self._options.likeliest)
        if self._text.stopped:
            return Piece(text, len(ids), Finish.STOP, said)
        if len(ids) >= self._limit:
            return Piece(text + self._text.finish(), len(ids), Finish.LENGTH, said)
        return Piece(text, len(ids), said=said)


def _chances(logits_V: NDArray[np.float32], token: int, likeliest: int) -> Said:
    row_V = logits_V.astype(np.float64)
    row_V -= row_V.max()
    row_V -= np.log(np.exp(row_V).sum())
    first = np.argsort(-row_V, kind="stable")[:likeliest]
    return Said(token, float(row_V[token]), tuple((int(each), float(row_V[each])) for each in first))
