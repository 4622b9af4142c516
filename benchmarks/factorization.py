"""The numeric core of the trainer, each job beside its peer in the same run.

    python benchmarks/factorization.py [--fragments 100000] [--limit 10] [--skip-large]

Times are CPU seconds (wall seconds in brackets), since other programs slow both; a ratio is the peer's CPU time over ours.
"""

import argparse
import gc
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse
import torch
from pyarrow import parquet
from scipy.sparse.linalg import svds
from torch import nn

from trainer.data.seed_table import built_in
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.link import Link
from trainer.factorization.activity.rows import Rows
from trainer.factorization.activity.sampler import Offset, Sampler
from trainer.factorization.counts.fit import fit_counts
from trainer.factorization.counts.network import FactorNetwork
from trainer.factorization.nearest import nearest
from trainer.factorization.onnx.factor_graph import export
from trainer.factorization.threads import one_thread
from trainer.similarity.cosines import directions_FK
from trainer.similarity.factors import Factors

EPOCHS = 1500


@dataclass(frozen=True)
class Taken:
    """What one call cost and gave."""

    cpu_s: float
    wall_s: float
    result: Any

    def __str__(self) -> str:
        return f"{self.cpu_s:.3g} s ({self.wall_s:.3g})"


def measure(job: Callable[[], Any], *, rounds: int = 1) -> Taken:
    """The cheapest of some rounds."""
    best: Taken | None = None
    for _ in range(rounds):
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        result = job()
        taken = Taken(time.process_time() - cpu, time.perf_counter() - wall, result)
        best = taken if best is None or taken.cpu_s < best.cpu_s else best
    assert best is not None  # noqa: S101 - rounds is at least 1
    return best


class SingleCells(nn.Module):
    """The seed's network: one fragment and one target at a time."""

    def __init__(self, fragments: int, targets: int, rank: int) -> None:
        super().__init__()
        self.fragments = nn.Embedding(fragments, rank)
        self.targets = nn.Embedding(targets, rank)

    def forward(self, fragment: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The predicted value of one cell."""
        value: torch.Tensor = (self.fragments(fragment) * self.targets(target)).sum(dim=1)
        return value


def seed_loop(table_FT: np.ndarray[Any, np.dtype[np.float64]], rank: int) -> float:
    """The seed's training, written anew: every cell of the table in random order, one Adam step each; its final loss."""
    torch.manual_seed(0)
    F, T = table_FT.shape
    network = SingleCells(F, T, rank)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    counts_FT = torch.from_numpy(table_FT).float()
    for _ in range(EPOCHS):
        for cell in torch.randperm(counts_FT.numel()).tolist():
            fragment, target = torch.tensor([cell // T]), torch.tensor([cell % T])
            loss = nn.functional.mse_loss(network(fragment, target), counts_FT[fragment, target])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch
            optimiser.step()
    products_FT = network.fragments.weight.detach() @ network.targets.weight.detach().T
    return float(((products_FT - counts_FT) ** 2).mean())


def small() -> None:
    """The built-in data against the seed's loop."""
    counts_FT = built_in().counts_FT()
    table_FT = counts_FT.toarray()
    first = measure(lambda: fit_counts(counts_FT, rank=3, seed=0))
    ours = measure(lambda: fit_counts(counts_FT, rank=3, seed=0), rounds=20)
    theirs = measure(lambda: seed_loop(table_FT, 3))
    U_FR, S_R, Vt_RT = np.linalg.svd(table_FT, full_matrices=False)
    best_FT = U_FR[:, :3] * S_R[:3] @ Vt_RT[:3]
    error = np.linalg.norm(ours.result.factors.profiles_FT - best_FT) / np.linalg.norm(best_FT)
    print("built-in data, 5 x 10, rank 3")
    print(f"  ours        {ours}, first in the process {first}; loss {ours.result.curve[-1][1]:.9f}, {error:.1e} from the SVD")
    print(f"  seed's loop {theirs}; loss {theirs.result:.9f}; ratio {theirs.cpu_s / ours.cpu_s:,.0f}")


def large_table(fragments: int, targets: int, cells: int) -> scipy.sparse.csr_array:
    """A sparse table with a long tail on both sides."""
    rng = np.random.default_rng(0)
    rows = (rng.random(cells) ** 1.5 * fragments).astype(np.int64)
    columns = (rng.random(cells) ** 2 * targets).astype(np.int64)
    table_FT = scipy.sparse.csr_array(
        (rng.geometric(0.3, cells).astype(np.float64), (rows, columns)), shape=(fragments, targets)
    )
    table_FT.sum_duplicates()
    return table_FT


def large() -> None:
    """A large sparse table against ARPACK."""
    for fragments, targets, cells in ((3_400, 600, 300_000), (100_000, 5_000, 10_000_000)):
        table_FT = large_table(fragments, targets, cells)
        ours = measure(partial(fit_counts, table_FT, rank=3, seed=0))
        theirs = measure(partial(svds, table_FT, k=3, rng=np.random.default_rng(0)))
        S_K = np.sort(theirs.result[1])[::-1]
        error = np.abs(ours.result.factors.singular_K / S_K - 1).max()
        print(f"sparse counts, {fragments:,} x {targets:,}, {table_FT.nnz:,} cells, rank 3")
        print(f"  ours, with curve and trajectory {ours}; {len(ours.result.curve)} steps")
        print(f"  ARPACK's svds, factors alone    {theirs}; ratio {theirs.cpu_s / ours.cpu_s:.2f}; values {error:.0e} apart")


def product_and_topk(unit_FK: torch.Tensor, limit: int) -> torch.Tensor:
    """The peer: a float32 product and torch.topk, a block of rows at a time; one more found, for the row itself."""
    cosines_NF = torch.empty((512, len(unit_FK)))
    blocks = torch.split(unit_FK, 512)
    found = [torch.mm(rows, unit_FK.T, out=cosines_NF[: len(rows)]).topk(limit + 1, dim=1).indices for rows in blocks]
    return torch.cat(found)[:, 1:]


def neighbours(fragments: int, limit: int) -> None:
    """Exact neighbours of all against torch's product and topk."""
    for rank in (64, 3):
        rows_FK = np.random.default_rng(0).normal(size=(fragments, rank))
        unit_FK = torch.from_numpy(directions_FK(rows_FK))
        single_FK = unit_FK.float()
        ours = measure(partial(nearest, unit_FK, np.ones(fragments, dtype=np.bool_), limit=limit))
        theirs = measure(partial(product_and_topk, single_FK, limit))
        same = float((ours.result == theirs.result).float().mean())
        print(f"top-{limit} of {fragments:,} x {rank}, all pairs")
        print(f"  ours, exact, ties by id       {ours}")
        print(f"  torch's product and topk      {theirs}; ratio {theirs.cpu_s / ours.cpu_s:.2f}; same in {same:.4%} of places")


def sweeps(compounds: int, targets: int, cells: int, rank: int) -> None:
    """An iteration of exact alternating least squares and a Gibbs sweep, without fragments, against those who have them."""
    table_CT = large_table(compounds, targets, cells)
    order = scipy.sparse.coo_array(table_CT)
    known = Cells.of(order.row, order.col, order.data, compounds=compounds, targets=targets)
    device = torch.device("cpu")
    with one_thread():
        sides = [
            (Rows(row, column, rows=rows, device=device), rows, columns)
            for row, column, rows, columns in (
                (known.compound, known.target, compounds, targets),
                (known.target, known.compound, targets, compounds),
            )
        ]
        values_N = torch.from_numpy(known.value).float()
        laid = {rows: side.laid(values_N) for side, rows, _ in sides}
        ones_N = torch.ones_like(values_N)
        generator = torch.Generator().manual_seed(0)
        factors = {number: torch.randn(number, rank, generator=generator) for number in (compounds, targets)}

        def iteration() -> None:
            for side, rows, columns in sides:
                zeros = torch.zeros(rows, rank)
                _, factors[rows] = side.solve(
                    factors[columns],
                    torch.zeros(columns),
                    laid[rows],
                    weights_N=ones_N,
                    precision_R=torch.ones(rows),
                    precision_O=torch.ones(columns),
                    mean_RK=zeros,
                    scale_KK=torch.eye(rank),
                    normals_RK=None,
                )

        ours = measure(iteration, rounds=3)  # the first may compile
        link = Link(scipy.sparse.csr_array((compounds, 0)), device=device)
        sampler = Sampler(known, link, rank=rank, binary=False, offset=Offset.none(len(known)), seed=0, device=device)
        chain = sampler.sweeps(sampler.start())
        next(chain)
        next(chain)
        sweep = measure(lambda: next(chain), rounds=3)
    print(f"{compounds:,} x {targets:,}, {len(known):,} cells, rank {rank}, one thread")
    print(f"  an iteration of ALS, ours             {ours}")
    _beside(ours, "implicit, Cholesky", lambda: implicit_iterations(table_CT, rank, conjugate=False))
    _beside(ours, "implicit, conjugate gradients", lambda: implicit_iterations(table_CT, rank, conjugate=True))
    print(f"  a Gibbs sweep, ours                   {sweep}")
    _beside(sweep, "SMURFF", lambda: smurff_sweeps(table_CT, rank))


def _beside(ours: Taken, name: str, peer: Callable[[], Callable[[int], None]]) -> None:
    """A peer's cost of a step: that of three less that of one, halved, so that its preparations are left out."""
    try:
        run = peer()
    except ImportError:
        print(f"    {name:36}is not installed (pip install 'ntdemo-trainer[peers]')")
        return
    one, three = (measure(partial(run, steps), rounds=2) for steps in (1, 3))
    cpu_s = (three.cpu_s - one.cpu_s) / 2
    print(f"    {name:36}{cpu_s:.3g} s; ratio {cpu_s / ours.cpu_s:.2f}")


def implicit_iterations(table: scipy.sparse.csr_array, rank: int, *, conjugate: bool) -> Callable[[int], None]:
    """Alternating least squares of the library implicit, whose unstated cells are weak zeros."""
    from implicit.als import AlternatingLeastSquares  # noqa: PLC0415 - an optional extra

    given = scipy.sparse.csr_matrix(table, dtype=np.float32)

    def run(steps: int) -> None:
        model = AlternatingLeastSquares(factors=rank, iterations=steps, use_cg=conjugate, num_threads=1, random_state=0)
        model.fit(given, show_progress=False)

    return run


def smurff_sweeps(table: scipy.sparse.csr_array, rank: int) -> Callable[[int], None]:
    """Bayesian matrix factorization of the library SMURFF."""
    import smurff  # noqa: PLC0415 - an optional extra

    given = scipy.sparse.coo_matrix(table)

    def run(steps: int) -> None:
        smurff.BPMFSession(given, num_latent=rank, burnin=steps, nsamples=0, num_threads=1, seed=0).run()

    return run


def beside_spark(rank: int, *, compounds: int = 100_000, targets: int = 2_000, cells: int = 5_000_000) -> None:
    """Wall seconds to the error, on a twentieth of the cells held out, that ten iterations of Spark's ALS end with."""
    from pyspark.ml.recommendation import ALS  # noqa: PLC0415 - loading takes a second

    from trainer.spark.session import Session  # noqa: PLC0415

    table_CT = scipy.sparse.coo_array(large_table(compounds, targets, cells))
    rng = np.random.default_rng(1)
    U_CK, Q_TK = rng.normal(size=(compounds, 16)) / 4, rng.normal(size=(targets, 16))
    value_N = np.einsum("nk,nk->n", U_CK[table_CT.row], Q_TK[table_CT.col]) + 0.5 * rng.normal(size=table_CT.nnz) + 3.0
    known = Cells.of(table_CT.row, table_CT.col, value_N, compounds=compounds, targets=targets)
    held_N = rng.random(len(known)) < 0.05
    train, test = known.at(np.flatnonzero(~held_N)), known.at(np.flatnonzero(held_N))

    def error(U_CK: Any, Q_TK: Any) -> float:
        predicted_N = np.einsum("nk,nk->n", U_CK[test.compound], Q_TK[test.target])
        return float(np.sqrt(np.mean((predicted_N - test.value) ** 2)))

    with tempfile.TemporaryDirectory() as cache, Session(Path(cache), master="local[2]", memory_mib=4096) as session:
        columns = {"c": train.compound, "t": train.target, "y": train.value.astype(np.float32)}
        path = Path(cache) / "ratings.parquet"
        parquet.write_table(pa.table(columns), path)
        ratings = session.spark().read.parquet(str(path)).cache()
        ratings.count()
        began = time.perf_counter()
        model = ALS(rank=rank, maxIter=10, regParam=0.1, userCol="c", itemCol="t", ratingCol="y", seed=0).fit(ratings)
        spark_s = time.perf_counter() - began
        sides = []
        for frame, rows in ((model.userFactors, compounds), (model.itemFactors, targets)):
            found = frame.toPandas()
            sides.append(np.zeros((rows, rank)))
            sides[-1][found["id"]] = np.stack(list(found["features"]))
        spark_error = error(*sides)
    device = torch.device("cpu")
    began = time.perf_counter()
    with one_thread() as threads:
        link = Link(scipy.sparse.csr_array((compounds, 0)), device=device)
        offset = Offset.none(len(train))
        sampler = Sampler(train, link, rank=rank, binary=False, offset=offset, seed=0, device=device, threads=threads)
        for number, state in enumerate(sampler.sweeps(sampler.start()), start=1):
            seconds = time.perf_counter() - began
            U_CK, Q_TK = state.mean_CK.double().numpy(), state.Q_TK.double().numpy()
            ones = np.ones((1, 1))
            ours = error(
                np.hstack([U_CK, np.repeat(ones, compounds, 0), np.repeat(sampler.centre * ones, compounds, 0)]),
                np.hstack([Q_TK[:, :-1], np.repeat(ones, targets, 0), Q_TK[:, -1:], np.repeat(ones, targets, 0)]),
            )
            began += time.perf_counter() - began - seconds  # the clock stands still while we are judged
            if ours <= spark_error or number == 200:
                break
    print(f"{compounds:,} x {targets:,}, {len(train):,} cells, rank {rank}, {threads} threads, wall seconds")
    print(f"  Spark's ALS, 10 iterations    {spark_s:.1f} s to {spark_error:.4f}")
    print(f"  ours, {number} sweeps{seconds:>18.1f} s to {ours:.4f}; ratio {spark_s / seconds:.1f}")


def onnx() -> None:
    """Export with its parity check against torch's exporter without one, each in a process of its own and again when warm."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    rng = np.random.default_rng(0)
    factors = Factors.from_product(rng.normal(size=(5, 3)), rng.normal(size=(10, 3)))
    names = [f"n{index}" for index in range(10)]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "factors.onnx"

        def ours() -> float:
            return export(FactorNetwork.from_factors(factors), path, fragments=names[:5], targets=names, run="benchmark")

        def theirs() -> None:
            network = FactorNetwork.from_factors(factors).eval()
            torch.onnx.export(
                network, (torch.arange(2),), path, dynamic_shapes={"fragments": {0: "N"}}, dynamo=True, verbose=False
            )

        print("ONNX of 5 x 10, rank 3")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter's own making
            for label, job in (("ours, written and checked", ours), ("torch's exporter, unchecked", theirs)):
                print(f"  {label:28} first {measure(job)}, warm {measure(job, rounds=3)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fragments", type=int, default=100_000)
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--skip-large", action="store_true", help="only what takes seconds")
    options = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, torch {torch.__version__}, {torch.get_num_threads()} threads; load {os.getloadavg()[0]:.1f}"
    )
    imports = [
        sys.executable,
        "-c",
        "import time; t = time.perf_counter(); import trainer.factorization; print(time.perf_counter() - t)",
    ]
    print(f"import of trainer.factorization: {float(subprocess.run(imports, capture_output=True, check=True).stdout):.2f} s")
    small()
    onnx()
    if not options.skip_large:
        for rank in (32, 64):
            sweeps(100_000, 5_000, 10_000_000, rank)
        for rank in (16, 32):
            beside_spark(rank)
        large()
        neighbours(options.fragments, options.limit)


if __name__ == "__main__":
    main()
