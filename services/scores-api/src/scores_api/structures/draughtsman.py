"""The worker that draws: `python -m scores_api.structures.draughtsman` answers a JSON object a line with another.

`{"smiles", "title", "highlights", "weights", "template", "atoms"}` is answered by `{"svg"}`, or by
`{"place", "value", "reason"}` where one of the texts is no structure. It ends with its input.
"""

import json
import sys

from scores_api.structures.highlighting import highlighted
from scores_api.structures.orientation import orient
from scores_api.structures.picture import picture
from scores_api.structures.reading import Unreadable, molecule

__all__ = ["main"]


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        try:
            answer = _drawn(**json.loads(line))
        except Unreadable as error:
            answer = {"place": error.place, "value": error.value, "reason": error.reason}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _drawn(
    smiles: str, title: str, highlights: list[str], weights: list[float] | None, template: str | None, *, atoms: bool
) -> dict[str, str]:
    drawn = molecule("smiles", smiles)
    orient(drawn, None if template is None else molecule("template", template))
    return {"svg": picture(drawn, title, highlighted(drawn, highlights, weights), atoms=atoms)}


if __name__ == "__main__":
    main()
