"""Similarities of many fragments, gathered from the scores API's small matrices: one with all others, or every pair.

Nothing is computed here: what a page shows is what `POST /v1/similarities` says. Few fragments a question keep each one short.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viz.answers import Floats, Matrix

__all__ = ["HUNDREDTHS", "Pair", "Pairs", "every_pair", "one_with_all"]

HUNDREDTHS: Final = 20_000
"""From -100 to 100 percent; the scores API rounds to one of them."""
_BLOCK: Final = 50
_NO_PAIR: Final = np.iinfo(np.int16).min
Ask = Callable[[Sequence[str]], Awaitable[Matrix]]
"""The similarity of every two of some fragments."""


@dataclass(frozen=True)
class Pair:
    """Two fragments, and how alike they are in percent."""

    first: str
    second: str
    percent: float


@dataclass(frozen=True, eq=False)
class Pairs:
    """Every pair of some fragments."""

    names: tuple[str, ...]
    hundredths_FF: NDArray[np.int16]
    """Above the diagonal, in hundredths of a percent; a number that no percent has elsewhere."""

    def counts(self) -> NDArray[np.int64]:
        """How many of the F (F - 1) / 2 pairs have each hundredth from -100 to below 100; 100 is counted with the last one."""
        present = self.hundredths_FF[self.hundredths_FF != _NO_PAIR].astype(np.int64) + HUNDREDTHS // 2
        return np.bincount(np.minimum(present, HUNDREDTHS - 1), minlength=HUNDREDTHS)

    def within(self, low: float, high: float, limit: int) -> tuple[list[Pair], int]:
        """The `limit` highest pairs with low <= percent <= high, the highest first, and how many there are in all."""
        bounds = (max(round(100 * low), -HUNDREDTHS // 2), round(100 * high))
        rows, columns = np.nonzero((self.hundredths_FF >= bounds[0]) & (self.hundredths_FF <= bounds[1]))
        hundredths = self.hundredths_FF[rows, columns]
        highest = np.argsort(-hundredths.astype(np.int32), kind="stable")[:limit].tolist()
        return [Pair(self.names[rows[at]], self.names[columns[at]], float(hundredths[at]) / 100) for at in highest], rows.size


async def one_with_all(ask: Ask, chosen: str, names: Sequence[str]) -> Floats:
    """Similarity of one fragment with every one of `names`, in percent; 100 where that is itself."""
    percent = {chosen: 100.0}
    for block in _blocks([name for name in names if name != chosen]):
        matrix = await ask([chosen, *block])
        percent |= zip(matrix.names[1:], matrix.percent_FF[0, 1:].tolist(), strict=True)
    return np.array([percent[name] for name in names])


async def every_pair(ask: Ask, names: Sequence[str], *, on_block: Callable[[int, int], None]) -> Pairs:
    """All pairs of `names`; `on_block` hears how many of how many questions are answered."""
    row_of = {name: row for row, name in enumerate(names)}
    hundredths_FF = np.full((len(names), len(names)), _NO_PAIR, dtype=np.int16)
    blocks = _blocks(names)
    questions = [[*one, *other] for one, other in combinations(blocks, 2)] or blocks
    for answered, question in enumerate(questions, start=1):
        matrix = await ask(question)
        rows = np.array([row_of[name] for name in matrix.names])
        hundredths_FF[np.ix_(rows, rows)] = np.round(100 * matrix.percent_FF)
        on_block(answered, len(questions))
    hundredths_FF[np.tril_indices(len(names))] = _NO_PAIR
    return Pairs(tuple(names), hundredths_FF)


def _blocks(names: Sequence[str]) -> list[list[str]]:
    return [list(names[first : first + _BLOCK]) for first in range(0, len(names), _BLOCK)]
