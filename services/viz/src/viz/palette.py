"""The colours, one palette for light and one for dark; readable with every common kind of colour blindness.

Similarity runs from orange (opposite) through the page's neutral (unrelated) to blue (alike). Orange and blue stay apart
under protanopia, deuteranopia and tritanopia, and lightness grows evenly with the distance from 0 on both arms.
"""

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["PALETTES", "Palette", "Scheme"]

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Palette:
    """Colours of one scheme; the style sheet of the pages names the same ones."""

    surface: str
    text: str
    muted: str
    line: str
    accent: str
    """What the reader chose."""
    point: str
    """A fragment, when nothing is chosen."""
    diverging: tuple[str, ...]
    """Evenly spaced stops from -100 to 100 percent."""

    @property
    def colorscale(self) -> list[tuple[float, str]]:
        """The stops as Plotly takes them."""
        return [(at / (len(self.diverging) - 1), colour) for at, colour in enumerate(self.diverging)]


PALETTES: Final[dict[Scheme, Palette]] = {
    "light": Palette(
        surface="#ffffff",
        text="#1b1f24",
        muted="#59616b",
        line="#d9dde2",
        accent="#a3216f",
        point="#2a62a8",
        diverging=("#7f2f00", "#b8591a", "#dd9257", "#f2cda9", "#f5f5f3", "#b5d1ec", "#6ba2d8", "#2f6fb8", "#103f80"),
    ),
    "dark": Palette(
        surface="#16191d",
        text="#e7eaee",
        muted="#a3abb5",
        line="#343a42",
        accent="#ff8ad1",
        point="#79b0ec",
        diverging=("#ffd0a3", "#f0a25e", "#bd7030", "#714423", "#24282d", "#24476f", "#3a75b5", "#73ace6", "#bfdcfb"),
    ),
}
