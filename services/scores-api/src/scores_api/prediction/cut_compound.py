"""A compound of a question, with the fragments it is made of and the features it is compared by."""

from dataclasses import dataclass
from typing import Any

from contracts.fingerprints import Fingerprint
from scores_api.models.predictions import CompoundQuestion, Flag

__all__ = ["CutCompound", "NamedFragment"]


@dataclass(frozen=True)
class NamedFragment:
    """A fragment of a compound."""

    name: str
    id: int | None
    """Its id; None where the run does not know it."""
    support: int | None


@dataclass(frozen=True)
class CutCompound:
    """A compound of a question, with its fragments."""

    question: CompoundQuestion
    parent: str | None
    fragments: list[NamedFragment]
    fingerprint: Fingerprint | None
    """None where nothing was asked but fragments, or nothing compares by it."""

    @property
    def known(self) -> list[int]:
        """Ids of the fragments that the run knows."""
        return [named.id for named in self.fragments if named.id is not None]

    def opening(self, *further: Flag) -> dict[str, Any]:
        """What an answer says of the compound before its predictions; `further` flags come last."""
        known = len(self.known)
        flags = [
            *([Flag.UNKNOWN_FRAGMENTS] if known < len(self.fragments) else []),
            *([] if known else [Flag.NOTHING_KNOWN]),
            *further,
        ]
        return {
            "smiles": self.question.smiles,
            "parent": self.parent,
            "fragments": [
                {"name": named.name, "known": named.id is not None, "support": named.support} for named in self.fragments
            ],
            "flags": [flag.value for flag in flags],
        }
