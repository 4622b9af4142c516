"""What can keep the chatbot from answering, each with a sentence a caller understands."""

from collections.abc import Sequence

from dialogue.bundle import Language
from servicekit.excerpt import excerpt

__all__ = ["Busy", "EngineFailed", "LanguageMissing", "ModelUnknown", "Unanswerable"]

_NAMES = {Language.ENGLISH: "English", Language.JAPANESE: "Japanese"}


class Unanswerable(Exception):
    """`str` is the sentence."""


class ModelUnknown(Unanswerable):
    """No bot has this name."""

    def __init__(self, model: str, known: Sequence[str]) -> None:
        super().__init__(f"There is no model {excerpt(model)!r}. {_present(known)}")


class LanguageMissing(Unanswerable):
    """The bot of this name would speak a language for which there is no bundle."""

    def __init__(self, language: Language, reason: str, known: Sequence[str]) -> None:
        super().__init__(f"The bot for {_NAMES[language]} is not here: {reason}. {_present(known)}")


class Busy(Unanswerable):
    """Too many replies wait already."""

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting} replies wait to be written already; ask again in a moment.")


class EngineFailed(Unanswerable):
    """A network failed while it wrote the reply."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The network failed while it wrote the reply: {reason.splitlines()[0] if reason else 'no reason given'}."
        )


def _present(known: Sequence[str]) -> str:
    return f"Present: {', '.join(known)}." if known else "No other bot is here either."
