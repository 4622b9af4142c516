"""The order of learning: pools of exchanges, cut into batches of like length, in an order that seed and position decide.

Nothing is ever sorted globally: an epoch is a random order of all exchanges, cut into pools; a pool is sorted by length and
cut into batches; the batches of a pool come in random order. All of it follows from the seed and a `Position`, so that a
run resumed in the middle of a pool sees what an unbroken run sees.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.dialogue.encoding import Batch, EncodedExchanges

__all__ = ["Position", "batches"]

_POOL = 8192
"""Exchanges of a pool, at least; a budget that needs more for eight batches gets more."""
_BUCKET = 8
_UNCONDITIONAL = 0.02
"""Share of the exchanges learned without their context, so that log p(reply) is a number the network knows."""


@dataclass(frozen=True)
class Position:
    """The next batch: `batch` of the pool that begins at exchange `start` of the epoch and is cut by `budget`."""

    epoch: int = 0
    start: int = 0
    batch: int = 0
    budget: int = 0
    """Padded target tokens of a batch; 0 before the first pool is cut."""


def batches(
    exchanges: EncodedExchanges,
    *,
    seed: int,
    position: Position,
    budget: Callable[[], int],
    rank: int = 0,
    world: int = 1,
) -> Iterator[tuple[Batch, Position]]:
    """Endless batches, each with the position after it. `budget` is asked once a pool.

    Every rank sees the same pools and takes each `world`-th batch; what a pool has left over is dropped, in another place
    each epoch.
    """
    while True:
        order = np.random.default_rng((seed, 1, position.epoch)).permutation(len(exchanges))
        while position.start < len(exchanges):
            tokens = position.budget or budget()
            pool = order[position.start : position.start + _pool_size(exchanges, tokens)]
            random = np.random.default_rng((seed, 2, position.epoch, position.start))
            cut = _cut(exchanges, pool, tokens, random)
            unconditional = np.zeros(len(exchanges), np.bool_)
            unconditional[pool] = random.random(len(pool)) < _UNCONDITIONAL
            usable = max(len(cut) // world, 1) * world
            for number in range(position.batch, usable, world):
                rows = cut[(number + rank) % len(cut)]
                after = Position(position.epoch, position.start, number + world, tokens)
                if number + world >= usable:
                    after = Position(position.epoch, position.start + len(pool))
                if after.start >= len(exchanges):
                    after = Position(position.epoch + 1)
                yield exchanges.batch(rows, unconditional=unconditional[rows]), after
            position = Position(position.epoch, position.start + len(pool))
        position = Position(position.epoch + 1)


def _pool_size(exchanges: EncodedExchanges, budget: int) -> int:
    mean = max(float(exchanges.target_lengths.mean()), 1.0)
    return max(_POOL, round(8 * budget / mean))


def _cut(
    exchanges: EncodedExchanges, pool: NDArray[np.int64], budget: int, random: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Batches of at most `budget` padded target tokens (one exchange at least), in random order."""
    context_P = exchanges.context_lengths[pool] // _BUCKET
    target_P = exchanges.target_lengths[pool]
    order = np.lexsort((target_P, context_P))
    cut: list[NDArray[np.int64]] = []
    begin, longest = 0, 0
    for at, length in enumerate(target_P[order].tolist()):
        if at > begin and max(longest, length) * (at - begin + 1) > budget:
            cut.append(pool[order[begin:at]])
            begin, longest = at, 0
        longest = max(longest, length)
    cut.append(pool[order[begin:]])
    return [cut[index] for index in random.permutation(len(cut))]
