"""The worker: cuts molecules into fragments, in a process of its own.

`python -m scores_api.prediction.worker` reads a JSON object `{"smiles": [...], "fingerprints": bool}` a line and answers each
with a line: a list of `{"parent": ..., "fragments": [...], "features": ...}`, or `{"reason": ...}` for what has no fragments.
`features` is null, or a pair of base64 texts a kind of fingerprint: codes (uint64, little-endian) and counts (uint8).
It ends with its input. RDKit is loaded here alone, so that neither its memory nor its work nor a crash of it is the server's.
"""

import json
import sys
from base64 import b64encode

from chemistry import Unfragmentable, fragment
from chemistry.fingerprints import fingerprint

__all__ = ["main"]


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        cut = [_cut(smiles, with_features=asked["fingerprints"]) for smiles in asked["smiles"]]
        sys.stdout.write(json.dumps(cut) + "\n")
        sys.stdout.flush()


def _cut(smiles: str, *, with_features: bool) -> dict[str, object]:
    try:
        molecule = fragment(smiles)
    except Unfragmentable as error:
        return {"reason": error.reason}
    features = _features(molecule.parent) if with_features else None
    return {"parent": molecule.parent, "fragments": molecule.fragments, "features": features}


def _features(parent: str) -> list[list[str]]:
    found = fingerprint(parent)
    return [
        [b64encode(codes_V.astype("<u8").tobytes()).decode(), b64encode(counts_V.tobytes()).decode()]
        for codes_V, counts_V in zip(found.codes, found.counts, strict=True)
    ]


if __name__ == "__main__":
    main()
