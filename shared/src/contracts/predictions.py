"""The prediction graph: `predictions.onnx` in a factor run's artifact, from the fragments of compounds to activity on targets.

| input | |
|---|---|
| `fragments: int64[N]` | ids of the fragments that the compounds are made of |
| `compounds: int64[N]` | the compound of each, from 0 to B - 1 |
| `unseen: float[B]` | how many more fragments a compound has that the run knows nothing of |
| `targets: int64[M]` | ids of the targets that are asked for |

| output | |
|---|---|
| `predictions: float[B, M]` | on the graph's scale |
| `low, high: float[B, M]` | between which it lies with 90 %; absent where the run has no posterior |
| `sums: float[B, M]` | `mean` + `levels` + the contributions of the compound's fragments; for chances the probit |
| `contributions: float[N, M]` | what each fragment adds |
| `levels: float[M]` | what the target adds |
| `mean: float[1]` | of all measurements |

Its metadata name the schema, the run, the scale, and the fragments and the targets as JSON arrays in order of id.
"""

from enum import StrEnum
from typing import Final

__all__ = ["ARTIFACT", "BOUNDS", "FILE", "MODEL_FILE", "OUTPUTS", "SCHEMA", "Scale"]

ARTIFACT: Final = "factors"
"""The artifact that holds it."""
FILE: Final = "predictions.onnx"
MODEL_FILE: Final = "predictor.safetensors"
"""The model of an `activity` run of values or of actives and inactives, for `prediction.Predictor`; it predicts instead."""
SCHEMA: Final = "ntdemo.predictions/1"
OUTPUTS: Final = ("predictions", "sums", "contributions", "levels", "mean")
"""Those that every graph has."""
BOUNDS: Final = ("low", "high")
"""Those of a graph with a posterior."""


class Scale(StrEnum):
    """What a predicted number is."""

    VALUE = "value"
    """What a measurement would give, in the unit of the data; the interval holds a new measurement with 90 %."""
    SCORE = "score"
    """How much it is like what is stated to act, where nothing else is stated: 1 for that, 0 for the rest. It ranks compounds
    on a target and targets of a compound; it is no chance. The interval is that of the score."""
    CHANCE = "chance"
    """The chance to be active, 0 to 1: the normal distribution's share below the sum of the contributions, less sure than that
    by what is not known. The interval is that of the chance."""
    SUM = "sum"
    """The sum of the fitted fragment x target sums of its fragments: how much stated activity lies on compounds that share
    fragments with this one. Neither a potency nor a chance, and without an interval."""
