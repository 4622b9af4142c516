"""How fast molecules are standardised and cut, beside RDKit's own ways in the same run, as a table.

    .venv/bin/python benchmarks/fragmentation.py --data ../shared/data/activity [--molecules 5000]

CPU seconds of one core. Our ways start with nothing remembered and get the molecules in the order of the file, peers 2,000 of
them, evenly spaced. Peers of a row do what the row does, or less where RDKit has no more, from molecules that are already read.
"""

import argparse
import contextlib
import csv
import gzip
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rdkit import Chem, rdBase
from rdkit.Chem import BRICS
from rdkit.Chem.MolStandardize import rdMolStandardize
from rdkit.Chem.Scaffolds import MurckoScaffold

from chemistry import FRAGMENTATION_VERSION, Unfragmentable, fragment
from chemistry.canonical import canonical
from chemistry.graph import Graph
from chemistry.groups import groups
from chemistry.leaves import brics_bonds, leaves
from chemistry.rings import ring_systems
from chemistry.scaffolds import scaffold
from chemistry.standardisation import standardise

FILES = {"chembl5": "chembl5/chembl_5thresh.csv.gz", "tox21": "tox21/tox21.csv.gz"}
TO_REACH = 1000
"""Molecules standardised and fragmented a CPU second."""
PEERS = 2000
"""Molecules given to peers."""
DECOMPOSED, DECOMPOSED_ATOMS = 300, 40
"""Molecules given to the recursive BRICSDecompose, and the heavy atoms up to which it ends in reasonable time."""

Given = TypeVar("Given")


@dataclass(frozen=True)
class Cost:
    """What a way of doing something cost, in CPU seconds a molecule."""

    seconds: list[float]

    @property
    def rate(self) -> float:
        """Molecules a CPU second."""
        return len(self.seconds) / sum(self.seconds)


def cost(way: Callable[[Given], object], given: Sequence[Given]) -> Cost:
    """The cost of a way for each molecule; refusals cost too."""
    canonical.cache_clear()
    seconds = []
    for one in given:
        begun = time.process_time()
        with contextlib.suppress(Unfragmentable):
            way(one)
        seconds.append(time.process_time() - begun)
    return Cost(seconds)


def smiles_of(data: Path, name: str) -> list[str]:
    """The SMILES of a data set."""
    with gzip.open(data / FILES[name], "rt", encoding="utf-8", newline="") as lines:
        return [row["smiles"] for row in csv.DictReader(lines)]


def spaced(given: Sequence[Given], count: int) -> list[Given]:
    """At most so many, evenly spaced."""
    return [given[index * len(given) // count] for index in range(count)] if len(given) > count else list(given)


def parent_by_rdkit(smiles: str) -> str:
    """RDKit's own charge parent: clean up, largest fragment, uncharge."""
    return str(Chem.MolToSmiles(rdMolStandardize.ChargeParent(Chem.MolFromSmiles(smiles)), isomericSmiles=False))


def cuts_by_rdkit(mol: Chem.Mol) -> Chem.Mol:
    """RDKit's single-pass BRICS."""
    return BRICS.BreakBRICSBonds(mol)  # type: ignore[no-untyped-call,no-any-return]  # RDKit's


def leaves_by_rdkit(mol: Chem.Mol) -> set[str]:
    """The same with names, labelled."""
    return set(Chem.MolToSmiles(cuts_by_rdkit(mol)).split("."))


def leaves_by_recursion(mol: Chem.Mol) -> set[str]:
    """RDKit's recursive BRICS."""
    return set(BRICS.BRICSDecompose(mol))  # type: ignore[no-untyped-call]  # RDKit's


def scaffold_by_rdkit(mol: Chem.Mol) -> str:
    """RDKit's Murcko scaffold."""
    return str(MurckoScaffold.MurckoScaffoldSmiles(mol=mol))  # type: ignore[no-untyped-call]  # RDKit's


def all_by_rdkit(smiles: str) -> tuple[str, str, set[str]]:
    """Parent, scaffold and BRICS leaves by RDKit alone; it has no ring systems and no functional groups."""
    parent = parent_by_rdkit(smiles)
    mol = Chem.MolFromSmiles(parent)
    return parent, scaffold_by_rdkit(mol), leaves_by_rdkit(mol)


def row(what: str, ours: Cost, **peers: Cost) -> None:
    """One line: our rate, and how many times each peer's it is."""
    ratios = "   ".join(
        f"{ours.rate / peer.rate:5.2f} x {name.replace('_', ' ')} ({peer.rate:,.0f})" for name, peer in peers.items()
    )
    print(f"  {what:<34}{ours.rate:>9,.0f}   {ratios}")


def compare(name: str, texts: list[str]) -> None:
    """Print the table of one data set."""
    rdBase.DisableLog("rdApp.*")
    readable = [text for text in spaced(texts, PEERS) if Chem.MolFromSmiles(text) is not None]
    parents = []
    for text in texts:
        try:
            parents.append(standardise(text))
        except Unfragmentable:
            continue
    print(f"{name}: {len(texts):,} SMILES, {len(texts) - len(parents)} refused; molecules a CPU second and core")
    whole = cost(fragment, texts)
    pieces = canonical.cache_info()
    floor = cost(lambda text: Chem.MolToSmiles(Chem.MolFromSmiles(text)), readable)
    row("read and write (RDKit): the floor", floor)
    row("standardise", cost(standardise, texts), ChargeParent=cost(parent_by_rdkit, readable))
    mols = [Chem.MolFromSmiles(parent) for parent in spaced(parents, PEERS)]
    small = spaced([mol for mol in mols if mol.GetNumHeavyAtoms() <= DECOMPOSED_ATOMS], DECOMPOSED)
    row(
        "cut BRICS bonds",
        cost(lambda text: (graph := Graph.read(text)).pieces({after for _, after in brics_bonds(graph)}), parents),
        BreakBRICSBonds=cost(cuts_by_rdkit, mols),
    )
    row(
        "BRICS leaves",
        cost(lambda text: leaves(Graph.read(text)), parents),
        BreakBRICSBonds_and_MolToSmiles=cost(leaves_by_rdkit, mols),
        BRICSDecompose=cost(leaves_by_recursion, small),
    )
    row("ring systems", cost(lambda text: ring_systems(Graph.read(text)), parents))
    row("functional groups", cost(lambda text: groups(Graph.read(text)), parents))
    row("scaffold", cost(lambda text: scaffold(Graph.read(text)), parents), MurckoScaffoldSmiles=cost(scaffold_by_rdkit, mols))
    row("fragment: all of it", whole, RDKit_without_rings_and_groups=cost(all_by_rdkit, readable))
    slowest = max(range(len(texts)), key=whole.seconds.__getitem__)
    print(f"  to reach: {TO_REACH:,} a second; {whole.rate / TO_REACH:.2f} of it, {whole.rate / floor.rate:.2f} of the floor")
    print(
        f"  a molecule: median {1e3 * statistics.median(whole.seconds):.2f} ms, slowest {1e3 * whole.seconds[slowest]:.1f} ms: "
        f"{texts[slowest][:90]}"
    )
    met = pieces.hits / (pieces.hits + pieces.misses)
    print(f"  pieces: {pieces.misses:,} distinct texts; {met:.1%} had been met before\n")


def main() -> None:
    """Print both tables."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/data/activity"))
    arguments.add_argument("--molecules", type=int, help="of each data set, the first so many")
    given = arguments.parse_args()
    print(f"fragmentation {FRAGMENTATION_VERSION}\n")
    for name in FILES:
        compare(name, smiles_of(given.data, name)[: given.molecules])


if __name__ == "__main__":
    main()
