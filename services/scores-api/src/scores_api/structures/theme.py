"""The colours of drawings: each has a value on a light and one on a dark ground, between which the reader's browser chooses."""

from typing import Final

__all__ = ["ELEMENTS", "INK", "STYLE", "themed"]

INK: Final = "#1b1f24"
ELEMENTS: Final = {
    0: "#59616b",  # where a fragment was attached
    6: INK,
    7: "#2456b8",
    8: "#c0261f",
    9: "#1d7a35",
    15: "#a8560a",
    16: "#8a6500",
    17: "#1e7a36",
    35: "#8a3d14",
    53: "#6a2c91",
}
"""Atomic number to the colour on light ground; all others are drawn in ink."""
_DARK: Final = {
    INK: "#e7eaee",
    "#59616b": "#a3abb5",
    "#2456b8": "#8ab4ff",
    "#c0261f": "#ff8f85",
    "#1d7a35": "#6fd08c",
    "#a8560a": "#f0a25e",
    "#8a6500": "#e6c34a",
    "#1e7a36": "#6fd08d",
    "#8a3d14": "#e09a6b",
    "#6a2c91": "#c79be8",
}
_OPEN: Final = "#7F7F7F"
"""What RDKit draws the wavy line of an open bond in, whatever the palette says."""
_LIT: Final = {
    "lit": ("#f3d3e7", "#5a2347"),
    "raises1": ("#dcebf8", "#1d3046"),
    "raises2": ("#b5d1ec", "#24476f"),
    "raises3": ("#8fbbe3", "#2f5f94"),
    "raises4": ("#6ba2d8", "#3a75b5"),
    "lowers1": ("#f9e3cf", "#3f2c1e"),
    "lowers2": ("#f2cda9", "#643c1f"),
    "lowers3": ("#e9b182", "#8f5629"),
    "lowers4": ("#dd9257", "#b26829"),
}
"""Class of what is highlighted to its colours on light and on dark ground: four steps to either side."""


def _rules(dark: int) -> str:
    inks = "".join(f"--c{light[1:]}:{(light, _DARK[light])[dark]};" for light in _DARK)
    lit = "".join(f".{name}{{fill:{colours[dark]};stroke:{colours[dark]}}}" for name, colours in _LIT.items())
    return f"svg{{{inks}}}{lit}"


STYLE: Final = f"<style>{_rules(0)}@media(prefers-color-scheme:dark){{{_rules(1)}}}</style>"
"""The style sheet of every drawing."""


def themed(markup: str) -> str:
    """SVG with each colour for light ground replaced by the variable that the style sheet gives a value."""
    markup = markup.replace(_OPEN, ELEMENTS[0].upper())
    for light in _DARK:
        markup = markup.replace(light.upper(), f"var(--c{light[1:]})")
    return markup
