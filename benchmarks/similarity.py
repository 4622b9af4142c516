"""How well function holds in compounds it was not learned from, as tables.

    .venv/bin/python -m benchmarks.similarity --data ../shared/data/activity --cache /tmp/replaced

Each half of the compounds teaches, the other judges: by swaps of one BRICS leaf for a comparable one (leaves in at least 20
compounds, three measurements and more), by all measured replacements, and by the intervals. All figures are means of both
directions. With --bioisosteres it ranks textbook pairs among the comparable fragments that a run shows. Nothing is tuned here.
`--halves scaffolds` judges by one division alone; the lists come from all compounds.
"""

import argparse
import csv
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.replaced import Measurements, read
from benchmarks.swaps import Swaps, leaf_bags, measured_swaps
from scipy.stats import rankdata, spearmanr

from chemistry.ends import attachments
from contracts.evidence import WIDTH
from replacement.evidence import STRENGTH
from replacement.features import pair_features
from replacement.replacements import Replacements
from trainer.evaluation.halves import halves
from trainer.replacements.learned import Halves, Taught, judged_halves, learn, states
from trainer.replacements.prior import fit_prior
from trainer.similarity.environments import tanimoto

SUPPORT = 20
UNLIKE = 30.0
"""Percent of structural similarity below which a pair is a hard one."""
SURE = 10
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
LISTED = (
    ("morpholine", "*N1CCOCC1"),
    ("COOH", "*C(=O)O"),
    ("CF3", "*C(F)(F)F"),
    ("phenyl", "*c1ccccc1"),
    ("tetrazole", "*c1nnn[nH]1"),
    ("amide", "*C(N)=O"),
    ("OMe", "*OC"),
    ("CN", "*C#N"),
    ("Cl", "*Cl"),
    ("indol-3-yl", "*c1c[nH]c2ccccc12"),
    ("piperazine", "*N1CCNCC1"),
    ("pyridin-3-yl", "*c1cccnc1"),
)


@dataclass(frozen=True, eq=False)
class Leaves:
    """BRICS leaves that are compared, by their groups."""

    group_L: npt.NDArray[np.int64]
    names: list[str]
    bags_C: list[dict[int, int]]


def leaves_of(found: Measurements) -> Leaves:
    """Leaves in at least 20 compounds, and every compound's bag of all leaves."""
    names = list(found.groups.names)
    bags = leaf_bags(found.activity.compounds["smiles"].to_pylist(), names)
    support = np.bincount([leaf for bag in bags for leaf in bag if leaf >= 0], minlength=len(names))
    chosen = np.flatnonzero(support >= SUPPORT)
    place = {leaf: number for number, leaf in enumerate(chosen.tolist())}
    renamed = [{place.get(leaf, -1 - abs(leaf) * 2 - (leaf < 0)): 1 for leaf in bag} for bag in bags]
    return Leaves(chosen, [names[leaf] for leaf in chosen.tolist()], renamed)


def swaps_of(found: Measurements, leaves: Leaves, side_C: Bools) -> Swaps:
    """The swaps of comparable leaves among the compounds of one side."""
    compound, target, value = (found.activity.cells[name].to_numpy() for name in ("compound", "target", "value"))
    kept = side_C[compound]
    cells = compound[kept].astype(np.int64), target[kept].astype(np.int64), value[kept]
    swaps = measured_swaps(leaves.bags_C, cells)
    ends = np.array([attachments(name) for name in leaves.names])
    known = (swaps.first >= 0) & (swaps.second >= 0)
    known[known] = (ends[swaps.first[known]] == ends[swaps.second[known]]).all(axis=1)
    return Swaps(swaps.first[known], swaps.second[known], swaps.change[known], swaps.measurements[known])


def shuffled(taught: Taught, groups: object) -> Taught:
    """The same with the changes of pairs dealt out at random: what is learned then is chance."""
    pairs = taught.pairs
    dealt = np.random.default_rng(0).permutation(len(pairs))
    features = pair_features(groups.descriptions, pairs.first_P, groups.descriptions, pairs.second_P)  # type: ignore[attr-defined]
    mixed = replace(pairs, change_P=pairs.change_P[dealt])
    return Taught(fit_prior(features, mixed.change_P, pairs.measurements_P), taught.events, mixed)


def swap_rows(found: Measurements, first_C: Bools, told: Halves, name: str) -> None:
    """Lines of the first table."""
    leaves = leaves_of(found)
    rows: dict[str, list[list[float]]] = {}
    expected: dict[str, list[Floats]] = {}
    every = tuple(side for side in np.triu_indices(len(leaves.names), k=1))
    ends = np.array([attachments(leaf) for leaf in leaves.names])
    same = (ends[every[0]] == ends[every[1]]).all(axis=1)
    pairs_of_leaves = leaves.group_L[every[0][same]], leaves.group_L[every[1][same]]
    for taught, judge in zip(told.taught, (~first_C, first_C), strict=True):
        swaps = swaps_of(found, leaves, judge)
        first, second = leaves.group_L[swaps.first], leaves.group_L[swaps.second]
        looks = tanimoto(leaves.names, swaps.first.astype(np.int32), swaps.second.astype(np.int32)).astype(np.float64)
        model = states(taught, found.groups, told.noise, told.curve)
        mixed = states(shuffled(taught, found.groups), found.groups, told.noise, told.curve)
        seen = model.expected(first, second)
        unseen, unlike = seen.measurements_N == 0, looks < UNLIKE
        said = {
            "structure": looks,
            "prior alone": -model.prior(first, second),
            "prior and evidence": -seen.change_N,
            "shuffled labels": -mixed.expected(first, second).change_N,
        }
        for row, score in said.items():
            parts = [correlation(score[kept], -swaps.change[kept]) for kept in (slice(None), unseen, unlike)]
            rows.setdefault(row, []).append([*parts, partial(score, -swaps.change, looks)])
        expected.setdefault("prior and evidence", []).append(model.expected(*pairs_of_leaves).change_N)
        print(f"{name}: {len(looks)} swaps judge, {unseen.sum()} unseen, {unlike.sum()} unlike in structure", flush=True)
    for row, found_rows in rows.items():
        split = correlation(*expected[row]) if row in expected else float("nan")
        numbers = "".join(f"{value:10.3f}" for value in np.mean(found_rows, axis=0))
        print(f"{name:12}{row:22}{numbers}{split:10.3f}", flush=True)


def event_rows(found: Measurements, told: Halves, name: str) -> None:
    """Lines of the second table: all measured replacements."""
    rows, deciles = [], []
    for taught, judge in zip(told.taught, told.taught[::-1], strict=True):
        model, pairs = states(taught, found.groups, told.noise, told.curve), judge.pairs
        seen = model.expected(pairs.first_P, pairs.second_P)
        names = list(found.groups.names)
        looks = tanimoto(names, pairs.first_P.astype(np.int32), pairs.second_P.astype(np.int32)).astype(np.float64)
        cells = np.diff(judge.events.starts())
        three, ten, unseen = cells >= 3, pairs.measurements_P >= SURE, seen.measurements_N == 0
        noise = told.noise * (1 / (STRENGTH + seen.measurements_N) + 1 / pairs.measurements_P)
        inside = np.abs(pairs.change_P - seen.change_N) <= WIDTH * np.sqrt(noise)
        rows.append(
            [
                *(correlation(seen.change_N[kept], pairs.change_P[kept]) for kept in (three, three & unseen, ten)),
                *(correlation(-looks[kept], pairs.change_P[kept]) for kept in (three, ten)),
                inside.mean(),
                inside[unseen].mean(),
            ]
        )
        event = np.repeat(seen.change_N, cells)
        parts = np.array_split(np.argsort(event, kind="stable"), 10)
        size = np.abs(judge.events.difference_N)
        deciles.append([(event[part].mean(), size[part].mean()) for part in parts])
    numbers = "".join(f"{value:11.3f}" for value in np.mean(rows, axis=0))
    print(f"{name:12}{numbers}", flush=True)
    for title, values in zip(("expected", "observed"), np.mean(deciles, axis=0).T, strict=True):
        print(f"{name:12}{title:22}" + "".join(f"{value:7.2f}" for value in values), flush=True)


def bioisostere_rows(stated: Replacements, offered_G: Bools, path: Path) -> None:
    """Where each partner of a textbook pair comes among the comparable fragments, from both sides."""
    lines = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            one, other = stated.find(row["fragment"]), stated.find(row["partner"])
            if one is None or other is None or (stated.ends_G2[one] != stated.ends_G2[other]).any():
                print(f"  left out: {row['fragment']} {row['partner']}")
                continue
            lines += [rank_of(stated, offered_G, *pair) for pair in ((one, other), (other, one))]
    table = np.array(lines)
    hard = table[:, 0] < UNLIKE
    for title, kept in (("all", np.ones(len(table), dtype=np.bool_)), ("structure < 30 %", hard)):
        means = table[kept, 1:].mean(axis=0)
        print(
            f"{title:18}{kept.sum() // 2:4d} pairs: function percentile {means[0]:5.1f}, top 10 {means[1]:.2f}; "
            f"structure {means[2]:5.1f}, {means[3]:.2f}"
        )


def rank_of(stated: Replacements, offered_G: Bools, group: int, partner: int) -> list[float]:
    """Structural similarity, and percentile and top-10 of the partner by function and by structure."""
    others = stated.comparable(group)
    others = others[offered_G[others] | (others == partner)]
    change = stated.expected(np.full(len(others), group), others).change_N
    names = [stated.names[each] for each in (group, *others.tolist())]
    looks = tanimoto(names, np.zeros(len(others), dtype=np.int32), np.arange(1, len(names), dtype=np.int32))
    place = int(np.flatnonzero(others == partner)[0])
    row = [float(looks[place])]
    for score in (-change, looks.astype(np.float64)):
        before = (score > score[place]).sum() + ((score == score[place]).sum() - 1) / 2
        row += [100 * (1 - before / max(len(others) - 1, 1)), float(before < 10)]
    return row


def neighbour_lists(stated: Replacements, offered_G: Bools) -> None:
    """Twelve lists, as they come out."""
    for title, name in LISTED:
        group = stated.find(name)
        if group is None:
            print(f"{title}: the run has none")
            continue
        others, seen = stated.closest(group, offered_G, 8)
        each = zip(others.tolist(), seen.change_N, seen.measurements_N, strict=True)
        print(f"{title} {name}: " + ", ".join(f"{stated.names[other]} {change:.2f} ({count})" for other, change, count in each))


def correlation(one: Floats, other: Floats) -> float:
    """Spearman's."""
    return float(spearmanr(one, other).statistic) if len(one) > 2 else float("nan")


def partial(one: Floats, other: Floats, given: Floats) -> float:
    """Spearman's partial correlation."""
    (_, ab, ac), (_, _, bc), _ = np.corrcoef([rankdata(each) for each in (one, other, given)])
    left = (1 - ac**2) * (1 - bc**2)
    return float((ab - ac * bc) / np.sqrt(left)) if left > 1e-12 else 0.0  # nothing is left of what is given


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--bioisosteres", type=Path, help="a table of textbook pairs: fragment, partner")
    parser.add_argument(
        "--halves", nargs="+", choices=("seed 0", "seed 1", "scaffolds"), default=["seed 0", "seed 1", "scaffolds"]
    )
    given = parser.parse_args()
    found = read(given.data, given.cache)
    stages = ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in found.seconds.items())
    print(f"{len(found.groups)} groups, {len(found.events)} replacements; when they were made: {stages}", flush=True)
    compounds, scaffolds = len(found.activity.compounds), found.scaffolds_C
    divided = {
        "seed 0": halves(compounds, seed=0),
        "seed 1": halves(compounds, seed=1),
        "scaffolds": halves(int(scaffolds.max()) + 1, seed=0)[scaffolds],
    }
    divided = {name: divided[name] for name in given.halves}
    told = {}
    for name, first_C in divided.items():
        begun = time.process_time()
        told[name] = judged_halves(found.events, found.groups, first_C, binary=False)
        print(f"{name}: taught in {time.process_time() - begun:.0f} CPU s, noise {told[name].noise:.3f}", flush=True)
    columns = ("swaps", "unseen", "< 30 %", "partial", "split half")
    print(f"{'halves':12}{'similarity':22}" + "".join(f"{column:>10}" for column in columns))
    for name, first_C in divided.items():
        swap_rows(found, first_C, told[name], name)
    titles = ("all", "unseen", ">= 10", "structure", "... >= 10", "covered", "... unseen")
    print(f"{'halves':12}" + "".join(f"{title:>11}" for title in titles))
    for name in divided:
        event_rows(found, told[name], name)
    begun = time.process_time()
    stated = Replacements(*learn(found.events, found.groups, told[given.halves[0]]))
    print(f"learned from all in {time.process_time() - begun:.0f} CPU s")
    curve = zip(stated.percent(np.array([0.44, 0.57, 0.70, 0.88, 1.04])), (0.44, 0.57, 0.70, 0.88, 1.04), strict=True)
    print("kept: " + ", ".join(f"{change} -> {percent:.0f} %" for percent, change in curve))
    shown_F = found.activity.fragments["shown"].to_numpy()
    shown_G = (stated.fragment_G >= 0) & shown_F[np.maximum(stated.fragment_G, 0)]
    if given.bioisosteres:
        print(f"{shown_G.sum()} shown fragments")
        bioisostere_rows(stated, shown_G, given.bioisosteres)
    neighbour_lists(stated, stated.listed_G)


if __name__ == "__main__":
    main()
