"""Takes a question about compounds, has the molecules cut and the model or network asked, and puts the answer together.

Batch by batch, each in a thread: of 100,000 predictions thirty megabytes are written, and hundreds would be of objects.
"""

import asyncio
import difflib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from contracts.predictions import Scale
from scores_api.failures import MoleculesUnreadable, OrderUnavailable, PredictionsTooMany, RefusedSmiles, TargetsUnknown
from scores_api.fragments import Fragments
from scores_api.models.factors import FactorSide
from scores_api.models.predictions import PREDICTIONS, Order, PredictionQuestion
from scores_api.prediction.answers import objects
from scores_api.prediction.cut_compound import CutCompound, NamedFragment
from scores_api.prediction.model_answers import objects_of_model
from scores_api.prediction.molecule_model import MoleculeModel
from scores_api.prediction.molecules import CutMolecule, Molecules, Unreadable
from scores_api.prediction.networks import Networks, Predicting
from scores_api.prediction.structure_properties import structure_properties
from scores_api.published_run import PublishedRun

__all__ = ["CompoundPredictor"]

T = TypeVar("T")

_LIMIT: Final = 10
"""Targets a compound where nothing else is asked for."""
_LISTED: Final = 20
"""Unreadable molecules that a refusal names."""
_NEAR: Final = 5
_SHOWN: Final = 200
_NO_STRUCTURE: Final = "is given by its fragments, which are no structure; an SD file takes SMILES"
_BATCH: Final = 32
_CELLS: Final = 50_000
"""Compounds times targets that the network is asked at once: with 48 draws, 10 MB."""
_ABOUT_CHANCES: Final = (
    "The chance that the compound is active, by its fragments alone; the interval is that of the chance. "
    "Contributions add up to a probit."
)
_ABOUT_VALUES: Final = (
    "What a measurement would give, in the unit of the data, by the compound's fragments alone; "
    "a new measurement lies in the interval with 90 %."
)
_ABOUT_SUMS: Final = (
    "The sum, over the compound's fragments, of fitted fragment x target sums of stated activity: "
    "how much was found on compounds that share fragments with it. Neither a potency nor a chance."
)
_ABOUT_SCORES: Final = (
    "How much the compound, by its fragments alone, is like what is stated to act: 1 for that, 0 for the rest. It ranks; "
    "it is no chance. The interval is that of the score."
)
_OF_MOLECULES: Final = {
    Scale.VALUE: "What a measurement would give, in the unit of the data, by the compound's fragments and by the measured "
    "compounds it is most like; a new measurement lies in the interval with 90 %.",
    Scale.CHANCE: "The chance that the compound is active, by its fragments and by the measured compounds it is most like; the "
    "interval is that of the chance. Level, contributions and rest add up to a sum from which the chance follows.",
}
"""Of a model that compares whole molecules."""
_NOT_CALIBRATED: Final = (
    " The data have too few measurements to leave some out: "
    "intervals are as the model says, not calibrated by what was measured."
)
_MEANING: Final = {Scale.SCORE: _ABOUT_SCORES, Scale.CHANCE: _ABOUT_CHANCES, Scale.VALUE: _ABOUT_VALUES, Scale.SUM: _ABOUT_SUMS}


@dataclass(frozen=True, eq=False)
class _Asked:
    """Compounds to be told on targets."""

    predicting: Predicting
    compounds: list[CutCompound]
    targets: npt.NDArray[np.int64]
    names: Sequence[str]
    """Of all targets of the run, and so are `units`."""
    units: Sequence[str | None]
    order: Order | None
    limit: int | None

    async def by_batch(self, render: Callable[[Sequence[CutCompound]], T]) -> AsyncIterator[T]:
        """What becomes of the compounds, some at a time, each time in a thread: the event loop has others to answer."""
        batch = max(1, min(_BATCH, _CELLS // max(len(self.targets), 1)))
        for first in range(0, len(self.compounds), batch):
            yield await asyncio.to_thread(render, self.compounds[first : first + batch])

    def told(self, compounds: Sequence[CutCompound]) -> list[dict[str, Any]]:
        """What is predicted of some of them, as `models.predictions` has it."""
        if isinstance(self.predicting, MoleculeModel):
            named = self.names, self.units
            return objects_of_model(self.predicting, compounds, self.targets, named, self.order, self.limit)
        highest = len(self.targets) if self.order is not None and self.limit is None else self.limit
        return objects(self.predicting, compounds, self.targets, self.names, highest)


class CompoundPredictor:
    """Answers questions about compounds."""

    def __init__(self, networks: Networks, molecules: Molecules) -> None:
        self._networks = networks
        self._molecules = molecules

    async def answer(self, question: PredictionQuestion, run: PublishedRun) -> AsyncIterator[bytes]:
        """The JSON of `models.predictions.Predictions` in parts; whatever can be refused is refused before the first.

        Raises:
            NothingPredicts: the run published no network.
            FileDamaged: what predicts is not as it was written.
            TargetsUnknown: it has no such targets.
            OrderUnavailable: its targets cannot be ordered so.
            PredictionsTooMany: the answer would be too large.
            MoleculesUnreadable: some SMILES are no molecules with fragments.
            MoleculesFailed: the process that reads them died.
        """
        asked = await self._asked(question, run)
        head = {
            "run": run.run,
            "objective": run.record.objective.value,
            "scale": asked.predicting.scale.value,
            "meaning": _meaning(asked.predicting),
        }
        return _written(head, asked)

    async def as_structures(self, question: PredictionQuestion, run: PublishedRun) -> str:
        """The same as an SD file; compounds must be given by SMILES.

        Raises:
            MoleculesUnreadable: a compound is given by fragments, or as `answer`, which raises all else.
        """
        bare = [
            RefusedSmiles(f"body.compounds.{number}.fragments", ", ".join(each.fragments or [])[:_SHOWN], _NO_STRUCTURE)
            for number, each in enumerate(question.compounds)
            if each.smiles is None
        ]
        if bare:
            raise MoleculesUnreadable(bare[:_LISTED], len(bare))
        asked = await self._asked(question, run)

        def stated(compounds: Sequence[CutCompound]) -> list[tuple[str, dict[str, str]]]:
            return [
                (told["parent"], structure_properties(each.question.name, told, run.run))
                for each, told in zip(compounds, asked.told(compounds), strict=True)
            ]

        return "".join([await self._molecules.drawn(part) async for part in asked.by_batch(stated)])

    async def _asked(self, question: PredictionQuestion, run: PublishedRun) -> _Asked:
        """What is to be told; raises as `answer`."""
        predicting = await self._networks.of(run)
        compares = isinstance(predicting, MoleculeModel)
        if not compares and question.order not in {None, Order.PREDICTION}:
            raise OrderUnavailable(run.run, str(question.order))
        names = run.factors[FactorSide.TARGETS].names
        targets = np.array(_targets(question, run.run, names), dtype=np.int64)
        limit = question.limit if question.targets or question.limit else _LIMIT
        count = len(question.compounds) * min(limit or len(targets), len(targets))
        if count > PREDICTIONS:
            raise PredictionsTooMany(count, PREDICTIONS)
        order = question.order
        if order is None and limit is not None:
            order = Order.EXCESS if compares else Order.PREDICTION
        compounds = await self._cut(question, run.fragments, fingerprints=compares)
        return _Asked(predicting, compounds, targets, names, run.units, order, limit)

    async def _cut(self, question: PredictionQuestion, fragments: Fragments, *, fingerprints: bool) -> list[CutCompound]:
        written = [(number, each.smiles) for number, each in enumerate(question.compounds) if each.smiles is not None]
        molecules = await self._molecules.cut([smiles for _, smiles in written], fingerprints=fingerprints)
        read: dict[int, CutMolecule] = {}
        refused: list[RefusedSmiles] = []
        for (number, smiles), molecule in zip(written, molecules, strict=True):
            match molecule:
                case CutMolecule():
                    read[number] = molecule
                case Unreadable(reason=reason):
                    refused.append(RefusedSmiles(f"body.compounds.{number}.smiles", smiles, reason))
        if refused:
            raise MoleculesUnreadable(refused[:_LISTED], len(refused))
        return [
            CutCompound(
                question=each,
                parent=read[number].parent if number in read else None,
                fragments=_named(read[number].fragments if number in read else each.fragments or [], fragments),
                fingerprint=read[number].fingerprint if number in read else None,
            )
            for number, each in enumerate(question.compounds)
        ]


def _meaning(predicting: Predicting) -> str:
    if not isinstance(predicting, MoleculeModel):
        return _MEANING[predicting.scale]
    return _OF_MOLECULES[predicting.scale] + ("" if predicting.calibrated else _NOT_CALIBRATED)


async def _written(head: dict[str, str], asked: _Asked) -> AsyncIterator[bytes]:
    opening = _json(head)[:-1] + b',"compounds":['
    async for part in asked.by_batch(lambda compounds: b",".join(map(_json, asked.told(compounds)))):
        yield opening + part
        opening = b","
    yield b"]}"


def _json(told: dict[str, Any]) -> bytes:
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")  # half a surrogate pair stays escaped


def _named(names: Sequence[str], fragments: Fragments) -> list[NamedFragment]:
    ids = [fragments.id_of(name) for name in names]
    return [
        NamedFragment(
            name=name if id_ is None else fragments.names[id_],
            id=id_,
            support=None if id_ is None else fragments.support[id_],
        )
        for name, id_ in zip(names, ids, strict=True)
    ]


def _targets(question: PredictionQuestion, run: str, names: Sequence[str]) -> list[int]:
    if question.targets is None:
        return list(range(len(names)))
    ids = {name: id_ for id_, name in enumerate(names)}
    if missing := [name for name in question.targets if name not in ids]:
        raise TargetsUnknown(run, missing, difflib.get_close_matches(missing[0], names, n=_NEAR, cutoff=0.5))
    return [ids[name] for name in question.targets]
