"""What happened since the last report of a training."""

from collections.abc import Callable

import torch

from trainer.dialogue.events import Progress

__all__ = ["Heard"]


class Heard:
    """Collects steps, and the seconds that they took by `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self._begin()

    def _begin(self) -> None:
        self._nats: list[torch.Tensor] = []
        self._own_tokens = 0
        self._tokens = 0
        self.seconds = 0.0

    def add(self, nats: torch.Tensor, own_tokens: int, tokens: int) -> None:
        """One step; `nats` is not waited for."""
        self._nats.append(nats)
        self._own_tokens += own_tokens
        self._tokens += tokens

    def lap_s(self) -> float:
        """Seconds since the last lap."""
        now = self._clock()
        lap, self._last = now - self._last, now
        self.seconds += lap
        return lap

    def progress(self, step: int, done: float, elapsed_s: float) -> Progress:
        """The report, and a new beginning."""
        report = Progress(
            step=step,
            done=done,
            loss=float(torch.stack(self._nats).sum()) / self._own_tokens,
            tokens_per_s=self._tokens / max(self.seconds, 1e-9),
            elapsed_s=elapsed_s,
            eta_s=elapsed_s / done * max(1 - done, 0.0),
        )
        self._begin()
        return report
