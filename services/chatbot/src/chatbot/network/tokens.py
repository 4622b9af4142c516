"""Tokens: a bundle's SentencePiece model, text to ids and back."""

from collections.abc import Sequence

import sentencepiece

from dialogue.bundle import BrokenBundle

__all__ = ["Tokens"]


class Tokens:
    """Knows every input, by bytes where it must."""

    def __init__(self, model: bytes) -> None:
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise BrokenBundle(f"the tokens cannot be read: {error}") from error
        self.size: int = self._processor.get_piece_size()

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without special tokens."""
        ids: list[int] = self._processor.encode(text, out_type=int)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; a character whose bytes are not complete yet ends it as U+FFFD."""
        text: str = self._processor.decode(list(ids))
        return text
