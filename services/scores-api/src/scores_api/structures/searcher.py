"""The worker that searches: `python -m scores_api.structures.searcher` answers a JSON object a line with another.

`{"run", "smiles", "structure"}` is answered by `{"ids"}`, the fragments that contain the structure. `smiles` may be null: a run
that is not held is answered by `{"missing": true}`.
`{"spelled"}` is answered by `{"names"}`, what a SMILES may be called as a fragment. A text that is no structure is answered by
`{"place", "value", "reason"}`. It ends with its input.
"""

import json
import sys
from typing import Any, Final

from cachetools import LRUCache

from chemistry.spelling import names_of
from chemistry.unfragmentable import Unfragmentable
from scores_api.structures.collection import Collection
from scores_api.structures.reading import Unreadable

__all__ = ["main"]

_HELD: Final = 2
"""Runs whose structures stay read."""


def main() -> None:
    """Answer until the input ends."""
    held: LRUCache[str, Collection] = LRUCache(_HELD)
    for line in sys.stdin:
        question = json.loads(line)
        answer = _spelled(**question) if "spelled" in question else _answer(held, **question)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answer(held: LRUCache[str, Collection], run: str, smiles: list[str | None] | None, structure: str) -> dict[str, Any]:
    if smiles is not None:
        held[run] = Collection(smiles)
    elif run not in held:
        return {"missing": True}
    try:
        return {"ids": held[run].containing(structure)}
    except Unreadable as error:
        return {"place": "structure", "value": error.value, "reason": error.reason}


def _spelled(spelled: str) -> dict[str, Any]:
    try:
        return {"names": names_of(spelled)}
    except Unfragmentable as error:
        return {"place": "spelled", "value": spelled, "reason": str(error)}


if __name__ == "__main__":
    main()
