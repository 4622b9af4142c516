"""Endpoints: what kind of number a measurement gives (IC50, Ki, percent of inhibition, …), however a table spells it."""

import re
from functools import lru_cache
from typing import Final

__all__ = ["AVERAGED", "MOLAR", "PATTERN", "PERCENT", "endpoint_of"]

_NAMES: Final = {
    "ic50": "IC50", "ec50": "EC50", "ki": "Ki", "kd": "Kd", "ac50": "AC50", "xc50": "XC50", "cc50": "CC50", "gi50": "GI50",
    "ed50": "ED50", "ld50": "LD50", "lc50": "LC50", "tc50": "TC50", "ic90": "IC90", "ec90": "EC90", "mic": "MIC", "kb": "Kb",
    "ka": "Ka", "km": "Km", "potency": "Potency", "qc50": "QC50", "dc50": "DC50",
}  # fmt: skip
AVERAGED: Final = frozenset({"IC50", "Ki", "Kd", "XC50"})
"""Endpoints that may stand side by side at one target where no compound has two of them: all say how well something binds."""
PATTERN: Final = "|".join(
    re.sub(r"(\d+)$", r"[_\\s]?\1", name) for name in sorted(_NAMES, key=len, reverse=True) if name not in {"ka", "mic"}
)
"""Of names in headers."""
MOLAR: Final = frozenset(_NAMES.values()) - {"Potency"}
"""Concentrations by name."""
PERCENT: Final = "% inhibition"
_LOGARITHM: Final = re.compile(r"^(?:p|-?\s*log\s*(?:10)?\s*\(?\s*|neg(?:ative)?[_\s-]*log(?:10)?[_\s(]*)(?=[a-z])")
_INHIBITION: Final = re.compile(r"(?:%|percent|pct|perc)\W*(?:of\W*)?inh\w*|inh\w*\W*(?:%|percent)?")


@lru_cache(maxsize=4096)
def endpoint_of(text: str) -> str:
    """The name of an endpoint: one spelling for all ways of writing it, and the same for a logarithm of it."""
    bare = text.strip().strip("'\"").strip()
    folded = re.sub(r"[\s_]+", "", bare.casefold())
    for candidate in (folded, _LOGARITHM.sub("", folded).rstrip(")")):
        if candidate in _NAMES:
            return _NAMES[candidate]
    return PERCENT if _INHIBITION.fullmatch(bare.casefold()) else bare
