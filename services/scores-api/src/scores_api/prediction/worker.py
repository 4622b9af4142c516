"""The worker: cuts molecules into fragments, in a process of its own.

`python -m scores_api.prediction.worker` reads a JSON list of SMILES a line and answers each with a line: a list of
`{"parent": ..., "fragments": [...]}`, or `{"reason": ...}` for what is no molecule with fragments. It ends with its input.
RDKit is loaded here alone, so that neither its memory nor its work nor a crash of it is the server's.
"""

import json
import sys

from chemistry import Unfragmentable, fragment

__all__ = ["main"]


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps([_cut(smiles) for smiles in json.loads(line)]) + "\n")
        sys.stdout.flush()


def _cut(smiles: str) -> dict[str, object]:
    try:
        molecule = fragment(smiles)
    except Unfragmentable as error:
        return {"reason": error.reason}
    return {"parent": molecule.parent, "fragments": molecule.fragments}


if __name__ == "__main__":
    main()
