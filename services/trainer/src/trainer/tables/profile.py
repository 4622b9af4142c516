"""Profiles: what a bounded sample of a column's cells looks like."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from chemistry.notation import is_molecule
from trainer.tables.cells import INCONCLUSIVE, TRUTHS, Relation, cell_of, read_numbers
from trainer.tables.vocabulary import MISSING

__all__ = ["Profile"]

_SHOWN: Final = 3
_MOLECULES: Final = 25
_STRUCTURE: Final = re.compile(r"[=()#\[\]]|c1|C1")
_SENTINELS: Final = (-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, -100.0, -1000.0)
_FEW: Final = 5


@dataclass(frozen=True)
class Profile:
    """A column's sample."""

    texts: tuple[str, ...]
    """Its cells, without blanks around them; empty where nothing stands."""
    decimal_comma: bool = False
    """Whether the file may write 5,3 for 5.3."""
    missing: frozenset[str] = frozenset()
    partial: bool = False
    """Whether an empty sample says nothing of the rest of the file."""

    @cached_property
    def stated(self) -> list[str]:
        """Cells that state something."""
        return [text for text in self.texts if text and text.casefold() not in MISSING and text.casefold() not in self.missing]

    @cached_property
    def distinct(self) -> list[str]:
        """Different ones, in their order."""
        return list(dict.fromkeys(self.stated))

    @cached_property
    def is_empty(self) -> bool:
        """Whether nothing is stated."""
        return not self.stated

    @cached_property
    def comma(self) -> bool:
        """Whether numbers have a decimal comma; where one of them has two commas, they set thousands apart."""
        return (
            self.decimal_comma
            and any(re.fullmatch(r"\D{0,2}[\d.]*\d,\d+", text) for text in self.stated)
            and not any(re.search(r",.*[,.]|^[^,]*\.[^,]*$", text) for text in self.stated)
        )

    @cached_property
    def is_truths(self) -> bool:
        """Whether the cells say yes and no, by words."""
        said = {text.casefold() for text in self.distinct}
        worded = said & set(TRUTHS)
        if all(len(word) == 1 for word in worded) and len({TRUTHS[word] for word in worded}) < 2:  # noqa: PLR2004
            return False  # one letter alone may mean anything
        return bool(worded) and said <= {*TRUTHS, *INCONCLUSIVE, "0", "1", "0.0", "1.0"}

    @cached_property
    def _read(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
        column = pa.array(self.stated, pa.string())
        numbers = read_numbers(column, truths=self.is_truths, decimal_comma=self.comma)
        return numbers.values, numbers.relations

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """Numbers among the cells, bounds too."""
        return self._read[0]

    @property
    def bounds(self) -> int:
        """How many of them are bounds."""
        return int(np.isin(self._read[1], (Relation.BELOW, Relation.ABOVE)).sum())

    @cached_property
    def share(self) -> float:
        """Share of numbers among the stated cells."""
        return len(self.values) / len(self.stated) if self.stated else 0.0

    @property
    def is_numeric(self) -> bool:
        """Whether at least half of the cells are numbers, bounds or yes and no."""
        return self.share >= 0.5 and len(self.values) > 0  # noqa: PLR2004 - half

    @cached_property
    def is_binary(self) -> bool:
        """Whether all numbers are 0 or 1."""
        return self.is_numeric and bool(np.isin(self.values, (0.0, 1.0)).all())

    @cached_property
    def is_integers(self) -> bool:
        """Whether all numbers are whole."""
        return self.is_numeric and bool((self.values == np.floor(self.values)).all())

    @cached_property
    def has_units(self) -> bool:
        """Whether all numbers stand with a unit of their own."""
        cells = [cell for text in self.distinct if (cell := cell_of(text)) is not None]
        return bool(cells) and all(cell.exponent is not None for cell in cells)

    @cached_property
    def is_row_number(self) -> bool:
        """Whether the cells count up by one."""
        counts = len(self.texts) == len(self.values) and len(self.values) >= _FEW and self.is_integers
        return counts and bool((np.diff(self.values) == 1).all()) and self.values[0] in {0.0, 1.0}

    @cached_property
    def is_constant(self) -> bool:
        """Whether all cells are the same."""
        return len(self.stated) > 1 and len(self.distinct) == 1

    @cached_property
    def sentinel(self) -> float | None:
        """A number that stands for "not measured", as far as it lies from all others; None where there is none."""
        for candidate in _SENTINELS:
            others = self.values[self.values != candidate]
            if len(others) >= 2 and (self.values == candidate).any():  # noqa: PLR2004 - a span takes two
                span = max(float(np.ptp(others)), 1.0)
                if candidate < others.min() - 5 * span or candidate > others.max() + 20 * span:
                    return candidate
        return None

    @cached_property
    def sound(self) -> npt.NDArray[np.float64]:
        """The numbers without a sentinel."""
        return self.values if self.sentinel is None else self.values[self.values != self.sentinel]

    @cached_property
    def is_molecules(self) -> bool:
        """Whether the cells are molecules, in a notation that can be read."""
        sample = self.distinct[:_MOLECULES]
        if not sample or not any(_STRUCTURE.search(text) for text in sample):
            return False
        return sum(map(is_molecule, sample)) >= 0.8 * len(sample)

    @property
    def examples(self) -> str:
        """Some cells, for a reason in words."""
        shown = ", ".join(repr(text[:30]) for text in self.distinct[:_SHOWN])
        return shown + (", …" if len(self.distinct) > _SHOWN else "")
