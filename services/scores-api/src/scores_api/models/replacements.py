"""Replacements of fragments: what they change, what was measured of them, and the molecules they lead to."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from contracts.kinds import ChangeUnit
from replacement.evidence import Basis
from scores_api.models.predictions import MatchedCompound
from scores_api.models.wire import Cursor, Wire, distinct

__all__ = [
    "PRODUCTS",
    "TARGETS",
    "AtTarget",
    "MeasuredPair",
    "PairPage",
    "Product",
    "Products",
    "Replacement",
    "ReplacementList",
    "ReplacementQuestion",
]

PRODUCTS: Final = 50
"""Replacements in one answer."""
TARGETS: Final = 5
"""Targets that one question may name."""
_Chance = Annotated[float, Field(ge=0, le=1)]
_Names = Annotated[list[str], Field(max_length=TARGETS, default_factory=list)]


class AtTarget(Wire):
    """What a replacement is expected to add to activity at one target."""

    target: str
    unit: str | None
    """Of what was measured on the target, and of `shift`, `low`, `high` and `kept_within`; null where the data do not say."""
    shift: float | None
    """Expected change of what is measured: above 0 the new molecule is the more active one. Null, as all that follows is but
    `kept_within`, where no compound measured on the target has the one or the other."""
    low: float | None
    high: float | None
    """90 % interval of what two new measurements, one of either molecule, would differ by. Its width is calibrated by the
    run's own measured replacements, each compared with what is told without the values of both compounds."""
    chance_higher: _Chance | None
    """That the new molecule is measured as the more active one."""
    chance_kept: _Chance | None
    """That it is not measured as less active by more than `kept_within`."""
    kept_within: float
    """Half a log unit (threefold), or half a standard deviation of the target's values where they are no logarithms."""
    contexts: int
    """In how many molecules it was looked at: in yours alone, or in so many compounds of the data."""
    measured: int
    """Pairs of compounds of the data that differ by this replacement and were measured on this target."""


class Replacement(Wire):
    """A fragment that can take the place of another, with what that is expected to change at any target."""

    rank: int
    name: str
    smiles: str
    support: int
    """Compounds of the data that have it."""
    expected_change: float
    """Absolute change of activity at a target, in `change_unit`."""
    low: float
    high: float
    """90 % interval of the expected change."""
    percent: Annotated[float, Field(ge=0, le=100)]
    """How often activity is kept: of 100 replacements, those that change it by no more than 0.5 of `change_unit` (threefold, of
    log units); for actives and inactives those that do not flip it."""
    swaps: int
    """Pairs of compounds of the data that differ by this replacement alone."""
    basis: Basis
    """What the expectation rests on."""
    targets: list[AtTarget]
    """Of the targets that were asked for, in that order."""


class ReplacementList(Wire):
    """Replacements of one fragment, the best first."""

    run: str
    fragment: str
    support: int
    change_unit: ChangeUnit
    """Of every `expected_change`."""
    comparable: int
    """Groups with as many open ends that are offered: there is enough evidence of them."""
    considered: int
    """How many of these were looked at, those that are expected to change least: where targets order or leave out, what comes
    behind them may be better, and is not known. `by` of `POST /v1/replacements` names others."""
    items: list[Replacement]


class ReplacementQuestion(Wire):
    """A molecule, and what in it shall be replaced."""

    smiles: Annotated[str, Field(max_length=10_000, examples=["Clc1ccc(CC(=O)NC)cc1"])]
    atom: Annotated[int, Field(ge=0, examples=[0])] | None = None
    """An atom, counted from 0 as the SMILES is written: the smallest group with this atom is replaced, or a hydrogen on it."""
    fragment: Annotated[str, Field(max_length=500, examples=["*Cl"])] | None = None
    """The name of the group that is replaced; `*[H]` is a hydrogen. With `atom` the one at that atom."""
    by: Annotated[list[str], Field(min_length=1, max_length=PRODUCTS, examples=[["*F", "*C#N"]])] | None = None
    """What it is replaced by; null: by what is expected to change least."""
    targets: _Names
    keep: _Names
    """Targets at which activity must more likely than not be kept: others are left out."""
    lose: _Names
    """Targets at which it must more likely than not fall."""
    limit: Annotated[int, Field(ge=1, le=PRODUCTS)] = 10

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.atom is None and self.fragment is None:
            raise ValueError("`atom` or `fragment` says what is replaced")
        for names in (self.by or [], self.targets, self.keep, self.lose):
            distinct(names)
        if len({*self.targets, *self.keep, *self.lose}) > TARGETS:
            raise ValueError(f"at most {TARGETS} targets in all")
        return self


class Product(Replacement):
    """A molecule with another fragment in the place of one of its own."""

    product: str
    """Its standardised SMILES."""
    matched: MatchedCompound | None
    """The compound of the data that it is; null where targets are not asked for, too."""
    values: list[float]
    """What is predicted of it on each of `targets`, as `POST /v1/predictions` says: of a compound of the data, completed by its
    own measurements. `shift` compares both molecules by their structures, without that."""
    measured: list[float | None]
    """What the data state of it on each of `targets`; null where it was not measured."""


class Products(Wire):
    """The molecules that a question leads to, the best first."""

    run: str
    parent: str
    """The molecule, standardised."""
    fragment: str
    """What is replaced."""
    atoms: list[int]
    """Its atoms in the parent, counted from 0; of a hydrogen the atom that bears it."""
    change_unit: ChangeUnit
    """Of every `expected_change`."""
    comparable: int
    """Groups with as many open ends that are offered: there is enough evidence of them."""
    considered: int
    """How many groups were looked at: those named in `by`, or of the comparable ones those that are expected to change least.
    Where targets order or leave out, what comes behind them may be better, and is not known."""
    items: list[Product]


class MeasuredPair(Wire):
    """Two compounds of the data that differ by one fragment, measured on one target."""

    target: str
    unit: str | None
    """Of both values and their difference; null where the data do not say."""
    first: str
    """Name of the compound that has the fragment `a`."""
    first_smiles: str
    first_value: float
    second: str
    """Name of the one that has `b`."""
    second_smiles: str
    second_value: float
    difference: float
    """Second - first."""


class PairPage(Wire):
    """What was measured of one replacement."""

    run: str
    a: str
    b: str
    change_unit: ChangeUnit
    """Of the expected change and of `mean_difference`."""
    expected_change: float
    low: float
    high: float
    percent: Annotated[float, Field(ge=0, le=100)]
    swaps: int
    """Pairs of compounds."""
    mean_difference: float | None
    """Of their means over targets; null where there are none."""
    basis: Basis
    items: list[MeasuredPair]
    next: Cursor
