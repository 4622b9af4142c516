"""The worker: reads, cuts and changes molecules, in a process of its own.

`python -m scores_api.prediction.worker` reads a JSON object a line, whose `task` says what is asked, and answers each with a
line. It ends with its input. RDKit is loaded here alone, so that neither its memory nor its work nor a crash of it is the
server's.

| task | asks | answer |
|---|---|---|
| `cut` | `smiles: [...]`, `fingerprints: bool` | a molecule for each |
| `locate` | `smiles`, `atom` or null, `fragment` or null | `{"fragment", "atoms", "molecule"}` |
| `substitute` | `wanted: [[parent, fragment, atoms or null, new], ...]` | for each a list of molecules |
| `draw` | `molecules: [[smiles, {name: value}], ...]` | the text of an SD file |

A molecule is `{"parent", "fragments", "features"}`, or `{"reason": ...}` where there is none. `features` is null, or a pair of
base64 texts a kind of fingerprint: codes (uint64, little-endian) and counts (uint8).
"""

import json
import sys
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final

from chemistry import Unfragmentable, fragment
from chemistry.cuts import HYDROGEN
from chemistry.fingerprints import fingerprint
from chemistry.standardisation import standardise
from chemistry.structure_file import sd_file
from chemistry.substitution import Place, atom_of_parent, places, substituted
from contracts.descriptors import MOST_ENDS

__all__ = ["main"]

_Object = dict[str, Any]


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        sys.stdout.write(json.dumps(_TASKS[asked.pop("task")](**asked)) + "\n")
        sys.stdout.flush()


def _cut(smiles: list[str], *, fingerprints: bool) -> list[_Object]:
    return [_molecule(each, with_features=fingerprints) for each in smiles]


def _molecule(smiles: str, *, with_features: bool) -> _Object:
    try:
        molecule = fragment(smiles)
    except Unfragmentable as error:
        return {"reason": error.reason}
    features = _features(molecule.parent) if with_features else None
    return {"parent": molecule.parent, "fragments": molecule.fragments, "features": features}


def _locate(smiles: str, atom: int | None, fragment: str | None) -> _Object:
    try:
        parent = standardise(smiles)
        at = None if atom is None else atom_of_parent(smiles, atom)
    except Unfragmentable as error:
        return {"reason": error.reason}
    except IndexError:
        return {"reason": f"has no atom {atom}, counted from 0"}
    found = [
        place
        for place in places(parent)
        if (at is None or at in place.atoms) and (fragment is None or place.fragment == fragment)
    ]
    if not found:
        where = "" if atom is None else f" at atom {atom}"
        return {"reason": f"has no {'fragment' if fragment is None else fragment}{where} that can be replaced"}
    groups = [place for place in found if place.fragment != HYDROGEN]
    place = (
        groups[0] if groups else found[0]
    )  # a hydrogen where it is named, or where nothing that can be replaced has the atom
    if (ends := place.fragment.count("*")) > MOST_ENDS:
        return {"reason": f"has {place.fragment} there, whose {ends} open ends are more than the {MOST_ENDS} that are replaced"}
    return {"fragment": place.fragment, "atoms": place.atoms, "molecule": _molecule(parent, with_features=True)}


def _substitute(wanted: list[tuple[str, str, list[int] | None, str]]) -> list[list[_Object]]:
    known: dict[tuple[str, str], Place | None] = {}
    answers = []
    for parent, old, atoms, new in wanted:
        if atoms is not None:
            place: Place | None = Place(old, tuple(atoms))
        else:
            if (parent, old) not in known:
                known[parent, old] = next((each for each in places(parent) if each.fragment == old), None)
            place = known[parent, old]
        products = substituted(parent, place, new) if place is not None else []
        answers.append([_molecule(product, with_features=True) for product in products])
    return answers


def _features(parent: str) -> list[list[str]]:
    found = fingerprint(parent)
    return [
        [b64encode(codes_V.astype("<u8").tobytes()).decode(), b64encode(counts_V.tobytes()).decode()]
        for codes_V, counts_V in zip(found.codes, found.counts, strict=True)
    ]


_TASKS: Final[dict[str, Callable[..., object]]] = {"cut": _cut, "locate": _locate, "substitute": _substitute, "draw": sd_file}


if __name__ == "__main__":
    main()
