"""Exports: what a page shows, as a file for a spreadsheet or a script."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from typing import Annotated, Any, Final, Literal

from fastapi import FastAPI, Query
from fastapi.responses import Response

from contracts.kinds import ChangeUnit, SimilarityKind
from servicekit.spreadsheet import as_csv
from viz.answers import Neighbour
from viz.replacing import AtTarget, MeasuredPair, Products, Question, measured_of, products_of
from viz.scores import Scores
from viz.view import CURRENT, UNLIKE, View

__all__ = ["install"]

_MOST: Final = 100
_CHANGE: Final = ("expected_change", "change_low", "change_high", "swaps", "basis", "change_unit")
_PAGE: Final = 1000
_PAIR: Final = tuple(field.name for field in fields(MeasuredPair))
_PRODUCT: Final = (
    *("product", "compound", "replaced", "by"),
    *("expected_change", "low", "high", "change_unit", "percent_kept", "swaps", "basis"),
)
_AT: Final = (
    *("unit", "predicted", "measured"),
    *("shift", "low", "high", "chance_higher", "chance_kept", "kept_within", "pairs"),
)
_TABLE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "One row a line."}
}
Run = Annotated[str, Query(description="Id of the run, or `current`.")]
Name = Annotated[str, Query(min_length=1, description="Name of the fragment.")]
Goals = Annotated[list[str], Query(max_length=5)]
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
        told = await scores.run(run)
        ranked_by = View(similarity=similarity).similarity_in(told)
        unlike = UNLIKE if structure == "unlike" else None
        neighbours = await scores.neighbours(run, fragment, ranked_by, _MOST, max_structure=unlike)
        name = f"nearest-{_plain(fragment)}-{ranked_by}{'' if unlike is None else '-unlike'}"
        return _csv(name, _COLUMNS, [_neighbour(each, told.change_unit) for each in neighbours])

    @app.get(
        "/exports/pairs.csv",
        tags=["exports"],
        summary="Compounds that differ by one replacement, and what was measured of them, as CSV.",
        response_class=Response,
        responses=_TABLE,
    )
    async def export_pairs(
        fragment: Name, by: Annotated[str, Query(min_length=1, description="What takes its place.")], run: Run = CURRENT
    ) -> Response:
        page = await measured_of(scores, run, fragment, by, limit=_PAGE)
        rows = [astuple(pair) for pair in page.items]
        while page.next is not None:
            page = await measured_of(scores, page.run, fragment, by, limit=_PAGE, cursor=page.next)
            rows += [astuple(pair) for pair in page.items]
        return _csv(f"pairs-{_plain(fragment)}-{_plain(by)}", _PAIR, rows)

    @app.get(
        "/exports/products.csv",
        tags=["exports"],
        summary="Molecules that replacing a fragment leads to, as CSV.",
        response_class=Response,
        responses=_TABLE,
    )
    async def export_products(
        compound: Annotated[str, Query(min_length=1, description="The molecule as SMILES.")],
        fragment: Annotated[str | None, Query(min_length=1, description="Name of the fragment.")] = None,
        atom: Annotated[int | None, Query(ge=0, description="An atom of it, counted from 0 as the SMILES is written.")] = None,
        target: Annotated[str | None, Query(description="The target that orders them.")] = None,
        keep: Goals = [],  # noqa: B006 - read only
        lose: Goals = [],  # noqa: B006 - the same
        run: Run = CURRENT,
    ) -> Response:
        question = Question(compound, fragment, atom, target, tuple(keep), tuple(lose))
        found = await products_of(scores, run, question)
        targets = [told.target for told in found.items[0].by.targets] if found.items else []
        head = (*_PRODUCT, *(f"{target} {what}" for target in targets for what in _AT))
        return _csv(f"products-{_plain(found.fragment)}", head, _products(found))


def _products(found: Products) -> list[Sequence[Any]]:
    return [
        [
            each.smiles,
            each.matched,
            found.fragment,
            each.by.name,
            each.by.expected_change,
            each.by.low,
            each.by.high,
            found.change_unit,
            each.by.percent,
            each.by.swaps,
            each.by.basis,
            *(cell for at in zip(each.values, each.measured, each.by.targets, strict=True) for cell in _at(*at)),
        ]
        for each in found.items
    ]


def _at(value: float, measured: float | None, told: AtTarget) -> Sequence[Any]:
    chances = [told.chance_higher, told.chance_kept]
    return [told.unit, value, measured, told.shift, told.low, told.high, *chances, told.kept_within, told.measured]


def _neighbour(each: Neighbour, unit: ChangeUnit | None) -> Sequence[Any]:
    change = [None] * len(_CHANGE) if each.change is None else [*astuple(each.change), unit]
    percents = (each.percents[kind] for kind in SimilarityKind)
    return [each.rank, each.name, each.smiles, each.support, *percents, each.low, each.high, *change]


def _plain(name: str) -> str:
    """As the name of a file may hold it."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40] or "fragment"


def _csv(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    disposition = f'attachment; filename="{name}.csv"'
    return Response(as_csv(head, rows), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})
