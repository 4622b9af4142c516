"""Wanted: what a reader looks for among the fragments of a run, in the words of `GET /v1/fragments`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scores_client.models import Charge, Sort
from viz.view import View

__all__ = ["Wanted"]


@dataclass(frozen=True)
class Wanted:
    """Conditions that are met together; what is None or empty is no condition."""

    text: str = ""
    """Part of a name or SMILES."""
    structure: str | None = None
    """SMILES or SMARTS that a fragment contains."""
    sort: str = "id"
    min_support: int = 0
    max_atoms: int | None = None
    rings: bool | None = None
    charge: str | None = None

    @classmethod
    def of(cls, view: View, *, text: str = "", structure: str | None = None) -> "Wanted":
        """What a page's address says, and a text or a structure."""
        return cls(
            text=text,
            structure=structure,
            sort=view.sort,
            min_support=0 if view.support == "any" else int(view.support),
            max_atoms=None if view.size == "any" else int(view.size),
            rings=None if view.rings == "any" else view.rings == "with",
            charge=None if view.charge == "any" else view.charge,
        )

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Of the route."""
        return {
            "query": self.text,
            "sort": Sort(self.sort),
            "min_support": self.min_support,
            **({} if self.structure is None else {"structure": self.structure}),
            **({} if self.max_atoms is None else {"max_atoms": self.max_atoms}),
            **({} if self.rings is None else {"rings": self.rings}),
            **({} if self.charge is None else {"charge": Charge(self.charge)}),
        }
