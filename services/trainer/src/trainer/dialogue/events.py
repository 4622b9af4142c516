"""What a training reports while it goes on."""

from dataclasses import dataclass

__all__ = ["Event", "HeldOut", "Progress", "Report", "SampleReplies"]

from collections.abc import Callable


@dataclass(frozen=True)
class Progress:
    """How far the training is: about once a second."""

    step: int
    done: float
    """Share of the training, 0 to 1."""
    loss: float
    """Mean nats a target token since the last report."""
    tokens_per_s: float
    """Target tokens learned from a second, since the last report."""
    elapsed_s: float
    eta_s: float


@dataclass(frozen=True)
class HeldOut:
    """The averaged weights on conversations that are not learned from."""

    step: int
    done: float
    elapsed_s: float
    target_tokens: int
    """Learned from so far."""
    epochs: float
    """How often every exchange was learned from so far."""
    perplexity: float
    """Per token, on a part of the held-out exchanges that stays the same."""
    unit_perplexity: float
    """Per word (English) or character (Japanese): comparable between tokenizers."""


@dataclass(frozen=True)
class SampleReplies:
    """What the bot would say now, greedily, to a few held-out messages."""

    step: int
    replies: tuple[tuple[str, str], ...]
    """(message, reply)."""


Event = Progress | HeldOut | SampleReplies
Report = Callable[[Event], None]
