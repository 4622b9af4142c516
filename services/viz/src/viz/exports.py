"""Exports: what a page shows, as a file for a spreadsheet or a script."""

import csv
import io
import re
from dataclasses import astuple
from typing import Annotated, Final, Literal

from fastapi import FastAPI, Query
from fastapi.responses import Response

from contracts.kinds import SimilarityKind
from viz.answers import Neighbour
from viz.scores import Scores
from viz.view import CURRENT, UNLIKE, View

__all__ = ["install"]

_MOST: Final = 100
_CHANGE: Final = ("expected_change", "change_low", "change_high", "swaps", "basis")
_COLUMNS: Final = ("rank", "name", "smiles", "support", *SimilarityKind, "low", "high", *_CHANGE)


def install(app: FastAPI, scores: Scores) -> None:
    """Add the routes to `app`."""

    @app.get(
        "/exports/neighbours.csv",
        tags=["exports"],
        summary="The nearest fragments of a fragment, as CSV.",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "One row a neighbour."}},
    )
    async def export_neighbours(
        fragment: Annotated[str, Query(description="Name of the fragment.")],
        run: Annotated[str, Query(description="Id of the run, or `current`.")] = CURRENT,
        similarity: Annotated[
            SimilarityKind | None, Query(description="What the order follows; what is recommended for the run if left out.")
        ] = None,
        structure: Annotated[
            Literal["any", "unlike"], Query(description=f"`unlike` takes those that look at most {UNLIKE} % like it.")
        ] = "any",
    ) -> Response:
        ranked_by = View(similarity=similarity).similarity_in(await scores.run(run))
        unlike = UNLIKE if structure == "unlike" else None
        neighbours = await scores.neighbours(run, fragment, ranked_by, _MOST, max_structure=unlike)
        named = re.sub(r"[^A-Za-z0-9_-]+", "-", fragment).strip("-")[:40] or "fragment"
        disposition = f'attachment; filename="nearest-{named}-{ranked_by}{"" if unlike is None else "-unlike"}.csv"'
        return Response(_csv(neighbours), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})


def _csv(neighbours: tuple[Neighbour, ...]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for each in neighbours:
        change = [None] * len(_CHANGE) if each.change is None else astuple(each.change)
        percents = (each.percents[kind] for kind in SimilarityKind)
        writer.writerow([each.rank, each.name, each.smiles, each.support, *percents, each.low, each.high, *change])
    return text.getvalue()
