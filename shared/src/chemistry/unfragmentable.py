"""Unfragmentable: why a text has no fragments."""

__all__ = ["Unfragmentable"]


class Unfragmentable(ValueError):
    """A text that is no molecule, or one that this package declines; `reason` says why, in words for the owner of the data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __reduce__(self) -> tuple[type["Unfragmentable"], tuple[str]]:
        return type(self), (self.reason,)
