"""Bundle: a trained bot in memory, ready to reply, opened from the bytes of its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chatbot.network.unconditional import Unconditional
from dialogue.bundle import TOKENS_FILE, Language, ModelCard
from dialogue.graphs import Graphs
from dialogue.tokens import Tokens

__all__ = ["Bundle", "open_bundle"]


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bot; what it was made of may be gone from the disk."""

    card: ModelCard
    tokens: Tokens
    graphs: Graphs
    unconditional: Unconditional
    published: bool
    """Found through the scores API; else shipped with the service."""

    @property
    def language(self) -> Language:
        """What it speaks."""
        return self.card.language

    def context(self, turns: Sequence[str]) -> list[int]:
        """The ids that a reply to these turns, oldest first, starts from."""
        return self.card.context(self.tokens.encode(turns[-self.card.context_turns :]))


def open_bundle(card: ModelCard, files: Mapping[str, bytes], *, published: bool, threads: int = 1) -> Bundle:
    """A bot of its card and verified files, once a first word was computed.

    Raises:
        BrokenBundle: naming the file and what is wrong with it.
    """
    tokens = Tokens(files[TOKENS_FILE])
    graphs = Graphs.of_bundle(card, files, threads=threads)
    return Bundle(card, tokens, graphs, Unconditional.of(graphs, card), published)
