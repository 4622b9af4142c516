"""How well it is told what a replacement adds at a target, with its sign, as tables.

    .venv/bin/python -m benchmarks.signed --data ../shared/data/activity --cache /tmp/replaced

One half of chembl5's compounds teaches: a model, as it is published, and how its differences are read. Judged are measured
replacements between two compounds of the other half, drawn at random. Nothing is chosen by them.

| row | the difference is |
|---|---|
| model | of the model's two predictions, as it is |
| **read** | the same as it is served: slope and width learned from left-out pairs of the teaching half |
| blended | the same, and the mean of the pair in the teaching half with the weight n / (n + k), k learned there |
| pair means | the mean of the pair in the teaching half, 0 where it was never seen there: what tables of replacements tell |
| constants | 0.93 of the model's, 0.38 of the pair's mean, 0.13 of its mean at the target, deviations times 0.8 |
"sign > sd" is how often the sign is right where the mean is more than a standard deviation from 0, "as said" how often it would
be if means and deviations were exactly true, "equal" how often nothing was measured to change, which counts as wrong.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.replaced import Measurements, read
from scipy.special import ndtr

from chemistry.fingerprints import fingerprint
from contracts.evidence import WIDTH
from prediction.differences import difference
from prediction.predictor import Asked, Expectation, Predictor
from replacement.signed import Reading, Signed, signed
from trainer.evaluation.halves import halves
from trainer.evaluation.judgement import question
from trainer.evaluation.model import Facts
from trainer.factorization.gaussian.differences import left_out
from trainer.factorization.gaussian.fit import fit_gaussian
from trainer.factorization.gaussian.model import Calibration, write_model
from trainer.factorization.gaussian.panel import Panel
from trainer.replacements.events import Events
from trainer.replacements.signs import read_signs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
STRENGTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
"""Candidates for k."""


@dataclass(frozen=True, eq=False)
class Told:
    """What is said of N replacements."""

    mean_N: Floats
    sd_N: Floats
    """Of what two measurements differ by; NaN where it is not told."""


class Means:
    """What a half shows of every pair of groups: each pair of compounds counts once, by its mean over targets."""

    def __init__(self, events: Events, groups: int) -> None:
        self._groups = groups
        pairs = events.pairs()
        self._key_P = pairs.first_P * groups + pairs.second_P
        self._sum_P, self._count_P = pairs.shift_P * pairs.measurements_P, pairs.measurements_P

    def of(self, events: Events) -> tuple[Floats, Floats]:
        """Sum and number of the pairs of compounds that were seen."""
        if not len(self._key_P):
            return np.zeros(len(events)), np.zeros(len(events))
        key_N = events.first_N * self._groups + events.second_N
        place_N = np.minimum(np.searchsorted(self._key_P, key_N), len(self._key_P) - 1)
        found_N = self._key_P[place_N] == key_N
        return np.where(found_N, self._sum_P[place_N], 0.0), np.where(found_N, self._count_P[place_N], 0).astype(np.float64)


def at_targets(taught: Events, judged: Events, groups: int) -> Floats:
    """The mean of each judged replacement at its own target in the teaching half; 0 where there is none."""
    targets = int(max(taught.target_N.max(), judged.target_N.max())) + 1
    keys = [(each.first_N * groups + each.second_N) * targets + each.target_N for each in (taught, judged)]
    known, place = np.unique(keys[0], return_inverse=True)
    mean = np.bincount(place, taught.difference_N) / np.bincount(place)
    at = np.minimum(np.searchsorted(known, keys[1]), len(known) - 1)
    return np.where(known[at] == keys[1], mean[at], 0.0)


def blend(difference_N: Floats, sum_N: Floats, count_N: Floats, strength: float) -> Floats:
    """The mean of a pair, shrunk towards a difference of predictions."""
    return (strength * difference_N + sum_N) / (strength + count_N)


def strength_of(taught: Events, expected_N: Floats, groups: int) -> float:
    """The k with which left-out replacements of the teaching half are told best, each without its own pair of compounds."""
    sum_N, count_N = Means(taught, groups).of(taught)
    matched = np.stack([taught.first_N, taught.second_N, taught.first_compound_N, taught.second_compound_N])
    _, own = np.unique(matched, axis=1, return_inverse=True)
    own_N = (np.bincount(own, taught.difference_N) / np.bincount(own))[own]
    errors = {
        strength: float(np.square(taught.difference_N - blend(expected_N, sum_N - own_N, count_N - 1, strength)).sum())
        for strength in STRENGTHS
    }
    return min(STRENGTHS, key=errors.__getitem__)


class Served:
    """A model in the bytes that would be published, asked as the API asks it; each molecule is looked at once."""

    def __init__(self, predictor: Predictor, facts: Facts) -> None:
        self._predictor, self._facts = predictor, facts
        self._known: dict[int, Expectation] = {}

    def differences(self, events: Events) -> Iterator[tuple[float, float, float]]:
        """Mean, variance and noise of each."""
        columns = (events.first_compound_N, events.second_compound_N, events.target_N)
        for first, second, target in zip(*(column.tolist() for column in columns), strict=True):
            found = difference(self._predictor, self._expects(first), self._expects(second), np.array([target]))
            yield float(found.mean_M[0]), float(found.variance_M[0]), float(found.noise_M[0])

    def _expects(self, compound: int) -> Expectation:
        if compound not in self._known:
            rows = self._facts.kernel.membership_CF
            fragments = rows.indices[rows.indptr[compound] : rows.indptr[compound + 1]].astype(np.int64)
            smiles = self._facts.named.smiles[compound]
            asked = Asked(fragments, None if smiles is None else fingerprint(smiles))
            self._known[compound] = self._predictor.expect(asked)
        return self._known[compound]


def _told(each: list[Signed]) -> Told:
    widths = [one.high - one.low for one in each]
    return Told(np.array([one.mean for one in each]), np.array(widths) / (2 * WIDTH))


def row(name: str, measured_N: Floats, told: Told, chosen_N: npt.NDArray[np.bool_]) -> str:
    """A line of the table."""
    value_N, mean_N = measured_N[chosen_N], told.mean_N[chosen_N]
    left_N, clear_N = value_N - mean_N, np.abs(value_N) > 0.5
    numbers = [
        1 - float(left_N @ left_N) / float(np.square(value_N - value_N.mean()).sum()),
        np.mean(np.sign(mean_N[clear_N]) == np.sign(value_N[clear_N])),
        float(value_N @ mean_N) / float(mean_N @ mean_N),
    ]
    sd_N = told.sd_N[chosen_N]
    if np.isfinite(sd_N).all():
        sure_N = np.abs(mean_N) > sd_N
        numbers += [
            np.mean(np.sign(mean_N[sure_N]) == np.sign(value_N[sure_N])),
            np.mean(ndtr(np.abs(mean_N[sure_N]) / sd_N[sure_N])),
            np.mean(value_N[sure_N] == 0),
            np.mean(sure_N),
            np.mean(np.abs(left_N) <= WIDTH * sd_N),
        ]
    return f"{name:24}" + "".join(f"{number:10.3f}" for number in numbers)


def judge(found: Measurements, facts: Facts, sample: int, seed: int) -> None:
    """Print a table."""
    begun_s = time.process_time()
    cells, groups = question(found.activity, with_structure=False).cells, len(found.groups)
    first_C = halves(cells.compounds, seed=seed)
    fit = fit_gaussian(cells.at(np.flatnonzero(first_C[cells.compound])), facts.kernel)
    taught, judged = found.events.among(first_C), found.events.among(~first_C)
    drawn = np.random.default_rng(seed).permutation(len(judged))[:sample]
    judged = judged.at(np.sort(drawn))
    reading, _ = read_signs(found.activity, fit, facts.kernel, taught)
    left = left_out(fit, facts.kernel, taught.target_N, taught.first_compound_N, taught.second_compound_N)
    strength = strength_of(taught, reading.slope * left.expected_N, groups)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model"
        write_model(path, fit, Panel.none(fit.cells), facts.kernel, facts.named, Calibration())
        served = np.array(list(Served(Predictor.open(path), facts).differences(judged)))
    read_as = [signed(reading, target, *each) for target, each in zip(judged.target_N.tolist(), served.tolist(), strict=True)]
    plain = Reading(reading.unit, reading.one_T)
    bare = [signed(plain, target, *each) for target, each in zip(judged.target_N.tolist(), served.tolist(), strict=True)]
    said = [_told(each) for each in (bare, read_as)]
    sum_N, count_N = Means(taught, groups).of(judged)
    mean_N = sum_N / np.maximum(count_N, 1)
    here_N = at_targets(taught, judged, groups)
    rows = {
        "model": said[0],
        "read": said[1],
        f"blended, k = {strength}": Told(blend(said[1].mean_N, sum_N, count_N, strength), said[1].sd_N),
        "pair means": Told(mean_N, np.full(len(mean_N), np.nan)),
        "constants": Told(0.93 * said[0].mean_N + 0.38 * mean_N + 0.13 * here_N, 0.8 * said[0].sd_N),
    }
    seen_N = count_N > 0
    print(
        f"seed {seed}: slope {reading.slope:.3f}, width {reading.width:.3f}, by {reading.differences} left-out differences; "
        f"{len(judged)} judge, {seen_N.sum()} of pairs that were seen; {time.process_time() - begun_s:.0f} CPU s"
    )
    titles = ("R2", "sign > 0.5", "slope", "sign > sd", "as said", "equal", "share", "covered")
    for title, chosen_N in (("all", np.ones(len(judged), dtype=np.bool_)), ("seen", seen_N), ("unseen", ~seen_N)):
        print(f"{title:24}" + "".join(f"{each:>10}" for each in titles))
        for name, told in rows.items():
            if name != "pair means" or title != "unseen":
                print(row(name, judged.difference_N, told, chosen_N), flush=True)


def main() -> None:
    """Prints a table for each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--sample", type=int, default=25_000, help="replacements that judge")
    given = parser.parse_args()
    found = read(given.data, given.cache)
    facts = Facts.of(found.activity, question(found.activity, with_structure=False).cells, binary=False)
    for seed in range(given.seeds):
        judge(found, facts, given.sample, seed)


if __name__ == "__main__":
    main()
