"""Exchanges: what was said (up to three turns) and the reply to it, split into training and held-out by conversation."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dialogue.bundle import CONTEXT_TURNS
from dialogue.civility import is_civil
from trainer.dialogue.corpus.cleaning import clean
from trainer.dialogue.corpus.conversation import Conversation

__all__ = ["Exchange", "Exchanges"]

_COPIES = 50
"""How often an epoch may learn one reply of a corpus that counts once."""


@dataclass(frozen=True)
class Exchange:
    """A context, oldest turn first, and the reply to its last turn."""

    context: tuple[str, ...]
    reply: str


@dataclass
class Exchanges:
    """Collects exchanges from conversations.

    Attributes:
        held_out_share: Share of the conversations that are held out, by the digest of their words: a conversation is on
            the same side whatever corpora are read with it, and so are its copies.
        dropped: How many turns or exchanges were left out, by reason.
    """

    held_out_share: float = 0.02
    train: list[Exchange] = field(default_factory=list)
    held_out: list[Exchange] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    _seen: set[bytes] = field(default_factory=set)
    _copies: Counter[str] = field(default_factory=Counter)

    def add(self, conversations: Iterable[Conversation], *, times: int = 1) -> tuple[int, int]:
        """How many conversations were read and how many exchanges of them were kept.

        Each of these is to be learned `times` times an epoch, one reply `times` * 50 times: one that answers many messages is
        learned from more of them, each less often.
        """
        before, learned = len(self.train) + len(self.held_out), len(self.train)
        read = 0
        for conversation in conversations:
            read += 1
            side = self.held_out if _share(conversation) < self.held_out_share else self.train
            for passage in self._passages(conversation):
                for at in range(1, len(passage)):
                    exchange = Exchange(tuple(passage[max(0, at - CONTEXT_TURNS) : at]), passage[at])
                    self._keep(exchange, side, copies=times * _COPIES)
        kept = len(self.train) + len(self.held_out) - before
        self._repeat(self.train[learned:], times)
        return read, kept

    def _repeat(self, exchanges: list[Exchange], times: int) -> None:
        answered = Counter(exchange.reply for exchange in exchanges)
        for number in range(1, times):
            self.train.extend(found for found in exchanges if (number + 1) * answered[found.reply] <= times * _COPIES)

    def _passages(self, conversation: Conversation) -> Iterator[list[str]]:
        """The runs of usable turns: a masked turn ends one and begins the next."""
        passage: list[str] = []
        for turn in conversation.turns:
            text = clean(turn.text)
            if text is None:
                self.dropped["turns with a mask, an address or no letter"] += 1
                yield passage
                passage = []
            else:
                passage.append(text)
        yield passage

    def _keep(self, exchange: Exchange, side: list[Exchange], *, copies: int) -> None:
        if not is_civil(exchange.reply):
            self.dropped["replies with a refused word"] += 1
            return
        digest = hashlib.blake2b("\x00".join((*exchange.context, exchange.reply)).encode(), digest_size=16).digest()
        if digest in self._seen:
            self.dropped["repeated exchanges"] += 1
            return
        self._seen.add(digest)
        if side is self.train:
            if self._copies[exchange.reply] >= copies:
                self.dropped[f"replies seen {copies} times"] += 1
                return
            self._copies[exchange.reply] += 1
        side.append(exchange)


def _share(conversation: Conversation) -> float:
    """A number in [0, 1) that the conversation's words alone decide."""
    digest = hashlib.blake2b(
        "\x00".join(turn.text for turn in conversation.turns).encode("utf-8", "surrogatepass"), digest_size=8
    )
    return int.from_bytes(digest.digest()) / 2**64
