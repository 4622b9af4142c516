"""Replacements as the scores API tells them: of a fragment, in a molecule, and what was measured of one."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from contracts.kinds import ChangeUnit
from scores_client import models
from scores_client.api.replacements import ask_replacements, list_pairs, list_replacements
from scores_client.types import UNSET
from viz.scores import Scores
from viz.view import View

__all__ = [
    "AtTarget",
    "Measured",
    "MeasuredPair",
    "Product",
    "Products",
    "Question",
    "Replacement",
    "Replacements",
    "measured_of",
    "products_of",
    "replacements_of",
]

_PRODUCTS: Final = 50
"""That one question is answered by: a page, its table and its structures are of the same."""


@dataclass(frozen=True)
class AtTarget:
    """What a replacement adds to activity at one target; None where nobody can tell."""

    target: str
    unit: str | None
    """Of the target's values and of all here that is no chance; None where the data do not say."""
    shift: float | None
    low: float | None
    high: float | None
    """With `low` the 90 % interval of `shift`."""
    chance_higher: float | None
    chance_kept: float | None
    kept_within: float
    """By what activity may fall and is kept."""
    measured: int
    """Pairs of compounds that were measured on this target."""


@dataclass(frozen=True)
class Replacement:
    """What can take the place of a fragment."""

    name: str
    smiles: str
    support: int
    expected_change: float
    """At any target, up or down, in the unit of changes of its run."""
    low: float
    high: float
    """With `low` the 90 % interval of the expected change."""
    percent: float
    """Of 100 replacements, those that keep activity."""
    swaps: int
    """Pairs of compounds that differ by it."""
    basis: str
    targets: tuple[AtTarget, ...]
    """In the order of the question."""


@dataclass(frozen=True)
class Replacements:
    """What can take the place of a fragment, the best first."""

    change_unit: ChangeUnit
    comparable: int
    """Groups that could take its place."""
    considered: int
    """How many of these were looked at, those that are expected to change least."""
    items: tuple[Replacement, ...]


@dataclass(frozen=True)
class Product:
    """A molecule with another fragment in the place of one of its own."""

    by: Replacement
    smiles: str
    values: tuple[float, ...]
    """What is predicted of it on each target."""
    matched: str | None
    """Name of the compound of the data that it is; None also where no target is asked for."""
    measured: tuple[float | None, ...]
    """What the data state of it on each target."""


@dataclass(frozen=True)
class Products:
    """The molecules that a question leads to, the best first."""

    run: str
    parent: str
    """The molecule, standardised."""
    fragment: str
    """What is replaced."""
    change_unit: ChangeUnit
    comparable: int
    """Groups that could take its place."""
    considered: int
    """How many of these were looked at, those that are expected to change least."""
    items: tuple[Product, ...]


@dataclass(frozen=True)
class Question:
    """A molecule, what in it is replaced, and the targets that choose among products."""

    compound: str
    fragment: str | None
    atom: int | None = None
    """Of the compound as it is written, where its fragment is replaced; None for the first fragment of that name."""
    target: str | None = None
    """The one that orders them."""
    keep: tuple[str, ...] = ()
    lose: tuple[str, ...] = ()

    @classmethod
    def of(cls, view: View) -> Self | None:
        """What an address asks; None as long as it names no molecule, or nothing in it."""
        if view.compound is None or (view.fragment is None and view.atom is None):
            return None
        atom = None if view.atom is None else int(view.atom)
        return cls(view.compound, view.fragment, atom, view.target, view.keep, view.lose)

    def body(self) -> models.ReplacementQuestion:
        """As the scores API takes it."""
        return models.ReplacementQuestion(
            smiles=self.compound,
            fragment=UNSET if self.fragment is None else self.fragment,
            atom=UNSET if self.atom is None else self.atom,
            targets=[] if self.target is None else [self.target],
            keep=list(self.keep),
            lose=list(self.lose),
            limit=_PRODUCTS,
        )


@dataclass(frozen=True)
class MeasuredPair:
    """Two compounds that differ by one replacement, measured on one target."""

    target: str
    unit: str | None
    """Of both values; None where the data do not say."""
    first: str
    first_smiles: str
    first_value: float
    second: str
    second_smiles: str
    second_value: float
    difference: float
    """Second - first."""


@dataclass(frozen=True)
class Measured:
    """What was measured of one replacement, as far as one answer tells it."""

    run: str
    change_unit: ChangeUnit
    expected_change: float
    low: float
    high: float
    percent: float
    swaps: int
    mean_difference: float | None
    items: tuple[MeasuredPair, ...]
    next: str | None
    """The cursor of those that follow."""


async def replacements_of(scores: Scores, run: str, fragment: str, *, target: str | None, limit: int) -> Replacements:
    """What can take the place of a fragment; with a target ordered by what it adds there.

    Raises:
        NotInRun: there is no such run or fragment. So do the functions below.
        NotTold: the run tells of no replacements, or not of this target. So do the functions below.
    """
    answer = await scores.answer(
        lambda client: list_replacements.asyncio(
            fragment, client=client, run=run, target=UNSET if target is None else target, limit=limit
        ),
        models.ReplacementList,
    )
    items = tuple(_replacement(item) for item in answer.items)
    return Replacements(ChangeUnit(answer.change_unit), answer.comparable, answer.considered, items)


async def products_of(scores: Scores, run: str, question: Question) -> Products:
    """The molecules that a question leads to."""
    answer = await scores.answer(
        lambda client: ask_replacements.asyncio(client=client, body=question.body(), run=run), models.Products
    )
    items = tuple(
        Product(
            _replacement(item),
            item.product,
            tuple(item.values),
            None if item.matched is None else item.matched.name,
            tuple(item.measured),
        )
        for item in answer.items
    )
    unit = ChangeUnit(answer.change_unit)
    return Products(answer.run, answer.parent, answer.fragment, unit, answer.comparable, answer.considered, items)


async def measured_of(scores: Scores, run: str, fragment: str, by: str, *, limit: int, cursor: str | None = None) -> Measured:
    """Compounds that differ by one replacement, and what was measured of them."""
    answer = await scores.answer(
        lambda client: list_pairs.asyncio(
            client=client, a=fragment, b=by, run=run, limit=limit, cursor=UNSET if cursor is None else cursor
        ),
        models.PairPage,
    )
    return Measured(
        answer.run,
        ChangeUnit(answer.change_unit),
        answer.expected_change,
        answer.low,
        answer.high,
        answer.percent,
        answer.swaps,
        answer.mean_difference,
        tuple(MeasuredPair(**_kept(item, MeasuredPair)) for item in answer.items),
        answer.next_,
    )


def _replacement(item: models.Replacement | models.Product) -> Replacement:
    targets = tuple(AtTarget(**_kept(each, AtTarget)) for each in item.targets)
    return Replacement(**{**_kept(item, Replacement), "basis": str(item.basis), "targets": targets})


def _kept(item: Any, kind: Any) -> Mapping[str, Any]:
    return {field.name: getattr(item, field.name) for field in fields(kind)}
