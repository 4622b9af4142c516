"""What the registry of runs refuses; each says why in its text."""

from typing import Final

__all__ = [
    "ANY",
    "AliasMoved",
    "AliasUnknown",
    "NothingBefore",
    "Refused",
    "RunKept",
    "RunUnknown",
    "WordTaken",
    "require_names",
]

ANY: Final = "*"
"""Expected where an alias must name something, whatever it is."""


class Refused(Exception):
    """Something that the registry does not do."""


class RunUnknown(Refused):
    """Nothing is called so."""


class RunKept(Refused):
    """A run that cannot be deleted now, or an alias without which nothing is answered."""


class WordTaken(Refused):
    """A word that stands for another run already, or that is no name, tag, note or alias."""


class AliasUnknown(Refused):
    """There is no such alias."""

    def __init__(self, alias: str) -> None:
        super().__init__(f"There is no alias {alias!r}.")


class AliasMoved(Refused):
    """An alias names another run than was expected; `run` is that one, None for none."""

    def __init__(self, alias: str, run: str | None) -> None:
        super().__init__(f"{alias} names {run or 'nothing'} by now.")
        self.run = run


class NothingBefore(Refused):
    """An alias has nowhere to go back to."""


def require_names(alias: str, run: str | None, expected: str | None) -> None:
    """Raise AliasMoved unless an alias that names `run` names what was `expected`: "" for none, ANY, None whatever it is."""
    if expected is not None and (run is None if expected == ANY else (run or "") != expected):
        raise AliasMoved(alias, run)
