"""Learning what replacements change: from measured ones to what a run's file states."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from prediction.model_file import small
from replacement.features import pair_features
from replacement.replacements import SCHEMA, Replacements, swap_columns
from replacement.signed import Reading
from replacement.trees import Trees
from trainer.factorization.embedding import embedded
from trainer.replacements.curve import Curve
from trainer.replacements.events import Events, Pairs
from trainer.replacements.groups import Groups
from trainer.replacements.prior import fit_prior
from trainer.replacements.ranking import Nearest, ranked

__all__ = ["Halves", "Taught", "judged_halves", "learn", "teach"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

_NOISE: Final = 0.215
"""Variance of what one pair of compounds shows of a change, where too few replacements tell it: of ChEMBL's pX values."""
_LEAST: Final = 200
"""Pairs that tell it."""
_EMBEDDED: Final = 100_000
"""Pairs that the embedding is fitted to."""


@dataclass(frozen=True, eq=False)
class Taught:
    """A prior, and the measurements that it is updated by."""

    trees: Trees
    events: Events
    pairs: Pairs


@dataclass(frozen=True, eq=False)
class Halves:
    """What either half of the compounds teaches, and how the other half tells it to be read."""

    taught: tuple[Taught, Taught]
    noise: float
    curve: Curve


def teach(events: Events, groups: Groups) -> Taught:
    """Learn the prior from measured replacements."""
    pairs = events.pairs()
    features_PD = pair_features(groups.descriptions, pairs.first_P, groups.descriptions, pairs.second_P)
    return Taught(fit_prior(features_PD, pairs.change_P, pairs.measurements_P), events, pairs)


def judged_halves(events: Events, groups: Groups, first_C: npt.NDArray[np.bool_], *, binary: bool) -> Halves:
    """Teach from the compounds of `first_C` and from the others, and hold each against the other."""
    taught = teach(events.among(first_C), groups), teach(events.among(~first_C), groups)
    said, seen, weight, left = [], [], [], []
    for here, there in (taught, taught[::-1]):
        stated = states(here, groups, _NOISE, Curve.of_chances())
        pairs = there.pairs
        expected_P = stated.expected(pairs.first_P, pairs.second_P).change_N
        said.append(np.repeat(expected_P, np.diff(there.events.starts())))
        seen.append(there.events.difference_N)
        weight.append(pairs.measurements_P)
        left.append((pairs.change_P - expected_P) ** 2)
    noise = _noise(np.concatenate(left), np.concatenate(weight))
    curve = Curve.of_chances() if binary else Curve.fitted(np.concatenate(said), np.concatenate(seen))
    return Halves(taught, noise, curve)


def learn(
    events: Events, groups: Groups, halves: Halves, reading: Reading | None = None
) -> tuple[dict[str, Array], dict[str, str]]:
    """From all compounds: the arrays of a run's file, and what it says about them."""
    taught = teach(events, groups)
    plain = states(taught, groups, halves.noise, halves.curve)
    first_N, second_N = _drawn(plain, groups)
    places_GE = embedded(groups.descriptions, first_N, second_N, plain.prior(first_N, second_N))
    placed = Replacements(*arrays(taught, groups, halves.noise, halves.curve, places_GE))
    return arrays(taught, groups, halves.noise, halves.curve, places_GE, ranked(placed, groups.listed_G), reading)


def states(taught: Taught, groups: Groups, noise: float, curve: Curve) -> Replacements:
    """What was taught, asked as a service asks it, without places and lists."""
    return Replacements(*arrays(taught, groups, noise, curve))


def arrays(
    taught: Taught,
    groups: Groups,
    noise: float,
    curve: Curve,
    places_GE: npt.NDArray[np.float32] | None = None,
    nearest: Nearest | None = None,
    reading: Reading | None = None,
) -> tuple[dict[str, Array], dict[str, str]]:
    """As `learn` gives them."""
    reading = reading or Reading()
    texts = [name.encode() for name in groups.names]
    pairs, events = taught.pairs, taught.events
    starts_G1 = np.zeros(len(groups) + 1, dtype=np.uint32) if nearest is None else nearest.starts_G1
    found: dict[str, Array] = {
        "groups.text": np.frombuffer(b"".join(texts), np.uint8),
        "groups.ends": np.cumsum([len(text) for text in texts]).astype(np.uint32),
        "groups.fragment": groups.fragment_G.astype(np.int32),
        "groups.support": groups.support_G.astype(np.uint32),
        "groups.listed": groups.listed_G.astype(np.uint8),
        "groups.numbers": groups.descriptions.numbers_FD,
        "groups.bits": groups.descriptions.bits_FKW,
        "groups.place": np.zeros((len(groups), 0), dtype=np.float32) if places_GE is None else places_GE,
        "pairs.key": (pairs.first_P * len(groups) + pairs.second_P).astype(np.uint64),
        "pairs.measurements": small(pairs.measurements_P),
        "pairs.change": pairs.change_P.astype(np.float32),
        "pairs.shift": pairs.shift_P.astype(np.float32),
        "pairs.starts": events.starts().astype(np.uint32),
        **swap_columns(events.target_N, events.first_compound_N, events.second_compound_N),
        "nearest.starts": starts_G1.astype(np.uint32),
        "nearest.other": np.zeros(0, dtype=np.uint32) if nearest is None else small(nearest.other_N),
        "curve.change": curve.change_S,
        "curve.percent": curve.percent_S,
        "targets.one": reading.one_T,
        **taught.trees.arrays(),
    }
    about = {
        "schema": SCHEMA,
        "noise": repr(noise),
        "unit": reading.unit.value,
        "slope": repr(reading.slope),
        "width": repr(reading.width),
        "differences": str(reading.differences),
    }
    return found, about


def _noise(left_P: Floats, measurements_P: npt.NDArray[np.int64]) -> float:
    """The part of squared errors that falls with the number of measurements."""
    if len(left_P) < _LEAST:
        return _NOISE
    inverse_P = 1.0 / measurements_P
    noise = _NOISE
    rest = 0.0
    for _ in range(3):  # squared errors spread as they are expected to be large
        weight_P = 1.0 / np.maximum(rest + noise * inverse_P, 1e-6) ** 2
        design_P2 = np.column_stack([np.ones(len(left_P)), inverse_P])
        rest, noise = np.linalg.lstsq(design_P2 * np.sqrt(weight_P)[:, None], left_P * np.sqrt(weight_P), rcond=None)[
            0
        ].tolist()
        rest, noise = max(rest, 0.0), max(noise, 1e-4)
    return float(noise)


def _drawn(stated: Replacements, groups: Groups) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs of comparable groups, of each kind in proportion to how many groups it has; the same in every process."""
    generator = np.random.default_rng(0)
    _, kind_G = np.unique(stated.ends_G2, axis=0, return_inverse=True)
    order_G = np.argsort(kind_G, kind="stable")
    starts = np.searchsorted(kind_G[order_G], np.arange(int(kind_G.max(initial=-1)) + 2))
    first_N = generator.integers(0, len(groups), min(_EMBEDDED, len(groups) ** 2)) if len(groups) else np.zeros(0, np.int64)
    kind_N = kind_G[first_N]
    second_N = order_G[generator.integers(starts[kind_N], starts[kind_N + 1])] if len(first_N) else first_N
    apart = first_N != second_N
    return first_N[apart].astype(np.int64), second_N[apart].astype(np.int64)
