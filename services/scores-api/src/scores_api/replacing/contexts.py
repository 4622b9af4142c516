"""Contexts: molecules before and after a replacement, and what it is expected to add to activity at a target."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from prediction.differences import difference
from prediction.predictor import Asked, Expectation, Predictor
from replacement.replacements import Replacements
from replacement.signed import Signed, signed
from scores_api.fragments import Fragments
from scores_api.prediction.molecules import CutMolecule

__all__ = ["CONTEXTS", "Change", "Changes", "Context", "Known", "carriers"]

Context = Sequence[tuple[CutMolecule, CutMolecule]]
"""A molecule before and after a replacement, once for each way in which open ends fit equally well."""
Ints = npt.NDArray[np.int64]

CONTEXTS: Final = 6
"""Compounds of the data that a replacement is looked at in, at most: half of them with either fragment."""


@dataclass(frozen=True)
class Change:
    """What a replacement is expected to add at a target."""

    signed: Signed
    contexts: int
    measured: int


@dataclass(frozen=True)
class Known:
    """What is told of a molecule by itself, on targets."""

    matched: tuple[int, str] | None
    """Id and name of the compound of the data that it is."""
    values: Sequence[float]
    measured: Sequence[float | None]


def carriers(replacements: Replacements, predictor: Predictor, group: int, target: int) -> Ints:
    """Compounds measured on a target that were seen to have a group where it can be replaced.

    Three of them, evenly spread over the order of the data: what stands together in a table is often one series.
    """
    measured = predictor.measured_on(target)
    found = np.intersect1d(replacements.compounds_with(group), measured)
    most = CONTEXTS // 2
    return found if len(found) <= most else found[np.linspace(0, len(found) - 1, most).round().astype(np.int64)]


class Changes:
    """Asks a model what molecules do beyond others; each molecule is looked at once."""

    def __init__(self, predictor: Predictor, replacements: Replacements, fragments: Fragments) -> None:
        self._predictor = predictor
        self._replacements = replacements
        self._fragments = fragments
        self._known: dict[str, Expectation] = {}

    def of(self, contexts: Sequence[Context], first: int, second: int, target: int) -> Change | None:
        """By molecules before and after the replacement of one group by another; None where there are none.

        The mean over contexts, of each over its ways.
        """
        if not contexts:
            return None
        found = [
            [
                difference(self._predictor, self.expects(before), self.expects(after), np.array([target]))
                for before, after in ways
            ]
            for ways in contexts
        ]
        told = signed(
            self._replacements.reading,
            target,
            float(np.mean([np.mean([each.mean_M[0] for each in ways]) for ways in found])),
            float(np.mean([np.mean([each.variance_M[0] for each in ways]) for ways in found])),
            float(found[0][0].noise_M[0]),
        )
        return Change(told, len(contexts), int((self._replacements.swaps(first, second).target_N == target).sum()))

    def expects(self, molecule: CutMolecule) -> Expectation:
        """What is expected of a molecule by its structure, whatever was measured of it on other targets."""
        known = self._known.get(molecule.parent)
        if known is None:
            ids = (self._fragments.id_of(name) for name in molecule.fragments)
            asked = np.array(sorted({id_ for id_ in ids if id_ is not None}), dtype=np.int64)
            known = self._known[molecule.parent] = self._predictor.expect(Asked(asked, molecule.fingerprint))
        return known

    def known(self, molecule: CutMolecule, targets: Sequence[int]) -> Known:
        """What is predicted of a molecule on targets, as of a compound of the data where it is one."""
        compounds = self._predictor.compounds
        expected = self.expects(molecule)
        matched = compounds.find(molecule.parent)
        if matched is not None:
            expected = self._predictor.expect(replace(expected.asked, matched=matched))
        return Known(
            None if matched is None else (matched, compounds.name(matched)),
            self._predictor.judge(expected, np.array(targets, dtype=np.int64)).prediction_M.tolist(),
            [None if matched is None else compounds.value(matched, target) for target in targets],
        )
