"""What may end a dialogue training, known without torch."""

__all__ = ["InvalidCheckpoint", "Stopped"]


class InvalidCheckpoint(Exception):
    """A checkpoint cannot be continued with this spec: names what differs."""


class Stopped(Exception):
    """The training was asked to stop; its checkpoint is written and can be resumed."""
