"""Units: how a table says what its numbers are, molar concentrations or their negative logarithms."""

import re
from functools import lru_cache
from typing import Final

__all__ = ["PX", "UNITS", "scale_of"]

PX: Final = "pX"
"""The scale of values that are negative logarithms of molar concentrations already."""
UNITS: Final = {"M": 0, "mM": 3, "uM": 6, "nM": 9, "pM": 12, "fM": 15}
"""Unit -> x where a value of it is value * 10^-x mol/l."""
_PREFIXES: Final = {"": 0, "m": 3, "u": 6, "µ": 6, "n": 9, "p": 12, "f": 15}
_WORDS: Final = {"molar": 0, "millimolar": 3, "micromolar": 6, "nanomolar": 9, "picomolar": 12, "femtomolar": 15}
_LITRE: Final = re.compile(r"(m|u|µ|n|p|f)?mol(?:es?)?\s*(?:/|\.|·|\s|\*)?\s*(?:l|dm3|litre|liter)\s*(?:\^?-1)?")
_LOGARITHMS: Final = re.compile(
    r"p(?:x|ki|kd|kb|ka|[ie]c50|ac50|xc50|ec20|a2|chembl|act(?:ivity)?|aff(?:inity)?|potency)?|-?log(?:10)?(?:\s*\(?m(?:ol/l|olar)?\)?)?|-log.*"
)


@lru_cache(maxsize=4096)
def scale_of(unit: str) -> int | str | None:
    """The exponent of a unit of concentration, `PX` for the negative logarithm of one, None for anything else.

    Case tells M from m where it can: `MM` and `mm` are nobody's.
    """
    text = unit.strip().strip("()[]'\"").strip().replace("\u03bc", "µ").replace("\u2212", "-")
    if text in {"M", "mM"}:
        return UNITS[text]
    folded = text.casefold().replace("μ", "µ")
    if folded in {"um", "µm", "nm", "pm", "fm"}:
        return _PREFIXES[folded[0]]
    if folded in _WORDS:
        return _WORDS[folded]
    if match := _LITRE.fullmatch(folded):
        return _PREFIXES[match[1] or ""]
    if text and _LOGARITHMS.fullmatch(folded):
        return PX
    return None
