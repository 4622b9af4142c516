"""Headers: what the name of a column says about its numbers, such as `EGFR IC50 (nM)`, `-logKi` or `IC50_uM`."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from trainer.tables import vocabulary
from trainer.tables.endpoints import PATTERN, endpoint_of
from trainer.tables.units import PX, scale_of

__all__ = ["Header", "header_of"]

_BRACKETED: Final = re.compile(r"[(\[{]\s*([^()\[\]{}]*?)\s*[)\]}]")
_SUFFIX: Final = re.compile(
    r"(?:[_\s,:/-]+|(?<=[A-Za-z]50)|(?<=Ki)|(?<=Kd))(M|mM|[uUµμnNpPf]M|[unp]m|(?:micro|nano|milli|pico)molar)$"
)
_DOSE: Final = re.compile(r"(?:^|[\s@=_(,])\d+(?:\.\d+)?$")
_LOGARITHM: Final = (
    r"(?P<log>p|(?:-|\u2212|\u2013)\s*log\s*(?:10)?\s*[(\[_]?\s*|neg(?:ative)?[_\s-]*log(?:10)?[_\s(\[-]*"
    r"|minus[_\s-]*log(?:10)?[_\s(\[-]*)?"
)
_ENDPOINT: Final = re.compile(rf"(?<![A-Za-z]){_LOGARITHM}(?P<endpoint>{PATTERN})(?![A-Za-z0-9])", re.IGNORECASE)
_PLAIN_LOGARITHM: Final = re.compile(
    r"(?<![A-Za-z-])log\s*(?:10)?\s*[(\[_]?\s*(?:" + PATTERN + ")(?![A-Za-z0-9])", re.IGNORECASE
)
_ANY_PX: Final = re.compile(
    r"(?<![a-z])p(?:x|chembl|act|activity|affinity|aff|potency|value_px)(?:[_\s]?value)?(?![a-z])", re.IGNORECASE
)
_PERCENT: Final = re.compile(r"%|(?<![a-z])(?:percent|pct)(?![a-z])|(?<![a-z])(?:inhibition|inh)(?![a-z])", re.IGNORECASE)
_FILLERS: Final = re.compile(
    r"(?<![a-z])(?:value|mean|median|average|avg|geomean|standard|measured|exp|at|of|in|for|vs)(?![a-z])", re.IGNORECASE
)


@dataclass(frozen=True)
class Header:
    """A column's name, taken apart."""

    name: str
    endpoint: str | None
    """As `endpoints.endpoint_of` writes it."""
    scale: int | str | None
    """As `units.scale_of`: an exponent, or `PX`."""
    percent: bool
    """A share of an effect, not a potency."""
    unsigned: bool
    """A logarithm without its minus sign."""
    base: str
    """What is left of the name: what the numbers were measured on."""

    @property
    def is_potency(self) -> bool:
        """Whether the name says that the numbers are potencies."""
        return not self.percent and not self.unsigned and (self.scale is not None or self.endpoint is not None)


@lru_cache(maxsize=65_536)
def header_of(name: str) -> Header:
    """Take a column's name apart."""
    rest: str = name
    scale: int | str | None = None
    for bracket in _BRACKETED.finditer(name):
        if (found := scale_of(bracket[1])) is not None and bracket[1].strip().casefold() not in {"p", "px"}:
            scale, rest = found, name.replace(bracket[0], " ", 1)
            break
    suffix = _SUFFIX.search(name.strip())
    if scale is None and suffix is not None and not _DOSE.search(name.strip()[: suffix.start()]):
        scale, rest = scale_of(suffix[1]), name.strip()[: suffix.start()]
    if "%" in name:
        scale = None
    percent = scale is None and _PERCENT.search(name) is not None
    stated, px = _ENDPOINT.search(rest), _ANY_PX.search(rest)
    unsigned = stated is None and _PLAIN_LOGARITHM.search(rest) is not None
    endpoint = None
    if stated is not None:
        endpoint = endpoint_of(stated["endpoint"])
        scale = PX if stated["log"] else scale
        rest = rest[: stated.start()] + " " + rest[stated.end() :]
    elif px is not None and not unsigned:
        scale = PX
        rest = rest[: px.start()] + " " + rest[px.end() :]
    percent = percent and ("%" in name or endpoint is None)
    if percent:
        endpoint = endpoint or "% inhibition"
    base = re.sub(r"\s+", " ", re.sub(r"[()\[\]{}]", " ", rest)).strip(" _:;,.-/|")
    stripped = re.sub(r"\s+", " ", _FILLERS.sub(" ", base)).strip(" _:;,.-/|")
    return Header(name, endpoint, scale, percent, unsigned, base if vocabulary.normal(stripped) else "")
