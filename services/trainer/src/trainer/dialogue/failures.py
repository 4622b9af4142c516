"""What may end a dialogue training, known without torch."""

__all__ = ["InvalidCheckpoint", "NotPromoted", "Stopped"]


class InvalidCheckpoint(Exception):
    """A checkpoint cannot be continued with this spec: names what differs."""


class NotPromoted(InvalidCheckpoint):
    """A bot is not there, or is worse than the one that is served; `str` says which, with the figures."""


class Stopped(Exception):
    """The training was asked to stop; its checkpoint is written and can be resumed."""
