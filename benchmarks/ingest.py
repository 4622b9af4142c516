"""What data cost: Spark's start, reading, tables of molecules from file to facts, and fragment x target counts beside peers.

    .venv/bin/python benchmarks/ingest.py [--only start reading tables counts] [--cells 10_000_000 --memberships 30_000_000]

DuckDB is a peer of reading and counts, and is named as missing where it is not installed: `pip install --target DIR duckdb` and
`PYTHONPATH=DIR` bring it. Every figure is measured in a process of its own, with the processes it starts; CPU seconds are
the ones to compare where the machine has other work.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from scipy.sparse import coo_array, csr_array

FRAGMENTS, TARGETS = 5_000, 2_000
PARTS = ["start", "reading", "tables", "counts"]
SAMPLE_S = 0.05
TABLES = {
    "tox21": ("tox21/tox21.csv.gz", "skip"),
    "zinc_dti": ("zinc_dti", "skip"),
    "chembl5": ("chembl5/chembl_5thresh.csv.gz", "fail"),
}
Measured = dict[str, Any]


def process_tree() -> list[tuple[float, int]]:
    """CPU seconds and resident bytes of this process and all that it started."""
    page, tick = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
    found: dict[int, tuple[int, float, int]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(process.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / tick, int(fields[21]) * page)

    def ours(process: int) -> bool:
        while process in found and process != os.getpid():
            process = found[process][0]
        return process == os.getpid()

    return [(cpu_s, resident) for process, (_, cpu_s, resident) in found.items() if ours(process)]


def measured(work: Callable[[], Measured | None]) -> Measured:
    """Wall and CPU seconds and the peak of resident memory while `work` runs, with what it says itself."""
    peak, ended = 0, threading.Event()

    def sample() -> None:
        nonlocal peak
        while not ended.wait(SAMPLE_S):
            peak = max(peak, sum(resident for _, resident in process_tree()))

    sampler = threading.Thread(target=sample)
    cpu_s, started = sum(cpu for cpu, _ in process_tree()), time.perf_counter()
    sampler.start()
    try:
        said = work() or {}
        wall_s = time.perf_counter() - started
        cpu_s = sum(cpu for cpu, _ in process_tree()) - cpu_s
    finally:
        ended.set()
        sampler.join()
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peak_gib": peak / 2**30, **said}


def alone(name: str, *arguments: object) -> Measured:
    """The measurement `name` in a fresh process."""
    command = [sys.executable, __file__, "--measure", name, *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as said:  # pyspark alone says much
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=said, check=False, text=True)
        if done.returncode:
            said.seek(0)
            sys.exit(said.read())
    answer = done.stdout
    result: Measured = json.loads(answer.splitlines()[-1])
    return result


# --- Spark's start -----------------------------------------------------------------------------------------------------


def start_ours(cache: str) -> Measured:
    """A session, and the twelve small tables of a publication, twice."""
    from contracts.store import Store  # noqa: PLC0415 - loading is part of what is measured
    from trainer.data import seed_table  # noqa: PLC0415
    from trainer.spark.session import Session  # noqa: PLC0415
    from trainer.spark.staging import stage_all  # noqa: PLC0415
    from trainer.store.tables import commit  # noqa: PLC0415

    facts = seed_table.built_in().tables
    began = time.perf_counter()
    said: Measured = {}
    with tempfile.TemporaryDirectory() as state, Session(Path(cache), master="local[2]") as session:
        spark = session.spark()
        said["session_s"] = time.perf_counter() - began
        for label in ("first_12_tables_s", "next_12_tables_s"):
            began = time.perf_counter()
            store = Store(Path(state) / label)
            for half in ("a", "b"):
                for staged in stage_all(spark, store, facts, {"data": half}):
                    commit(store, staged, run=half)
            said[label] = time.perf_counter() - began
    return said


def start_pyspark() -> Measured:
    """The same session as pyspark starts it by itself."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - loading is part of what is measured

    began = time.perf_counter()
    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    said = {"session_s": time.perf_counter() - began}
    spark.stop()
    return said


def start(cache: Path) -> None:
    """Print what a start costs."""
    print("Spark's start            wall s   CPU s   session s   first 12 tables s   next 12 tables s   peak GiB")
    show_start("pyspark alone", alone("start_pyspark"))
    show_start("ours", alone("start_ours", cache))


def show_start(label: str, row: Measured) -> None:
    """Print a line of the table of starts."""
    tables = (f"{row[name]:.1f}" if name in row else "-" for name in ("first_12_tables_s", "next_12_tables_s"))
    first, following = tables
    print(
        f"{label:<22}{row['wall_s']:>9.1f}{row['cpu_s']:>8.1f}{row['session_s']:>12.1f}"
        f"{first:>20}{following:>19}{row['peak_gib']:>11.2f}"
    )


# --- Tables of molecules ------------------------------------------------------------------------------------------------


def table(cache: str, source: str, on_error: str) -> Measured:
    """One table from its files to facts, after Spark has started."""
    from trainer.runs.ingest import IngestOptions, OnError  # noqa: PLC0415
    from trainer.spark import intake  # noqa: PLC0415
    from trainer.spark.ingest import ingest  # noqa: F401, PLC0415 - loading is no part of what is measured
    from trainer.spark.session import Session  # noqa: PLC0415

    with Session(Path(cache), master="local[2]") as session:
        session.spark()
        paths, options = [Path(source)], IngestOptions(on_error=OnError(on_error))

        def work() -> Measured:
            activity = intake.read(paths, options, session.spark)
            return {"kind": activity.kind, **activity.ingest}

        return measured(work)


def tables(cache: Path, data: Path) -> None:
    """Print what each real table costs."""
    columns = ("rows_read", "rows_rejected", "cells", "compounds", "targets", "fragments", "fragments_shown")
    print("\nfrom file to facts       wall s   CPU s   rows/CPU s" + "".join(f"{name:>17}" for name in columns))
    for name, (source, on_error) in TABLES.items():
        if not (data / source).exists():
            print(f"{name:<22}{data / source} is not here")
            continue
        row = alone("table", cache, data / source, on_error)
        print(f"{name:<22}{row['wall_s']:>9.1f}{row['cpu_s']:>8.1f}{row['rows_read'] / row['cpu_s']:>13.0f}", end="")
        print("".join(f"{row[column]:>17,}" for column in columns))


# --- Reading -------------------------------------------------------------------------------------------------------------


def make_long(path: Path, rows: int) -> None:
    """Write a long table of concentrations, some of them bounds."""
    rng = np.random.default_rng(2)
    columns = {
        "smiles": pa.array([f"CCOc1ccccc1{'C' * (place % 40)}" for place in range(rows)]),
        "target_id": pa.array([f"P{place % 400:05}" for place in range(rows)]),
        "relation": pa.array(np.where(rng.random(rows) < 0.1, ">", "=")),
        "standard_value": rng.random(rows).round(4) * 1000 + 0.1,
        "standard_units": pa.array(["nM"] * rows),
    }
    pyarrow.csv.write_csv(pa.table(columns), path)


def reading_ours(path: str) -> Measured:
    """The plan and the records of a file, as one of Spark's workers makes them."""
    from trainer.runs.ingest import IngestOptions  # noqa: PLC0415 - loading is part of what is measured
    from trainer.tables.files import find_files  # noqa: PLC0415
    from trainer.tables.melting import melt_file  # noqa: PLC0415
    from trainer.tables.planning import plan_files  # noqa: PLC0415

    def work() -> Measured:
        began = time.perf_counter()
        (plan,) = plan_files(find_files([Path(path)]), IngestOptions())
        planned_s = time.perf_counter() - began
        batches = [batch for batch in melt_file(plan) if len(batch)]
        return {"plan_s": planned_s, "cells": sum(len(batch.column("cells").flatten()) for batch in batches)}

    return measured(work)


def reading_duckdb(path: str) -> Measured:
    """The same values by DuckDB: pX of concentrations with their relations, by molecule, on one thread as well."""
    import duckdb  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - a peer that may be missing

    asked = (
        "SELECT smiles, list(target_id), list(9 - log10(standard_value)), list(relation) FROM read_csv($1) "
        "WHERE standard_units = 'nM' GROUP BY smiles"
    )

    def work() -> Measured:
        connection = duckdb.connect(config={"threads": 1})
        found = connection.execute(asked, [path]).to_arrow_table()
        return {"cells": sum(map(len, found.column(1).to_pylist()))}

    return measured(work)


def reading(rows: int) -> None:
    """Print what reading a long table costs beside DuckDB."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "long.csv"
        make_long(path, rows)
        peers = ["reading_ours", *(["reading_duckdb"] if importlib.util.find_spec("duckdb") else [])]
        print(f"\nreading {rows:,} rows    wall s   CPU s   rows/CPU s   plan s   peak GiB")
        for peer in peers:
            row = alone(peer, path)
            plan = f"{row['plan_s']:.2f}" if "plan_s" in row else "-"
            speed = f"{row['wall_s']:>9.1f}{row['cpu_s']:>8.1f}{rows / row['cpu_s']:>13,.0f}"
            print(f"{peer:<22}{speed}{plan:>9}{row['peak_gib']:>11.2f}")
        if len(peers) == 1:
            print("DuckDB is not here: see above how to bring it")


# --- Counts -------------------------------------------------------------------------------------------------------------


def make_compounds(directory: Path, compounds: int, cells: int, memberships: int) -> None:
    """Write the same random compounds flat, as cells and memberships, and nested, one row a compound."""
    rng = np.random.default_rng(1)
    membership_CF = _random(rng, compounds, memberships, FRAGMENTS, np.ones(memberships))
    values_CT = _random(rng, compounds, cells, TARGETS, rng.integers(16, 40, cells) / 4)  # sums are exact
    nested = {
        "fragments": _lists(membership_CF, membership_CF.indices.astype(np.int32)),
        "counts": _lists(membership_CF, membership_CF.data.astype(np.float32)),
        "targets": _lists(values_CT, values_CT.indices.astype(np.int32)),
        "values": _lists(values_CT, values_CT.data),
    }
    pq.write_table(pa.table(nested), directory / "compounds.parquet", row_group_size=compounds // 16 + 1)
    for name, matrix in (("membership", membership_CF), ("cells", values_CT)):
        flat = coo_array(matrix)
        columns = {"compound": flat.row.astype(np.int32), "other": flat.col.astype(np.int32), "value": flat.data}
        pq.write_table(pa.table(columns), directory / f"{name}.parquet")


def _random(rng: np.random.Generator, rows: int, cells: int, width: int, values: np.ndarray[Any, Any]) -> csr_array:
    """Cells anywhere in a row, columns with a long tail; a cell drawn twice counts once with the sum."""
    columns = (width * rng.random(cells) ** 2).astype(np.int32)
    return csr_array(coo_array((values, (rng.integers(0, rows, cells, np.int32), columns)), shape=(rows, width)))


def _lists(matrix: csr_array, values: np.ndarray[Any, Any]) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(matrix.indptr.astype(np.int32)), pa.array(values))


def counts_spark(directory: str, cache: str) -> Measured:
    """Ours: a sparse product inside Spark."""
    from trainer.spark.counting import count  # noqa: PLC0415 - loading is part of what is measured
    from trainer.spark.session import Session  # noqa: PLC0415

    began = time.perf_counter()
    with Session(Path(cache), master="local[2]", memory_mib=4096) as session:
        spark = session.spark()
        session_s = time.perf_counter() - began
        counts_FT = count(spark.read.parquet(f"{directory}/compounds.parquet"), fragments=FRAGMENTS, targets=TARGETS)
    return {"session_s": session_s, **_sums(counts_FT)}


def counts_scipy(directory: str) -> Measured:
    """SciPy alone, from the flat tables."""

    def matrix(name: str, width: int, rows: int | None = None) -> csr_array:
        flat = pq.read_table(f"{directory}/{name}.parquet")
        compound, column, value = (flat[field].to_numpy() for field in ("compound", "other", "value"))
        return csr_array(coo_array((value, (compound, column)), shape=(rows or COMPOUNDS_MAX, width)))

    return _sums(csr_array(matrix("membership", FRAGMENTS).T) @ matrix("cells", TARGETS))


def counts_duckdb(directory: str) -> Measured:
    """DuckDB: a join and a group-by of the flat tables."""
    import duckdb  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - a peer that may be missing

    rows = duckdb.sql(
        f"""select m.other as fragment, c.other as target, sum(m.value * c.value) as value
        from '{directory}/membership.parquet' m join '{directory}/cells.parquet' c using (compound)
        group by fragment, target"""  # noqa: S608 - a directory of our own
    ).fetchnumpy()
    return _sums(csr_array(coo_array((rows["value"], (rows["fragment"], rows["target"])), shape=(FRAGMENTS, TARGETS))))


COMPOUNDS_MAX = 2**24
"""Rows of the flat matrices; empty ones cost SciPy nothing."""


def _sums(counts_FT: csr_array) -> Measured:
    """What tells two sums apart."""
    weights = np.arange(1, TARGETS + 1)
    return {
        "total": float(counts_FT.sum()),
        "weighted": float((counts_FT @ weights).sum()),
        "filled": int((counts_FT.data != 0).sum()),
    }


def counts(cache: Path, compounds: int, cells: int, memberships: int) -> None:
    """Print the counts' costs beside their peers'."""
    print(
        f"\ncounts of {cells:,} cells and {memberships:,} memberships of {compounds:,} compounds, {FRAGMENTS:,} x {TARGETS:,}"
    )
    print("                         wall s   CPU s   peak GiB   wall / DuckDB")
    with tempfile.TemporaryDirectory() as directory:
        make_compounds(Path(directory), compounds, cells, memberships)
        rows = {"SciPy alone": alone("counts_scipy", directory)}
        if importlib.util.find_spec("duckdb"):
            rows["DuckDB"] = alone("counts_duckdb", directory)
        else:
            print("DuckDB is not installed")
        rows["ours, Spark"] = alone("counts_spark", directory, cache)
    reference = rows.get("DuckDB", {}).get("wall_s")
    for name, row in rows.items():
        ratio = f"{row['wall_s'] / reference:.2f}" if reference else "-"
        session = f"   of it session {row['session_s']:.1f} s" if "session_s" in row else ""
        print(f"{name:<22}{row['wall_s']:>9.1f}{row['cpu_s']:>8.1f}{row['peak_gib']:>11.2f}{ratio:>16}{session}")
    same = len({(row["total"], row["weighted"], row["filled"]) for row in rows.values()}) == 1
    print("identical counts" if same else f"THE COUNTS DIFFER: {rows}")


MEASUREMENTS: dict[str, Callable[..., Measured]] = {
    "start_ours": lambda cache: measured(lambda: start_ours(cache)),
    "start_pyspark": lambda: measured(start_pyspark),
    "reading_ours": reading_ours,
    "reading_duckdb": reading_duckdb,
    "table": table,
    "counts_spark": lambda directory, cache: measured(lambda: counts_spark(directory, cache)),
    "counts_scipy": lambda directory: measured(lambda: counts_scipy(directory)),
    "counts_duckdb": lambda directory: measured(lambda: counts_duckdb(directory)),
}


def main() -> None:
    """Run what is asked for."""
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(MEASUREMENTS[sys.argv[2]](*sys.argv[3:])))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "activity")
    parser.add_argument("--cache", type=Path, default=Path("var/cache/trainer"))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--compounds", type=int, default=1_000_000)
    parser.add_argument("--cells", type=int, default=10_000_000)
    parser.add_argument("--memberships", type=int, default=30_000_000)
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} before the first measurement")
    if "start" in asked.only:
        start(asked.cache)
    if "reading" in asked.only:
        reading(asked.rows)
    if "tables" in asked.only:
        tables(asked.cache, asked.data)
    if "counts" in asked.only:
        counts(asked.cache, asked.compounds, asked.cells, asked.memberships)


if __name__ == "__main__":
    main()
