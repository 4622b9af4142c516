"""Utterance: a reply's text as it grows token by token, and how much of it may be shown already."""

from collections.abc import Sequence
from typing import Final

from chatbot.network.decency import is_decent, printable
from chatbot.network.tokens import Tokens
from chatbot.network.typesetting import typeset
from dialogue.bundle import Language

__all__ = ["Utterance"]

_INCOMPLETE: Final = "\ufffd"
"""What bytes of a character that is not complete yet decode to."""
_ECHO: Final = 9
"""Letters from which on a repeated message is an echo; `Hello!` may be answered with `Hello!`."""


class Utterance:
    """Text is shown once no later token can change it: characters are whole, and no stop string has begun."""

    def __init__(self, tokens: Tokens, language: Language, *, stops: Sequence[str] = (), echo_of: str = "") -> None:
        self.ids: list[int] = []
        self.stopped = False
        """A stop string came; it and what follows is not shown."""
        self._tokens = tokens
        self._language = language
        self._stops = tuple(stops)
        self._echo = _plain(echo_of)
        self._text = ""
        self._shown = 0
        self._looked_at: tuple[int, str] | None = None
        """The token that was asked about last, and the text with it."""

    @property
    def shown(self) -> str:
        """All that was shown so far."""
        return self._text[: self._shown]

    def refuses(self, token: int, end: int) -> bool:
        """Whether the reply may not go on with this token: it says what none may say, or ends an empty reply or an echo."""
        if token == end:
            return not self._text.strip() or (bool(self._echo) and _plain(self._text) == self._echo)
        whole = self._decode([*self.ids, token])
        self._looked_at = (token, whole)
        text = whole.rstrip(_INCOMPLETE)
        return _INCOMPLETE in text or not is_decent(text)

    def add(self, token: int) -> str:
        """Say one more token; what can be shown in addition."""
        self.ids.append(token)
        match self._looked_at:
            case (looked_at, text) if looked_at == token:
                self._text = text
            case _:
                self._text = self._decode(self.ids)
        self._looked_at = None
        whole = self._text.rstrip(_INCOMPLETE)
        found = [place for stop in self._stops if (place := whole.find(stop)) >= 0]
        if found:
            self.stopped = True
            self._text = whole = whole[: min(found)]
        return self._show(len(whole) - (0 if self.stopped else self._begun(whole)))

    def finish(self) -> str:
        """What was held back, when nothing follows."""
        self._text = self._text.rstrip(_INCOMPLETE)
        return self._show(len(self._text))

    def _decode(self, ids: Sequence[int]) -> str:
        return typeset(printable(self._tokens.decode(ids)).lstrip(" "), self._language)

    def _show(self, until: int) -> str:
        added = self._text[self._shown : until]
        self._shown = max(self._shown, until)
        return added

    def _begun(self, text: str) -> int:
        """Characters at the end of the text that may be the beginning of a stop string."""
        longest = 0
        for stop in self._stops:
            for length in range(min(len(stop) - 1, len(text)), longest, -1):
                if text.endswith(stop[:length]):
                    longest = length
                    break
        return longest


def _plain(text: str) -> str:
    """For comparison: no case, letters and digits only; empty for what is too short to be an echo rather than a greeting."""
    plain = "".join(char for char in text.casefold() if char.isalnum())
    return plain if len(plain) >= _ECHO else ""
