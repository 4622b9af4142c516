"""The structures' worker: reads SMILES in any spelling and draws them, in a process of its own.

`python -m chatbot.fragments.structures_worker` reads a JSON array `["names", SMILES]` or `["draw", SMILES]` a line and answers
each with a line: a JSON array of names, an SVG as a JSON string, or null where the text is no SMILES. It ends with its input.
RDKit is loaded here alone, so that neither its memory nor a crash of it is the chatbot's.
"""

import json
import sys

from chemistry.drawing import draw
from chemistry.spelling import names_of
from chemistry.unfragmentable import Unfragmentable

__all__ = ["main"]


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        task, smiles = json.loads(line)
        try:
            answer = draw(smiles) if task == "draw" else names_of(smiles)
        except Unfragmentable:
            answer = None
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
