"""Takes questions about replacements, has molecules changed and the run's file and model asked, and puts answers together."""

import asyncio
import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contracts.descriptors import MOST_ENDS
from contracts.predictions import Scale
from replacement.evidence import KEPT, Expected, basis
from replacement.replacements import Replacements
from scores_api.failures import (
    FragmentsUnknown,
    MoleculesUnreadable,
    RefusedSmiles,
    ReplacementsUnavailable,
    TargetsUnknown,
)
from scores_api.models.factors import FactorSide
from scores_api.models.predictions import MatchedCompound
from scores_api.models.replacements import (
    AtTarget,
    MeasuredPair,
    PairPage,
    Product,
    Products,
    Replacement,
    ReplacementList,
    ReplacementQuestion,
)
from scores_api.prediction.molecule_model import MoleculeModel
from scores_api.prediction.molecules import CutMolecule, Molecules, Unreadable, Wanted
from scores_api.prediction.networks import Networks
from scores_api.published_run import PublishedRun
from scores_api.replacing.contexts import Change, Changes, Context, Known, carriers

__all__ = ["ReplacementAnswers"]

Ints = npt.NDArray[np.int64]

_CONSIDERED: Final = 30
"""Replacements that are looked at where targets choose among them."""
_NEAR: Final = 5
_DIGITS: Final = 4
"""Decimals of chances and changes; in a target's own unit counted from `Reading.one_T`, which is a change of 1 there."""
_LIKELY: Final = 0.5


@dataclass(frozen=True)
class _Goals:
    """Targets of a question, by id."""

    names: Sequence[str]
    ids: Sequence[int]
    units: Sequence[str | None]
    kept_within: Sequence[float]
    decimals: Sequence[int]
    """Of changes at each target, in its own unit."""
    loses: bool
    """Whether the first target is one to lose activity at: then what is lost comes first."""
    keep: frozenset[int]
    lose: frozenset[int]

    def are_met(self, changes: Sequence[Change | None]) -> bool:
        """Whether activity is likelier than not kept, and lost, where it shall be; not where nobody can tell."""
        told = dict(zip(self.ids, changes, strict=True))
        kept = [told[id_] for id_ in self.keep]
        lost = [told[id_] for id_ in self.lose]
        return all(each is not None and each.signed.kept >= _LIKELY for each in kept) and all(
            each is not None and each.signed.higher < _LIKELY for each in lost
        )


class ReplacementAnswers:
    """Answers questions about replacements."""

    def __init__(self, networks: Networks, molecules: Molecules) -> None:
        self._networks = networks
        self._molecules = molecules

    async def of_fragment(
        self, run: PublishedRun, name: str, targets: Sequence[str], keep: Sequence[str], lose: Sequence[str], limit: int
    ) -> ReplacementList:
        """What can take the place of a fragment, ranked by expected change, or by what is added at the first target.

        Where only targets to lose activity at are named, what is lost at the first of them comes first.

        Raises:
            ReplacementsUnavailable: the run states none, or not what they add at targets.
            FragmentsUnknown: it has no such fragment.
            TargetsUnknown: it has no such targets.
            NothingPredicts: targets are asked for, and nothing predicts.
            MoleculesFailed: the process that changes molecules died.
        """
        stated = _replacements(run)
        group = _group(stated, run, name)
        goals = _goals(run, stated, targets, keep, lose)
        if goals.ids and int(stated.ends_G2[group][0]) > MOST_ENDS:
            raise ReplacementsUnavailable(run.run, f"{stated.names[group]} has more than {MOST_ENDS} open ends")
        count = max(limit, _CONSIDERED) if goals.ids else limit
        others, seen = await asyncio.to_thread(stated.closest, group, stated.listed_G, count)
        told: list[list[Change | None]] = [[] for _ in others]
        if goals.ids:
            model = await self._model_of_values(run)
            contexts = [await self._contexts(stated, model, group, others, target) for target in goals.ids]
            changes = Changes(model.predictor, stated, run.fragments)
            told = await asyncio.to_thread(
                lambda: [
                    [
                        changes.of(of_target[place], group, int(other), target)
                        for of_target, target in zip(contexts, goals.ids, strict=True)
                    ]
                    for place, other in enumerate(others.tolist())
                ]
            )
        places = [place for place in range(len(others)) if goals.are_met(told[place])]
        places.sort(key=lambda place: (_order(goals, told[place]), place))
        items = [
            Replacement(rank=rank, targets=_at_targets(goals, told[place]), **_stated(stated, int(others[place]), seen, place))
            for rank, place in enumerate(places[:limit], start=1)
        ]
        return ReplacementList(
            run=run.run,
            fragment=stated.names[group],
            support=int(stated.support_G[group]),
            change_unit=stated.reading.unit,
            comparable=_comparable(stated, group),
            considered=len(others),
            items=items,
        )

    async def of_molecule(self, run: PublishedRun, question: ReplacementQuestion) -> Products:
        """The molecules that replacements of a fragment lead to.

        Raises:
            MoleculesUnreadable: the SMILES is none, or has no such fragment.
            As `of_fragment`.
        """
        stated = _replacements(run)
        goals = _goals(run, stated, question.targets, question.keep, question.lose)
        located = await self._molecules.locate(question.smiles, question.atom, question.fragment)
        if isinstance(located, Unreadable):
            raise MoleculesUnreadable([RefusedSmiles("smiles", question.smiles, located.reason)], 1)
        group = _group(stated, run, located.fragment)
        count = max(question.limit, _CONSIDERED) if goals.ids else question.limit
        if question.by is None:
            others = (await asyncio.to_thread(stated.closest, group, stated.listed_G, count))[0]
        else:
            others = np.array([_group(stated, run, name) for name in question.by], dtype=np.int64)
        seen = await asyncio.to_thread(stated.expected, np.full(len(others), group), others)
        names = [stated.names[other] for other in others.tolist()]
        wanted = [Wanted(located.molecule.parent, located.fragment, name, located.atoms) for name in names]
        products = await self._molecules.substitute(wanted)
        rows = [(place, product) for place, found in enumerate(products) for product in found]
        told: list[list[Change | None]] = [[] for _ in rows]
        known: list[Known] = [Known(None, [], []) for _ in rows]
        decimals: list[int] = []
        if goals.ids:
            model = await self._model_of_values(run)
            decimals = [model.decimals(target) for target in goals.ids]
            changes = Changes(model.predictor, stated, run.fragments)

            def ask() -> tuple[list[list[Change | None]], list[Known]]:
                return (
                    [
                        [changes.of([[(located.molecule, product)]], group, int(others[place]), target) for target in goals.ids]
                        for place, product in rows
                    ],
                    [changes.known(product, goals.ids) for _, product in rows],
                )

            told, known = await asyncio.to_thread(ask)
        kept = [number for number in range(len(rows)) if goals.are_met(told[number])]
        kept.sort(key=lambda number: (_order(goals, told[number]), seen.change_N[rows[number][0]], number))
        items = [
            Product(
                rank=rank,
                product=rows[number][1].parent,
                matched=_matched(known[number]),
                values=[round(value, places) for value, places in zip(known[number].values, decimals, strict=True)],
                measured=known[number].measured,
                targets=_at_targets(goals, told[number]),
                **_stated(stated, int(others[rows[number][0]]), seen, rows[number][0]),
            )
            for rank, number in enumerate(kept[: question.limit], start=1)
        ]
        return Products(
            run=run.run,
            parent=located.molecule.parent,
            fragment=located.fragment,
            atoms=list(located.atoms),
            change_unit=stated.reading.unit,
            comparable=_comparable(stated, group),
            considered=len(others),
            items=items,
        )

    async def as_structures(self, products: Products) -> str:
        """The same as an SD file.

        Raises:
            MoleculesFailed: the process that draws molecules died.
        """
        return await self._molecules.drawn([(item.product, _properties(products, item)) for item in products.items])

    async def pair(self, run: PublishedRun, a: str, b: str, after: int, limit: int) -> tuple[PairPage, bool]:
        """What was measured of the replacement of `a` by `b`, after so many, and whether there is more.

        Raises:
            ReplacementsUnavailable: the run states none.
            FragmentsUnknown: it has no such fragments.
            NothingPredicts: it does not know its compounds.
        """
        stated = _replacements(run)
        first, second = _group(stated, run, a), _group(stated, run, b)
        model = await self._model(run)
        seen = stated.expected(np.array([first]), np.array([second]))
        swaps, (shift, count) = stated.swaps(first, second), stated.shift(first, second)
        names = run.factors[FactorSide.TARGETS].names
        items = []
        for place in range(after, min(after + limit, len(swaps.target_N))):
            target, one, other = int(swaps.target_N[place]), int(swaps.from_N[place]), int(swaps.to_N[place])
            stated_values = [model.compounds.value(compound, target) for compound in (one, other)]
            values = [float("nan") if value is None else value for value in stated_values]  # both were measured
            items.append(
                MeasuredPair(
                    target=names[target],
                    unit=run.units[target],
                    first=model.compounds.name(one),
                    first_smiles=model.compounds.smiles(one),
                    first_value=values[0],
                    second=model.compounds.name(other),
                    second_smiles=model.compounds.smiles(other),
                    second_value=values[1],
                    difference=round(values[1] - values[0], 9),
                )
            )
        page = PairPage(
            run=run.run,
            a=stated.names[first],
            b=stated.names[second],
            change_unit=stated.reading.unit,
            mean_difference=round(shift, _DIGITS) if count else None,
            items=items,
            next=None,
            **_numbers(seen, 0),
        )
        return page, after + limit < len(swaps.target_N)

    async def _model(self, run: PublishedRun) -> MoleculeModel:
        model = await self._networks.of(run)
        if not isinstance(model, MoleculeModel):
            raise ReplacementsUnavailable(run.run, "its model does not look at whole molecules")
        return model

    async def _model_of_values(self, run: PublishedRun) -> MoleculeModel:
        model = await self._model(run)
        if model.scale is not Scale.VALUE:
            raise ReplacementsUnavailable(run.run, "what replacements add at a target is told of values alone")
        return model

    async def _contexts(
        self, stated: Replacements, model: MoleculeModel, group: int, others: Ints, target: int
    ) -> list[list[Context]]:
        """For each of the others molecules before and after, of compounds that were measured on a target.

        At most three of either fragment, as `carriers` says, each at the first place where it has it, in every way that
        `chemistry.ends` allows.
        """
        names, own = stated.names, carriers(stated, model.predictor, group, target).tolist()
        wanted, forward, place_of = [], [], []
        for place, other in enumerate(others.tolist()):
            theirs = carriers(stated, model.predictor, other, target).tolist()
            for compounds, old, new, is_forward in ((own, group, other, True), (theirs, other, group, False)):
                for compound in compounds:
                    wanted.append(Wanted(model.compounds.smiles(compound), names[old], names[new]))
                    forward.append(is_forward)
                    place_of.append(place)
        products = await self._molecules.substitute(wanted)
        parents = sorted({each.parent for each in wanted})
        cut = dict(zip(parents, await self._molecules.cut(parents, fingerprints=True), strict=True))
        contexts: list[list[Context]] = [[] for _ in others]
        for each, is_forward, place, found in zip(wanted, forward, place_of, products, strict=True):
            molecule = cut[each.parent]
            if found and isinstance(molecule, CutMolecule):
                contexts[place].append([(molecule, each) if is_forward else (each, molecule) for each in found])
        return contexts


def _replacements(run: PublishedRun) -> Replacements:
    if run.replacements is None:
        raise ReplacementsUnavailable(run.run, "no compounds were measured that differ by one fragment alone")
    return run.replacements


def _group(stated: Replacements, run: PublishedRun, name: str) -> int:
    """The number of a group by its name, or of a fragment of the run by `id:<number>`."""
    found = stated.find(name)
    if found is None and name.startswith("id:"):
        found = stated.find(run.fragments.names[run.fragments.find(name)])
    if found is None:
        raise FragmentsUnknown(run.run, [name], difflib.get_close_matches(name, stated.names, n=_NEAR, cutoff=0.6))
    return found


def _comparable(stated: Replacements, group: int) -> int:
    """How many others can take its place and are offered."""
    return int(stated.listed_G[stated.comparable(group)].sum())


def _matched(known: Known) -> MatchedCompound | None:
    return None if known.matched is None else MatchedCompound(id=known.matched[0], name=known.matched[1])


def _goals(run: PublishedRun, stated: Replacements, targets: Sequence[str], keep: Sequence[str], lose: Sequence[str]) -> _Goals:
    known = {name: id_ for id_, name in enumerate(run.factors[FactorSide.TARGETS].names)}
    names = list(dict.fromkeys([*targets, *keep, *lose]))
    if missing := [name for name in names if name not in known]:
        raise TargetsUnknown(run.run, missing, difflib.get_close_matches(missing[0], known, n=_NEAR, cutoff=0.5))
    ids = [known[name] for name in names]
    one = [float(stated.reading.one_T[id_]) for id_ in ids]
    decimals = [max(0, _DIGITS - math.floor(math.log10(each))) if each > 0 else _DIGITS for each in one]
    return _Goals(
        names,
        ids,
        units=[run.units[id_] for id_ in ids],
        kept_within=[round(KEPT * each, places) for each, places in zip(one, decimals, strict=True)],
        decimals=decimals,
        loses=bool(lose) and not targets and not keep,
        keep=frozenset(known[name] for name in keep),
        lose=frozenset(known[name] for name in lose),
    )


def _order(goals: _Goals, changes: Sequence[Change | None]) -> float:
    """What is added at the first target, or lost, the most first; behind what can be told what cannot."""
    if not changes:
        return 0.0
    if changes[0] is None:
        return float("inf")
    return changes[0].signed.mean if goals.loses else -changes[0].signed.mean


def _numbers(seen: Expected, place: int) -> dict[str, object]:
    count = int(seen.measurements_N[place])
    return {
        "expected_change": round(float(seen.change_N[place]), _DIGITS),
        "low": round(float(seen.low_N[place]), _DIGITS),
        "high": round(float(seen.high_N[place]), _DIGITS),
        "percent": round(float(seen.percent_N[place]), 2),
        "swaps": count,
        "basis": basis(count),
    }


def _stated(stated: Replacements, group: int, seen: Expected, place: int) -> dict[str, object]:
    name = stated.names[group]
    return {"name": name, "smiles": name, "support": int(stated.support_G[group]), **_numbers(seen, place)}


def _at_targets(goals: _Goals, changes: Sequence[Change | None]) -> list[AtTarget]:
    columns = zip(goals.names, goals.units, goals.kept_within, goals.decimals, changes, strict=True)
    return [
        AtTarget(target=name, unit=unit, kept_within=within, **_told(change, decimals))
        for name, unit, within, decimals, change in columns
    ]


def _told(change: Change | None, decimals: int) -> dict[str, Any]:
    if change is None:
        return {**dict.fromkeys(("shift", "low", "high", "chance_higher", "chance_kept")), "contexts": 0, "measured": 0}
    told = change.signed
    return {
        "shift": round(told.mean, decimals),
        "low": round(told.low, decimals),
        "high": round(told.high, decimals),
        "chance_higher": round(told.higher, _DIGITS),
        "chance_kept": round(told.kept, _DIGITS),
        "contexts": change.contexts,
        "measured": change.measured,
    }


def _properties(products: Products, item: Product) -> dict[str, str]:
    """Of a molecule in an SD file."""
    stated = {
        "name": f"{products.fragment} -> {item.name}",
        "smiles": item.product,
        "replaced": products.fragment,
        "by": item.name,
        "expected_change": str(item.expected_change),
        "percent_kept": str(item.percent),
        "change_unit": products.change_unit.value,
        "swaps": str(item.swaps),
        "basis": item.basis.value,
    }
    if item.matched is not None:
        stated["compound"] = item.matched.name
    for at, value, measured in zip(item.targets, item.values, item.measured, strict=True):
        stated |= {f"{at.target} predicted": str(value), f"{at.target} shift": str(at.shift)}
        stated |= {} if measured is None else {f"{at.target} measured": str(measured)}
        stated |= {} if at.unit is None else {f"{at.target} unit": at.unit}
        stated |= {f"{at.target} chance higher": str(at.chance_higher)}
    return stated
