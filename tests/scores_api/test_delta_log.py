"""The log of a table as the builder reads it, against delta-rs, which wrote it."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from scores_api.builder.damage import StoreDamaged
from scores_api.builder.delta_log import newest_version, snapshot

ODD = "r 1%20+é=ß"


def rows(run: str, count: int = 2) -> pa.Table:
    return pa.table({"run": [run] * count, "value": list(range(count))})


def files_of(root: Path, version: int) -> set[Path]:
    return {Path(uri.removeprefix("file://")) for uri in DeltaTable(root, version=version).file_uris()}


@settings(max_examples=15, deadline=None)
@given(
    writes=st.lists(
        st.tuples(st.sampled_from(["append", "overwrite", "checkpoint"]), st.sampled_from(["a", "b", "c d"])),
        min_size=1,
        max_size=8,
    )
)
def test_each_version_consists_of_the_files_that_delta_rs_names(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[str, str]]
) -> None:
    root = tmp_path_factory.mktemp("store") / "table"
    write_deltalake(root, rows("first"), partition_by=["run"])
    for kind, run in writes:
        if kind == "checkpoint":
            DeltaTable(root).create_checkpoint()
        elif kind == "append":
            write_deltalake(root, rows(run), mode="append")
        else:
            write_deltalake(root, rows(run), mode="overwrite")
    newest = newest_version(root)
    assert newest == DeltaTable(root).version()
    for version in range(newest + 1):
        assert set(snapshot(root, version).files) == files_of(root, version)


def test_a_partition_is_found_by_its_value_whatever_its_characters(tmp_path: Path) -> None:
    root = tmp_path / "table"
    write_deltalake(root, rows("plain"), partition_by=["run"])
    write_deltalake(root, rows(ODD, 3), mode="append")
    found = snapshot(root, 1).partition("run", ODD)
    assert [pq.read_table(file, partitioning=None).num_rows for file in found] == [3]
    assert snapshot(root, 1).partition("run", "nobody") == []


def test_a_checkpoint_stands_for_the_commits_before_it(tmp_path: Path) -> None:
    root = tmp_path / "table"
    for run in ("a", "b", "c"):
        write_deltalake(root, rows(run), mode="append", partition_by=["run"])
    DeltaTable(root).create_checkpoint()
    write_deltalake(root, rows("d"), mode="append")
    whole = snapshot(root, 3)
    for version in (0, 1, 2):
        (root / "_delta_log" / f"{version:020d}.json").unlink()
    assert snapshot(root, 3) == whole
    with pytest.raises(StoreDamaged, match="commit 0 is missing"):
        snapshot(root, 1)


def test_a_table_without_a_log_and_a_version_that_is_not_there_are_damage(tmp_path: Path) -> None:
    with pytest.raises(StoreDamaged, match="has no Delta log"):
        newest_version(tmp_path)
    write_deltalake(tmp_path, rows("a"), partition_by=["run"])
    with pytest.raises(StoreDamaged, match="holds no version 7"):
        snapshot(tmp_path, 7)


def test_a_table_for_newer_readers_is_refused(tmp_path: Path) -> None:
    write_deltalake(tmp_path, rows("a"), partition_by=["run"])
    commit = tmp_path / "_delta_log" / f"{1:020d}.json"
    commit.write_text(json.dumps({"protocol": {"minReaderVersion": 3, "minWriterVersion": 7}}))
    with pytest.raises(StoreDamaged, match="readers of version 3"):
        snapshot(tmp_path, 1)


@pytest.mark.parametrize("text", ["{not json", '{"add": {}}', '"add"', '{"add": {"path": "x", "partitionValues": 3}}'])
def test_a_commit_that_is_not_understood_is_damage(tmp_path: Path, text: str) -> None:
    write_deltalake(tmp_path, rows("a"), partition_by=["run"])
    (tmp_path / "_delta_log" / f"{1:020d}.json").write_text(text)
    with pytest.raises(StoreDamaged, match="not understood"):
        snapshot(tmp_path, 1)
