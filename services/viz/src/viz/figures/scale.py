"""The scale of colours that fits the percents of a figure: a range of few values is not drawn in one blue."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from viz.answers import Floats
from viz.palette import Palette

__all__ = ["Scale"]

_STEP: Final = 10
_LEAST: Final = 20
_TICKS: Final = 4


@dataclass(frozen=True)
class Scale:
    """From orange through the page's neutral at 0 to blue where there are negative values, else from neutral to blue."""

    low: int
    high: int

    @classmethod
    def of(cls, percent: Floats) -> "Scale":
        """Ends at whole tens around the values; what is exactly 100, a fragment beside itself, is left out of account."""
        others = percent[np.isfinite(percent) & (percent < 100)]  # noqa: PLR2004 - percent
        if not others.size:
            return cls(0, 100)
        low, high = float(others.min()), float(others.max())
        if low < 0:
            reach = max(_LEAST, _STEP * math.ceil(max(-low, high) / _STEP))
            return cls(-reach, reach)
        top = max(_STEP * math.ceil(high / _STEP), _LEAST)
        return cls(min(_STEP * math.floor(low / _STEP), top - _LEAST), top)

    def colours(self, palette: Palette) -> list[tuple[float, str]]:
        """The stops as Plotly takes them."""
        stops = palette.diverging if self.low < 0 else palette.diverging[len(palette.diverging) // 2 :]
        return [(at / (len(stops) - 1), colour) for at, colour in enumerate(stops)]

    def ticks(self) -> dict[str, Any]:
        """Where the legend has numbers, and how they are written."""
        values = [self.low + (self.high - self.low) * at / _TICKS for at in range(_TICKS + 1)]
        texts = [f"{value:g}".replace("-", "−") + (" %" if at in {0, _TICKS} else "") for at, value in enumerate(values)]
        return {"tickvals": values, "ticktext": texts}
