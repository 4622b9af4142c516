"""How well similarities of fragments hold in compounds they were not learned from, as a table.

    .venv/bin/python -m benchmarks.similarity --data ../shared/data/activity --cache /tmp/activity-benchmark

BRICS leaves of chembl5 in at least 20 compounds. Each half of the compounds teaches, the other judges: by the order of all
pairs (split half), by what swaps of one leaf for another did to activity there (swap test), and by whether its similarities
lie in the first half's 90 % intervals. All figures are the mean of both directions.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse
from benchmarks.activity_data import Data, read

from trainer.data.leaves import leaf_bags
from trainer.evaluation.agreement import combined
from trainer.evaluation.stability import halves, interval_agreement, stability
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.effects import Effects
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.link import Link
from trainer.factorization.activity.summary import Directions
from trainer.factorization.counts.fit import fit_counts
from trainer.similarity.cosines import percents_FF
from trainer.similarity.environments import tanimoto
from trainer.similarity.profiles import coassay_FF, combined_FF
from trainer.similarity.swaps import Swaps, measured_swaps, swap_test

SUPPORT = 20
Matrix = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Leaves:
    """The leaves that are compared."""

    names_F: list[str]
    membership_CF: scipy.sparse.csr_array
    bags_C: list[dict[int, int]]


def leaves_of(data: Data) -> Leaves:
    """Leaves in at least 20 compounds, and every compound's bag of all leaves."""
    names = sorted(set(data.fragments_F))
    bags = leaf_bags(data.parents_C, names)
    support = np.bincount([leaf for bag in bags for leaf in bag if leaf >= 0], minlength=len(names))
    place = {leaf: number for number, leaf in enumerate(np.flatnonzero(support >= SUPPORT).tolist())}
    renamed = [{place.get(leaf, -1 - abs(leaf) * 2 - (leaf < 0)): 1 for leaf in bag} for bag in bags]
    pairs = np.array([(row, leaf) for row, bag in enumerate(renamed) for leaf in bag if leaf >= 0])
    membership = scipy.sparse.csr_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(len(bags), len(place)))
    return Leaves([names[leaf] for leaf in place], membership, renamed)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0, help="of the halves")
    parser.add_argument("--chains", type=int, nargs="+", default=[0], help="seeds of chains; with two, their agreement is told")
    parser.add_argument("--draws", type=int, default=Options().draws)
    given = parser.parse_args()
    data = read("chembl5", given.data, given.cache)
    leaves = leaves_of(data)
    first_C = halves(data.cells.compounds, seed=given.seed)
    parts = [data.cells.at(np.flatnonzero(first_C[data.cells.compound] == side)) for side in (True, False)]
    swaps = [modelled(measured_swaps(leaves.bags_C, (part.compound, part.target, part.value))) for part in parts[::-1]]
    seen = [modelled(measured_swaps(leaves.bags_C, (part.compound, part.target, part.value), least=1)) for part in parts]
    print(
        f"{len(leaves.names_F)} leaves, {[len(each.change) for each in swaps]} swapped pairs in the judging halves", flush=True
    )
    print(f"{'similarity':36}{'split half':>11}{'swap test':>11}{'covered':>9}{'CPU s':>8}", flush=True)

    numbers = np.indices((len(leaves.names_F),) * 2).reshape(2, -1).astype(np.int32)
    structure_FF = tanimoto(leaves.names_F, numbers[0], numbers[1]).reshape((len(leaves.names_F),) * 2).astype(np.float64)
    row("counts cosine", [percents_FF(sums(leaves, part)) for part in parts], swaps)
    seeds = [fit_counts(sums(leaves, part), rank=3, seed=0).factors.balanced_fragments_FK for part in parts]
    row("seed, rank 3, balanced", [percents_FF(found) for found in seeds], swaps)
    row("co-assay", [coassay_FF(leaves.membership_CF, measured(part)) for part in parts], swaps)
    row("structure, ECFP4 Tanimoto", [structure_FF, structure_FF], swaps)
    chains: list[list[Matrix]] = []
    link = Link(leaves.membership_CF, device="cpu")
    for chain in given.chains:
        begun = time.process_time()
        options = Options(seed=chain, draws=given.draws)
        fits = [fit_activity(part, link, binary=False, options=options) for part in parts]
        effects = [
            Effects.of(fit.draws, leaves.membership_CF, part.compound, seed=chain)
            for fit, part in zip(fits, parts, strict=True)
        ]
        found = [Directions.of(each) for each in effects]
        functions = [100 * each.joined_FD @ each.joined_FD.T for each in found]
        covered = np.mean([within(found[side], functions[1 - side]) for side in (0, 1)])
        row(f"function, chain {chain}", functions, swaps, covered=float(covered), cpu_s=time.process_time() - begun)
        row("rank-sum with structure", [combined_FF(each, structure_FF) for each in functions], swaps)
        both = [combined(each, structure_FF, own) for each, own in zip(functions, seen, strict=True)]
        row("combined: and with swaps seen", both, swaps)
        chains.append(functions)
    print(f"{'to reach: function':36}{'>= 0.75':>11}{'>= 0.14':>11}{'88-94':>9}")
    print(f"{'to reach: combined':36}{'':>11}{'>= 0.17':>11}")
    for other in chains[1:]:
        agreed = [stability(*pair) for pair in zip(chains[0], other, strict=True)]
        print(f"refit by another chain: Spearman {agreed[0]:.4f} and {agreed[1]:.4f} (published chains have one seed)")


def row(
    name: str, similarity: list[Matrix], swaps: list[Swaps], *, covered: float | None = None, cpu_s: float | None = None
) -> None:
    """One line of the table."""
    tested = np.mean(
        [swap_test(each_FF[found.first, found.second], found) for each_FF, found in zip(similarity, swaps, strict=True)]
    )
    rest = f"{100 * covered:9.1f}" if covered is not None else f"{'-':>9}"
    rest += f"{cpu_s:8.1f}" if cpu_s is not None else f"{'-':>8}"
    print(f"{name:36}{stability(*similarity):11.3f}{tested:11.3f}{rest}", flush=True)


def modelled(swaps: Swaps) -> Swaps:
    """The swaps between leaves that are compared."""
    kept = (swaps.first >= 0) & (swaps.second >= 0)
    return Swaps(swaps.first[kept], swaps.second[kept], swaps.change[kept], swaps.measurements[kept])


def within(directions: Directions, other_FF: Matrix) -> float:
    """Share of pairs whose 90 % interval holds the other half's similarity."""
    first, second = (ids.astype(np.int32) for ids in np.triu_indices(len(other_FF), k=1))
    low_N, high_N = directions.interval(first, second)
    return interval_agreement(low_N, high_N, other_FF[first, second])


def measured(cells: Cells) -> scipy.sparse.csr_array:
    """Compounds x targets: 1 where there is a cell."""
    return scipy.sparse.csr_array((np.ones(len(cells)), (cells.compound, cells.target)), shape=(cells.compounds, cells.targets))


def sums(leaves: Leaves, cells: Cells) -> Matrix:
    """Fragments x targets: the seed's A B."""
    values = scipy.sparse.csr_array((cells.value, (cells.compound, cells.target)), shape=(cells.compounds, cells.targets))
    table: Matrix = (leaves.membership_CF.T @ values).toarray()
    return table


if __name__ == "__main__":
    main()
