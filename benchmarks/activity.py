"""How well unseen activity is predicted, beside peers in the same run; PEERS 1 as a table.

    .venv/bin/python benchmarks/activity.py --data ../shared/data/activity --cache /tmp/activity-benchmark [--only chembl5]

Peers that are not installed are named as missing: `pip install implicit smurff` into an environment of your own brings them.
"""

import argparse
import csv
import gzip
import hashlib
import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import scipy.sparse
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator

from contracts.fragmentation import FRAGMENTATION_VERSION, Unfragmentable, fragment
from trainer.evaluation.metrics import auc_macro, coverage, median_actives, rmse
from trainer.evaluation.splits import Split, random_split, scaffold_split
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.structure import unit_rows

ENVIRONMENTS = {"chembl5": 4096, "tox21": 2048}
"""Hashed atom environments: fewer where targets have many cells, so that each target stays a small dense problem."""
TO_REACH = {
    ("chembl5", "random"): "RMSE <= 0.69, macro AUC >= 0.91, coverage 88-92 %",
    ("chembl5", "scaffold"): "RMSE <= 0.86, coverage 87-93 %",
    ("tox21", "random"): "macro AUC >= 0.87",
    ("tox21", "scaffold"): "macro AUC >= 0.76",
}
SUPPORT = 2
COUNTS = 4
"""An environment that occurs n times sets min(n, 4) features."""

Molecule = tuple[str, str, tuple[str, ...], dict[int, int]]


@dataclass(frozen=True)
class Data:
    """A data set as arrays."""

    name: str
    cells: Cells
    scaffolds_C: list[str]
    membership_CF: scipy.sparse.csr_array
    structure_CD: scipy.sparse.csr_array
    binary: bool


Predictor = Callable[[Data, Cells, Cells, int], tuple[np.ndarray, np.ndarray | None, np.ndarray | None]]


def molecule(smiles: str) -> Molecule | None:
    """Parent, scaffold, fragments and atom environments with counts; None where it cannot be cut."""
    rdBase.DisableLog("rdApp.*")
    try:
        found = fragment(smiles)
    except Unfragmentable:
        return None
    parent = Chem.MolFromSmiles(found.parent)
    environments = rdFingerprintGenerator.GetMorganGenerator(radius=2).GetSparseCountFingerprint(parent).GetNonzeroElements()
    return found.parent, found.scaffold, found.fragments, dict(environments)


def molecules(texts: list[str], cache: Path) -> list[Molecule | None]:
    """Molecules of SMILES, kept in a file named by the texts and the fragmentation's version."""
    name = hashlib.sha256("\n".join([FRAGMENTATION_VERSION, *texts]).encode()).hexdigest()[:16]
    path = cache / f"{name}.pickle"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with Pool(2) as pool:
            path.write_bytes(pickle.dumps(pool.map(molecule, texts, chunksize=64)))
    found: list[Molecule | None] = pickle.loads(path.read_bytes())  # noqa: S301 -- written by the lines above
    return found


def read(name: str, folder: Path, cache: Path) -> Data:
    """A wide table of SMILES x targets; compounds with one parent are one compound, their values averaged."""
    file = {"chembl5": "chembl5/chembl_5thresh.csv.gz", "tox21": "tox21/tox21.csv.gz"}[name]
    with gzip.open(folder / file, "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    targets = [column for column in rows[0] if column not in {"smiles", "mol_id"}]
    parents: dict[str, int] = {}
    kept: list[Molecule] = []
    values: dict[tuple[int, int], list[float]] = {}
    for row, found in zip(rows, molecules([row["smiles"] for row in rows], cache), strict=True):
        if found is None:
            continue
        if found[0] not in parents:
            parents[found[0]] = len(kept)
            kept.append(found)
        for target, column in enumerate(targets):
            if row[column]:
                values.setdefault((parents[found[0]], target), []).append(float(row[column]))
    binary = name == "tox21"
    compound, target_ = np.array(list(values)).T
    value = np.array([np.mean(found) for found in values.values()])
    return Data(
        name=name,
        cells=Cells.of(
            compound,
            target_,
            (value > 0.5).astype(float) if binary else value,
            compounds=len(kept),
            targets=len(targets),
        ),
        scaffolds_C=[found[1] for found in kept],
        membership_CF=membership([found[2] for found in kept]),
        structure_CD=unit_rows(environments([found[3] for found in kept], ENVIRONMENTS[name])),
        binary=binary,
    )


def membership(bags: list[tuple[str, ...]]) -> scipy.sparse.csr_array:
    """Compounds x fragments with support."""
    names, support = np.unique([name for bag in bags for name in bag], return_counts=True)
    column = {name: number for number, name in enumerate(names[support >= SUPPORT].tolist())}
    found = [(row, column[name]) for row, bag in enumerate(bags) for name in bag if name in column]
    rows, columns = np.array(found).T
    return scipy.sparse.csr_array((np.ones(len(found)), (rows, columns)), shape=(len(bags), len(column)))


def environments(counts: list[dict[int, int]], features: int) -> scipy.sparse.csr_array:
    """Compounds x hashed features."""

    def hashed() -> Iterator[tuple[int, int]]:
        for row, found in enumerate(counts):
            for code, count in found.items():
                for repeat in range(min(count, COUNTS)):
                    mixed = ((code + 1) * 0x9E3779B97F4A7C15 + repeat * 0xC2B2AE3D27D4EB4F) % 2**64
                    yield row, (mixed >> 32) % features

    rows, columns = np.array(list(hashed())).T
    return scipy.sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(counts), features))


def ours(data: Data, train: Cells, test: Cells, seed: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """The activity model with its hidden block."""
    fit = fit_activity(
        train, data.membership_CF, binary=data.binary, structure_CD=data.structure_CD, options=Options(seed=seed)
    )
    if fit.structure is None:
        raise AssertionError
    found = fit.predict(test, structural=fit.structure.expects(data.structure_CD, test, train))
    return found.mean_N, found.low_N, found.high_N


def fragments_only(data: Data, train: Cells, test: Cells, seed: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """The activity model without its hidden block: the chain whose factors are published."""
    fit = fit_activity(train, data.membership_CF, binary=data.binary, options=Options(seed=seed))
    found = fit.predict(test, structural=None)
    return found.mean_N, found.low_N, found.high_N


def factors_only(data: Data, train: Cells, test: Cells, seed: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Matrix factorization that knows no fragments."""
    nothing = scipy.sparse.csr_array((train.compounds, 1))
    found = fit_activity(train, nothing, binary=data.binary, options=Options(seed=seed)).predict(test, structural=None)
    return found.mean_N, found.low_N, found.high_N


def target_mean(_: Data, train: Cells, test: Cells, __: int) -> tuple[np.ndarray, None, None]:
    """The mean of a target's cells, shrunk by two cells at the mean of all."""
    centre = train.value.mean()
    count_T = np.bincount(train.target, minlength=train.targets)
    sum_T = np.bincount(train.target, train.value - centre, minlength=train.targets)
    return centre + (sum_T / (count_T + 2))[test.target], None, None


def ridge(data: Data, train: Cells, test: Cells, _: int) -> tuple[np.ndarray, None, None]:
    """Ridge regression a target on the same environments, unit rows, penalty by generalised cross-validation."""
    centre = train.value.mean()
    predicted_N = np.full(len(test), centre)
    for target in range(train.targets):
        known, asked = train.target == target, test.target == target
        if not known.any() or not asked.any():
            continue
        x_ND, y_N = data.structure_CD[train.compound[known]], train.value[known] - centre
        values_N, vectors_NN = np.linalg.eigh((x_ND @ x_ND.T).toarray())
        turned_N = vectors_NN.T @ y_N
        scores = []
        for penalty in (0.03, 0.1, 0.3, 1.0, 3.0, 10.0):
            left_N = penalty / (np.maximum(values_N, 0) + penalty)
            scores.append((np.sum((left_N * turned_N) ** 2) / left_N.sum() ** 2, penalty))
        dual_N = vectors_NN @ (turned_N / (values_N + min(scores)[1]))
        predicted_N[asked] += data.structure_CD[test.compound[asked]] @ (x_ND.T @ dual_N)
    return predicted_N, None, None


def main() -> None:
    """Prints one row for each data set, split, seed and model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--only", choices=sorted(ENVIRONMENTS))
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    models: tuple[Predictor, ...] = (ours, fragments_only, factors_only, ridge, target_mean)
    print(f"{'data':9}{'split':10}{'seed':>4}  {'model':16}{'RMSE':>7}{'AUC':>7}{'cover':>7}{'wall s':>8}{'CPU s':>8}")
    for name in [given.only] if given.only else sorted(ENVIRONMENTS):
        data = read(name, given.data, given.cache)
        for split_name, seeds in (("random", range(given.seeds)), ("scaffold", range(1))):
            for seed in seeds:
                split = (
                    random_split(len(data.cells), seed=seed)
                    if split_name == "random"
                    else scaffold_split(data.scaffolds_C, data.cells.compound, seed=seed)
                )
                for model in models:
                    report(data, split, model, (split_name, seed))
            print(f"{'':25}to reach: {TO_REACH[name, split_name]}")


def report(data: Data, split: Split, model: Predictor, which: tuple[str, int]) -> None:
    """One row of the table."""
    train, test = data.cells.at(split.train), data.cells.at(split.test)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    mean_N, low_N, high_N = model(data, train, test, which[1])
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    active_N = test.value > 0 if data.binary else median_actives(test.value, test.target, test.targets)
    area = auc_macro(mean_N, active_N, test.target)
    error = f"{rmse(mean_N, test.value):7.3f}" if not data.binary else f"{'-':>7}"
    covered = "-" if low_N is None or high_N is None or data.binary else f"{100 * coverage(low_N, high_N, test.value):.1f}"
    print(
        f"{data.name:9}{which[0]:10}{which[1]:4}  {model.__name__:16}{error}{area:7.3f}{covered:>7}{wall_s:8.1f}{cpu_s:8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
