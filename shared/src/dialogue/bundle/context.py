"""The context of a reply: how the turns before it are laid out as token ids."""

from collections.abc import Sequence
from typing import Final

__all__ = ["CONTEXT_TOKENS", "CONTEXT_TURNS", "lay_out_context"]

CONTEXT_TURNS: Final = 3
"""Turns a reply answers: the last message and the two before it."""
CONTEXT_TOKENS: Final = 96
"""Tokens of context, separators included; older tokens are cut off."""


def lay_out_context(
    turns: Sequence[Sequence[int]], separator: int, *, turns_kept: int = CONTEXT_TURNS, tokens_kept: int = CONTEXT_TOKENS
) -> list[int]:
    """The last turns, separated, and of these the newest tokens; a lone separator when nothing was said."""
    joined: list[int] = []
    for turn in turns[-turns_kept:]:
        if joined:
            joined.append(separator)
        joined.extend(turn)
    return joined[-tokens_kept:] or [separator]
