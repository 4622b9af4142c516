"""The network of a run: its prediction graph (`contracts.predictions`), opened by ONNX Runtime."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import onnxruntime

from contracts.predictions import BOUNDS, FILE, OUTPUTS, SCHEMA, Scale

__all__ = ["Compound", "InvalidNetwork", "Network", "PredictedBatch"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_DIGITS: Final = 6
"""Of the largest number that is usual in a run; all of its numbers are rounded to as many decimals."""
_MOST_DECIMALS: Final = 15
_SIZED: Final = 64
"""Fragments and targets by which the usual size of numbers is found, evenly spaced."""
_ERRORS_ONLY: Final = 3


class InvalidNetwork(Exception):
    """A file is no prediction graph; the text says why."""


@dataclass(frozen=True)
class Compound:
    """What a compound is made of."""

    fragments: list[int]
    """Ids of the fragments that the run knows."""
    unseen: int
    """How many more there are."""


@dataclass(frozen=True, eq=False)
class PredictedBatch:
    """Of B compounds and M targets. Every number has the run's decimals; sums are those of the rounded parts."""

    predictions_BM: Floats
    sums_BM: Floats
    low_BM: Floats | None
    high_BM: Floats | None
    contributions_NM: Floats
    """Of the fragments of one compound after the other."""
    levels_M: Floats
    mean: float


class Network:
    """Predicts; safe in threads."""

    def __init__(self, session: onnxruntime.InferenceSession, scale: Scale) -> None:
        self._session = session
        self.scale = scale
        self.bounded = scale is not Scale.SUM
        """Whether it says between which bounds a prediction lies."""
        self._decimals = _MOST_DECIMALS

    @classmethod
    def read(cls, content: bytes, *, fragments: int, targets: int) -> Self:
        """The graph in the bytes of a file, of a run with so many fragments and targets.

        Raises:
            InvalidNetwork: it is no prediction graph.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # what a large question needed is given back
        options.log_severity_level = _ERRORS_ONLY
        try:
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's own exceptions have no common class but this
            raise InvalidNetwork(f"{FILE} is no graph that ONNX Runtime opens: {error}") from error
        stated = session.get_modelmeta().custom_metadata_map
        if stated.get("schema") != SCHEMA:
            raise InvalidNetwork(f"{FILE} has the schema {stated.get('schema')!r}, expected {SCHEMA!r}")
        network = cls(session, Scale(stated["scale"]))
        network._decimals = network._usual_decimals(fragments, targets)
        return network

    def predict(self, compounds: Sequence[Compound], targets: Ints) -> PredictedBatch:
        """Everything about these compounds and targets."""
        rows_N, question = _question(compounds, targets)
        names = [*OUTPUTS, *(BOUNDS if self.bounded else ())]
        outputs = dict(zip(names, self._run(names, question), strict=True))
        contributions_NM, levels_M = self._rounded(outputs["contributions"]), self._rounded(outputs["levels"])
        mean = float(self._rounded(outputs["mean"])[0])
        sums_BM = np.tile(mean + levels_M, (len(compounds), 1))
        np.add.at(sums_BM, rows_N, contributions_NM)
        sums_BM = np.round(sums_BM, self._decimals) + 0.0
        low_BM, high_BM = (self._rounded(outputs[name]) for name in BOUNDS) if self.bounded else (None, None)
        return PredictedBatch(
            predictions_BM=self._rounded(outputs["predictions"]) if self.scale is Scale.CHANCE else sums_BM,
            sums_BM=sums_BM,
            low_BM=low_BM,
            high_BM=high_BM,
            contributions_NM=contributions_NM,
            levels_M=levels_M,
            mean=mean,
        )

    def highest(self, compounds: Sequence[Compound], targets: Ints, limit: int) -> Ints:
        """Of the `targets`, those with the highest predictions of each compound, the highest first, shape (B, limit)."""
        _, question = _question(compounds, targets)
        predictions_BM = self._run(["predictions"], question)[0]
        order_BM = np.argsort(-predictions_BM, axis=1, kind="stable")
        chosen_BL: Ints = targets[order_BM[:, :limit]]
        return chosen_BL

    def _run(self, names: list[str], question: dict[str, npt.NDArray[Any]]) -> list[npt.NDArray[np.float32]]:
        outputs: list[npt.NDArray[np.float32]] = self._session.run(names, question)
        return outputs

    def _rounded(self, numbers: npt.NDArray[np.float32]) -> Floats:
        return numbers.astype(np.float64).round(self._decimals) + 0.0  # no negative zero

    def _usual_decimals(self, fragments: int, targets: int) -> int:
        some_N, some_M = (
            np.unique(np.linspace(0, count - 1, min(count, _SIZED)).round().astype(np.int64)) for count in (fragments, targets)
        )
        some = self.predict([Compound([id_], 0) for id_ in some_N.tolist()], some_M)
        usual: list[Floats] = [some.sums_BM, some.contributions_NM]
        if some.low_BM is not None and some.high_BM is not None and self.scale is not Scale.CHANCE:
            usual.append(np.subtract(some.high_BM, some.low_BM, dtype=np.float64))
        largest = max(float(np.abs(numbers).max(initial=0.0)) for numbers in usual)
        if not largest:
            return _DIGITS
        return min(max(_DIGITS - 1 - math.floor(math.log10(largest)), 0), _MOST_DECIMALS)


def _question(compounds: Sequence[Compound], targets: Ints) -> tuple[Ints, dict[str, npt.NDArray[Any]]]:
    """The row of each fragment, and the inputs of the graph."""
    rows_N = np.repeat(np.arange(len(compounds), dtype=np.int64), [len(compound.fragments) for compound in compounds])
    return rows_N, {
        "fragments": np.array([id_ for compound in compounds for id_ in compound.fragments], dtype=np.int64),
        "compounds": rows_N,
        "unseen": np.array([compound.unseen for compound in compounds], dtype=np.float32),
        "targets": targets,
    }
