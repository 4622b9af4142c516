"""The data sets of the activity benchmarks as arrays: compounds with one parent are one compound, their values averaged."""

import csv
import gzip
import hashlib
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import scipy.sparse
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator

from chemistry import FRAGMENTATION_VERSION, Unfragmentable, fragment
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.ranking import unit_rows

__all__ = ["DATA_SETS", "Data", "Molecule", "membership", "molecules_of", "read"]

DATA_SETS = {"chembl5": 4096, "tox21": 2048, "zinc_dti": 4096}
"""Hashed atom environments: fewer where targets have many cells, so that each target stays a small dense problem."""
SUPPORT = 2
COUNTS = 4
"""An environment that occurs n times sets min(n, 4) features."""

Molecule = tuple[str, str, tuple[str, ...], dict[int, int]]
Stated = list[tuple[str, list[tuple[str, float]]]]
"""SMILES, and targets with values."""


@dataclass(frozen=True, eq=False)
class Data:
    """A data set as arrays."""

    name: str
    cells: Cells
    parents_C: list[str]
    scaffolds_C: list[str]
    fragments_F: list[str]
    membership_CF: scipy.sparse.csr_array
    environments_CD: scipy.sparse.csr_array
    """Unit rows of a width that a dense problem can be made of."""
    binary: bool
    positives: bool


def read(name: str, folder: Path, cache: Path) -> Data:
    """A data set; what is made of its molecules is kept in `cache`."""
    stated = _interactions(folder / "zinc_dti") if name == "zinc_dti" else _wide(folder, name)
    parents: dict[str, int] = {}
    kept: list[Molecule] = []
    targets: dict[str, int] = {}
    values: dict[tuple[int, int], list[float]] = {}
    for (_, cells), found in zip(stated, molecules_of([smiles for smiles, _ in stated], cache), strict=True):
        if found is None:
            continue
        if found[0] not in parents:
            parents[found[0]] = len(kept)
            kept.append(found)
        for target, value in cells:
            values.setdefault((parents[found[0]], targets.setdefault(target, len(targets))), []).append(value)
    compound, target_ = np.array(list(values)).T
    value_N = np.array([np.mean(found) for found in values.values()])
    binary = name == "tox21"
    environments_CD = unit_rows(_environments([found[3] for found in kept], DATA_SETS[name]))
    fragments, membership_CF = membership([found[2] for found in kept])
    return Data(
        name=name,
        cells=Cells.of(
            compound,
            target_,
            (value_N > 0.5).astype(float) if binary else value_N,
            compounds=len(kept),
            targets=len(targets),
        ),
        parents_C=[found[0] for found in kept],
        scaffolds_C=[found[1] for found in kept],
        fragments_F=fragments,
        membership_CF=membership_CF,
        environments_CD=environments_CD,
        binary=binary,
        positives=name == "zinc_dti",
    )


def _wide(folder: Path, name: str) -> Stated:
    """A table of SMILES x targets."""
    file = {"chembl5": "chembl5/chembl_5thresh.csv.gz", "tox21": "tox21/tox21.csv.gz"}[name]
    with gzip.open(folder / file, "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    targets = [column for column in rows[0] if column not in {"smiles", "mol_id"}]
    return [(row["smiles"], [(target, float(row[target])) for target in targets if row[target]]) for row in rows]


def _interactions(folder: Path) -> Stated:
    """Compounds, and the proteins on which they are known to act."""
    acts: dict[str, list[tuple[str, float]]] = {}
    with gzip.open(folder / "ZINC_DTI.tsv.gz", "rt", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            acts.setdefault(row["Chem_ID"], []).append((row["Gene_name"], 1.0))
    with gzip.open(folder / "ZINC_chemicals.tsv.gz", "rt", newline="") as lines:
        return [(row["SMILES"], acts.get(row["chemical_id"], [])) for row in csv.DictReader(lines, delimiter="\t")]


def _molecule(smiles: str) -> Molecule | None:
    """Parent, scaffold, fragments and atom environments with counts; None where it cannot be cut."""
    rdBase.DisableLog("rdApp.*")
    try:
        found = fragment(smiles)
    except Unfragmentable:
        return None
    parent = Chem.MolFromSmiles(found.parent)
    environments = rdFingerprintGenerator.GetMorganGenerator(radius=2).GetSparseCountFingerprint(parent).GetNonzeroElements()
    return found.parent, found.scaffold, found.fragments, dict(environments)


def molecules_of(texts: list[str], cache: Path) -> list[Molecule | None]:
    """Molecules of SMILES, kept in a file named by the texts and the fragmentation's version."""
    name = hashlib.sha256("\n".join([FRAGMENTATION_VERSION, *texts]).encode()).hexdigest()[:16]
    path = cache / f"{name}.pickle"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with Pool(2) as pool:
            path.write_bytes(pickle.dumps(pool.map(_molecule, texts, chunksize=64)))
    found: list[Molecule | None] = pickle.loads(path.read_bytes())  # noqa: S301 -- written by the lines above
    return found


def membership(bags: list[tuple[str, ...]]) -> tuple[list[str], scipy.sparse.csr_array]:
    """Fragments with support, and compounds x fragments."""
    names, support = np.unique([name for bag in bags for name in bag], return_counts=True)
    kept = names[support >= SUPPORT].tolist()
    column = {name: number for number, name in enumerate(kept)}
    found = [(row, column[name]) for row, bag in enumerate(bags) for name in bag if name in column]
    rows, columns = np.array(found).T
    return kept, scipy.sparse.csr_array((np.ones(len(found)), (rows, columns)), shape=(len(bags), len(column)))


def _environments(counts: list[dict[int, int]], features: int) -> scipy.sparse.csr_array:
    """Compounds x hashed features."""

    def hashed() -> Iterator[tuple[int, int]]:
        for row, found in enumerate(counts):
            for code, count in found.items():
                for repeat in range(min(count, COUNTS)):
                    mixed = ((code + 1) * 0x9E3779B97F4A7C15 + repeat * 0xC2B2AE3D27D4EB4F) % 2**64
                    yield row, (mixed >> 32) % features

    rows, columns = np.array(list(hashed())).T
    return scipy.sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(counts), features))
