"""Tokens: a bundle's SentencePiece model, text to ids and back."""

from collections.abc import Sequence
from typing import Final

import sentencepiece

from dialogue.bundle import BrokenBundle

__all__ = ["Tokens"]

_SPACE: Final = "\u2581"


class Tokens:
    """A trained tokenizer, which knows every input, by bytes where it must.

    Attributes:
        model: The serialized SentencePiece model: a bundle's `tokens.model`.
        size: Pieces it has.
    """

    def __init__(self, model: bytes) -> None:
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise BrokenBundle(f"the tokens cannot be read: {error}") from error
        self.model = model
        self.size: int = self._processor.get_piece_size()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text, without special tokens."""
        encoded: list[list[int]] = self._processor.encode(list(texts), out_type=int)
        return encoded

    def decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row of ids."""
        decoded: list[str] = self._processor.decode([list(map(int, row)) for row in rows])
        return decoded

    def ids(self, text: str) -> list[int]:
        """Ids of one text."""
        ids: list[int] = self._processor.encode(text, out_type=int)
        return ids

    def text(self, ids: Sequence[int]) -> str:
        """The text of one row of ids; a character whose bytes are not complete yet ends it as U+FFFD."""
        text: str = self._processor.decode(list(ids))
        return text

    def spelled(self, token: int) -> bytes:
        """What a token writes, with the space before a word; a byte of a character for those that are bytes."""
        piece: str = self._processor.id_to_piece(token)
        if self._processor.is_byte(token):
            return bytes([int(piece[3:-1], 16)])
        return piece.replace(_SPACE, " ").encode()
