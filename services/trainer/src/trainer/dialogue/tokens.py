"""Token ids of texts: a SentencePiece unigram model that knows every input, by bytes where it must."""

import io
from collections.abc import Sequence
from typing import Final

import numpy as np
import sentencepiece

from dialogue.bundle import Language, SpecialTokens

__all__ = ["SPECIAL_TOKENS", "Tokens", "train_tokens"]

SPECIAL_TOKENS: Final = SpecialTokens(pad=0, unknown=1, start=2, end=3, separator=4)
_LINES: Final = 60_000
_LONGEST_LINE: Final = 400
_COVERAGE: Final = {Language.ENGLISH: 0.9999, Language.JAPANESE: 0.9995}
"""Share of the characters that get a piece of their own; the rest are spelled in bytes."""


def train_tokens(lines: Sequence[str], *, language: Language, vocabulary: int, seed: int) -> bytes:
    """A serialized SentencePiece model of at most `vocabulary` pieces, learned from up to 60,000 of the lines."""
    chosen = np.random.default_rng(seed).permutation(len(lines))[:_LINES]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([lines[index][:_LONGEST_LINE] for index in chosen]),
        model_writer=model,
        model_type="unigram",
        vocab_size=vocabulary,
        hard_vocab_limit=False,  # a small corpus has fewer pieces to offer
        normalization_rule_name="nfkc",
        byte_fallback=True,
        character_coverage=_COVERAGE[language],
        pad_id=SPECIAL_TOKENS.pad,
        unk_id=SPECIAL_TOKENS.unknown,
        bos_id=SPECIAL_TOKENS.start,
        eos_id=SPECIAL_TOKENS.end,
        control_symbols=["<sep>"],  # a control symbol cannot be typed: the text "<sep>" encodes to other pieces
        num_threads=1,  # the same model on every machine
        minloglevel=2,
    )
    return model.getvalue()


class Tokens:
    """A trained tokenizer.

    Attributes:
        model: The serialized SentencePiece model: a bundle's `tokens.model`.
        size: Pieces it has.
    """

    def __init__(self, model: bytes) -> None:
        self.model = model
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        self.size: int = self._processor.get_piece_size()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, without special tokens."""
        encoded: list[list[int]] = self._processor.encode(list(texts), out_type=int)
        return encoded

    def decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row of ids."""
        decoded: list[str] = self._processor.decode([list(map(int, row)) for row in rows])
        return decoded
