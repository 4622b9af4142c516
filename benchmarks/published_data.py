"""Published tables with the splits they are judged by: MoleculeACE's 30 tasks, chembl5 and tox21."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.sparse
from benchmarks.activity_data import Molecule, membership, molecules_of, read

from trainer.evaluation.model import Facts
from trainer.evaluation.splits import random_split, scaffold_split
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.bounds import Bounds
from trainer.factorization.gaussian.kernel import Kernel
from trainer.factorization.gaussian.model import Named
from trainer.factorization.gaussian.molecules import Molecules

__all__ = ["Judged", "judged_tables"]

Bools = npt.NDArray[np.bool_]
_ACE = "MoleculeACE"
_SPLITS = (("random", 0), ("random", 1), ("random", 2), ("scaffold", 0))


@dataclass(frozen=True, eq=False)
class Judged:
    """What a model may learn from and what judges it."""

    name: str
    facts: Facts
    train: Cells
    test: Cells
    cliff_N: Bools | None = None
    """Which test cells are activity cliffs, where the table says so."""


def judged_tables(data: Path, package: Path | None, cache: Path, only: str = "") -> Iterator[Judged]:
    """Each table with each split whose name begins with `only`; MoleculeACE from its wheel, where one is given."""
    if package is not None and _ACE.startswith(only):
        yield _molecule_ace(package, cache)
    for name in ("chembl5", "tox21"):
        splits = {f"{name} {split} {seed}": (split, seed) for split, seed in _SPLITS}
        if wanted := {title: split for title, split in splits.items() if title.startswith(only)}:
            yield from _split(name, wanted, data, cache)


def _split(name: str, wanted: dict[str, tuple[str, int]], folder: Path, cache: Path) -> Iterator[Judged]:
    """80/10/10 % of random cells, or of new scaffolds, of which the last tenth judges."""
    data = read(name, folder, cache)
    facts = _facts(
        data.parents_C, data.scaffolds_C, data.fragments_F, data.membership_CF, data.cells.targets, binary=data.binary
    )
    for title, (split, seed) in wanted.items():
        found = (
            random_split(len(data.cells), seed=seed)
            if split == "random"
            else scaffold_split(data.scaffolds_C, data.cells.compound, seed=seed)
        )
        yield Judged(title, facts, data.cells.at(found.train), data.cells.at(found.test))


def _molecule_ace(package: Path, cache: Path) -> Judged:
    """All tasks at once, each a target, by the split that its file states.

    Molecules with one parent are one compound: the values of those in the training part are averaged, and so are the values of
    those in the test part; a cell is a cliff where one of them is.
    """
    rows = list(_rows(package))
    found = molecules_of([smiles for smiles, *_ in rows], cache)
    parents: dict[str, int] = {}
    targets = {task: number for number, task in enumerate(sorted({task for _, task, *_ in rows}))}
    parts: dict[bool, dict[tuple[int, int], list[tuple[float, bool]]]] = {True: {}, False: {}}
    kept: list[Molecule] = []
    for (_, task, value, cliff, is_train), molecule in zip(rows, found, strict=True):
        if molecule is None:
            continue
        if molecule[0] not in parents:
            parents[molecule[0]] = len(kept)
            kept.append(molecule)
        parts[is_train].setdefault((parents[molecule[0]], targets[task]), []).append((value, cliff))
    train, test = (_cells(parts[is_train], len(kept), len(targets)) for is_train in (True, False))
    cliffs = {key: any(cliff for _, cliff in stated) for key, stated in parts[False].items()}
    fragments_F, membership_CF = membership([molecule[2] for molecule in kept])
    facts = _facts(
        [molecule[0] for molecule in kept],
        [molecule[1] for molecule in kept],
        fragments_F,
        membership_CF,
        len(targets),
        binary=False,
    )
    pairs = zip(test.compound.tolist(), test.target.tolist(), strict=True)
    return Judged(_ACE, facts, train, test, np.array([cliffs[pair] for pair in pairs]))


def _rows(package: Path) -> Iterator[tuple[str, str, float, bool, bool]]:
    """SMILES, task, pX, whether it is a cliff, and whether it is for training."""
    with zipfile.ZipFile(package) as wheel:
        for name in sorted(wheel.namelist()):
            if "benchmark_data" not in name or not name.endswith(".csv"):
                continue
            with wheel.open(name) as file:
                for row in csv.DictReader(io.TextIOWrapper(file, "utf-8")):
                    task, value = Path(name).stem, 9.0 + float(row["y"])  # the package states -log10 of nM
                    yield row["smiles"], task, value, row["cliff_mol"] == "1", row["split"] == "train"


def _cells(stated: dict[tuple[int, int], list[tuple[float, bool]]], compounds: int, targets: int) -> Cells:
    compound, target = np.array(list(stated)).T
    value = [float(np.mean([each for each, _ in found])) for found in stated.values()]
    return Cells.of(compound, target, value, compounds=compounds, targets=targets)


def _facts(
    parents_C: list[str],
    scaffolds_C: list[str],
    fragments_F: list[str],
    membership_CF: scipy.sparse.csr_array,
    targets: int,
    *,
    binary: bool,
) -> Facts:
    named = Named(
        compounds=parents_C,
        smiles=parents_C,
        fragments=fragments_F,
        targets=[str(target) for target in range(targets)],
        titles=[None] * targets,
    )
    return Facts(Kernel.of(membership_CF, Molecules.of(parents_C)), named, scaffolds_C, binary, Bounds.none())
