"""From a spec to arrays: corpora read, cleaned and split, a tokenizer learned, exchanges encoded."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dialogue.bundle import CorpusSource
from dialogue.tokens import Tokens
from trainer.dialogue.corpus.conversation import InvalidCorpus
from trainer.dialogue.corpus.exchanges import Exchange, Exchanges
from trainer.dialogue.corpus.reading import corpus_files, read_corpus
from trainer.dialogue.corpus.starter import starter_file
from trainer.dialogue.encoding import EncodedExchanges, encode_exchanges
from trainer.dialogue.spec import CorpusChoice, DialogueSpec
from trainer.dialogue.tokens import train_tokens
from trainer.dialogue.weights import read_weights

__all__ = ["Prepared", "prepare", "starter_corpus"]

_LICENCE: Final = re.compile(r"(?i)\blicen[cs]e:?\s*((?:\([^)]*\)|[^(;,\n])+?)\s*(?:[;,(\n]|\.\s|\.$|$)")


@dataclass(frozen=True)
class Prepared:
    """Everything a training learns from and is measured on."""

    train: EncodedExchanges
    held_out: EncodedExchanges
    train_exchanges: list[Exchange]
    held_out_exchanges: list[Exchange]
    tokens: Tokens
    sources: list[CorpusSource]
    dropped: dict[str, int]
    """Turns and exchanges left out, by reason."""


def starter_corpus(spec: DialogueSpec) -> CorpusChoice:
    """The exchanges of our own writing that ship with the trainer."""
    return CorpusChoice(path=starter_file(spec.language))


def prepare(spec: DialogueSpec, *, tokens: Tokens | None = None) -> Prepared:
    """Reads the corpora; learns a tokenizer from the training part, unless one is given or comes with the weights begun with.

    Raises:
        InvalidCorpus: when a corpus cannot be read, or nothing is left to learn from or to measure on.
        InvalidCheckpoint: when the weights to begin with cannot be read.
    """
    exchanges = Exchanges(spec.held_out_share)
    sources: list[CorpusSource] = []
    for choice in spec.corpora or (starter_corpus(spec),):
        conversations = read_corpus(choice.path)
        if choice.source is not None:
            conversations = (found for found in conversations if found.source == choice.source)
        read, kept = exchanges.add(conversations, times=choice.times)
        if kept == 0:
            part = f" with source {choice.source!r}" if choice.source is not None else ""
            raise InvalidCorpus(choice.path, f"{read} conversations{part} leave no exchange to learn from")
        sources.append(_source(choice, read, kept))
    if not exchanges.train or not exchanges.held_out:
        side = "learn from" if not exchanges.train else "measure on (raise held_out_share)"
        raise InvalidCorpus(Path("the corpora"), f"no conversation is left to {side}")
    if tokens is None and spec.begin_with is not None:
        tokens = Tokens(read_weights(spec.begin_with).tokens)
    if tokens is None:
        lines = list(dict.fromkeys(text for found in exchanges.train for text in (found.context[-1], found.reply)))
        try:
            tokens = Tokens(train_tokens(lines, language=spec.language, vocabulary=spec.sizes.vocabulary, seed=spec.seed))
        except RuntimeError as small:  # SentencePiece's own
            reason = f"a vocabulary of {spec.sizes.vocabulary} cannot be learned from them: {small}"
            raise InvalidCorpus(Path("the corpora"), reason) from small
    return Prepared(
        train=encode_exchanges(exchanges.train, tokens),
        held_out=encode_exchanges(exchanges.held_out, tokens),
        train_exchanges=exchanges.train,
        held_out_exchanges=exchanges.held_out,
        tokens=tokens,
        sources=sources,
        dropped=dict(exchanges.dropped),
    )


def _source(choice: CorpusChoice, conversations: int, exchanges: int) -> CorpusSource:
    """With licence and attribution from the NOTICE beside the corpus, where there is one."""
    notice = (choice.path if choice.path.is_dir() else choice.path.parent) / "NOTICE"
    text = notice.read_text("utf-8") if notice.is_file() else ""
    licence = _LICENCE.search(text)
    return CorpusSource(
        name=choice.name,
        licence=licence[1].strip() if licence else "not stated",
        attribution=text.split("\n", 1)[0].strip(),
        conversations=conversations,
        exchanges=exchanges,
        sha256=_digest(choice.path),
    )


def _digest(path: Path) -> str:
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in corpus_files(path)]
    return digests[0] if path.is_file() else hashlib.sha256("".join(digests).encode()).hexdigest()
