"""Bags: the BRICS leaves that every compound falls into, by the ids of the fragments that are modelled."""

from collections import Counter
from collections.abc import Iterable, Sequence

from chemistry.graph import Graph
from chemistry.leaves import leaves

__all__ = ["leaf_bags"]


def leaf_bags(parents: Iterable[str | None], fragments: Sequence[str]) -> list[Counter[int]]:
    """The bag of each of the `parents` (SMILES as `chemistry` writes them; an empty bag where there is none).

    Leaves that are no fragments of the model have numbers below 0, each its own, so that no two of them are taken for one.
    """
    ids = {name: number for number, name in enumerate(fragments)}
    strangers: dict[str, int] = {}

    def number(leaf: str) -> int:
        return ids[leaf] if leaf in ids else strangers.setdefault(leaf, -1 - len(strangers))

    return [Counter(map(number, leaves(Graph.read(parent)))) if parent else Counter() for parent in parents]
