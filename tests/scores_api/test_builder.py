import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake
from tests.support.store import Publisher, five_fragments, many_fragments

from contracts.kinds import SimilarityKind
from contracts.store import Store
from scores_api import layout
from scores_api.builder.__main__ import main
from scores_api.index import Index
from scores_api.models.factors import FactorSide
from scores_api.projection import DamagedProjection, Projection


def build(state: Path, *arguments: str, command: str = "refresh") -> int:
    return main([command, "--state", str(state), "--cache", str(state / "cache"), *arguments])


def refreshing(state: Path) -> list[str]:
    """The command line that does the same in a process."""
    return [sys.executable, "-m", "scores_api.builder", "refresh", "--state", str(state), "--cache", str(state / "cache")]


def opened(state: Path, run: str) -> Projection:
    return Projection.open(layout.run_directory(state / "cache", run))


def rewritten(state: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Replace the rows of a table, as nobody should."""
    root = Store.under(state).table(name)
    delta = DeltaTable(root)
    partition = delta.metadata().partition_columns
    write_deltalake(root, change(delta.to_pyarrow_table()), mode="overwrite", partition_by=partition)
    publications = Store.under(state).table("publications")
    rows = DeltaTable(publications).to_pyarrow_table().to_pylist()
    for row in rows:
        row["tables"] = json.dumps({**json.loads(row["tables"]), name: delta.version() + 1})
    write_deltalake(publications, pa.Table.from_pylist(rows, schema=delta_schema(publications)), mode="overwrite")


def delta_schema(root: Path) -> pa.Schema:
    return DeltaTable(root).to_pyarrow_table().schema


def test_a_projection_holds_what_the_tables_hold(tmp_path: Path) -> None:
    contents = many_fragments(60, shown=40, targets=4, rank=3)
    run = Publisher(tmp_path).publish(contents)
    assert build(tmp_path) == 0
    projection = opened(tmp_path, run)
    assert list(projection.fragments.names) == contents.names
    np.testing.assert_allclose(projection.factors[FactorSide.FRAGMENTS].vector_NK, contents.canonical_FK, rtol=1e-6)
    np.testing.assert_allclose(projection.factors[FactorSide.TARGETS].balanced_NK, contents.balanced_TK, rtol=1e-6)
    percent_FF = contents.percents(SimilarityKind.FUNCTION)
    for place in range(60):
        rows = projection.neighbours[SimilarityKind.FUNCTION].of(place, 100)
        others = [other for other in contents.shown if other != place]
        np.testing.assert_allclose(rows["function"], np.sort(percent_FF[place, others])[::-1], atol=1e-3)
        assert np.isnan(rows["low"]).all()


def test_numbers_are_kept_with_as_few_digits_as_they_need(tmp_path: Path) -> None:
    run = Publisher(tmp_path).publish(five_fragments())
    build(tmp_path)
    vectors = opened(tmp_path, run).factors[FactorSide.FRAGMENTS].vector_NK
    np.testing.assert_array_equal(vectors, [[float(str(np.float32(value))) for value in row] for row in vectors])


def test_every_run_is_indexed_and_only_the_newest_is_projected(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    runs = [publisher.publish(five_fragments().scaled(factor)) for factor in (1, 2, 3)]
    assert build(tmp_path) == 0
    index = Index.read(tmp_path / "cache" / layout.INDEX)
    assert [run.detail.id for run in index.runs] == runs
    assert index.version == publisher.store.version() == 2
    assert [path.name for path in (tmp_path / "cache" / "runs").iterdir()] == runs[-1:]
    assert build(tmp_path, "--run", runs[0], command="project") == 0
    assert opened(tmp_path, runs[0]).run == runs[0]


def test_runs_are_ordered_by_the_time_of_their_publication(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    publisher.publish(five_fragments(), run="z")
    publisher.publish(five_fragments(), run="a")
    build(tmp_path)
    assert [run.detail.id for run in Index.read(tmp_path / "cache" / layout.INDEX).runs] == ["z", "a"]


def test_a_publication_of_a_kind_that_this_release_does_not_know_is_left_out(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    run = publisher.publish(five_fragments())
    publisher.announce("dialogue-1", "d", {}, {}, kind="dialogue")
    assert build(tmp_path) == 0
    assert [run.detail.id for run in Index.read(tmp_path / "cache" / layout.INDEX).runs] == [run]


def test_a_store_without_publications_gives_an_empty_index(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    publisher.publish(five_fragments())
    root = publisher.store.table("publications")
    write_deltalake(root, DeltaTable(root).to_pyarrow_table().slice(0, 0), mode="overwrite")
    assert build(tmp_path) == 0
    assert Index.read(tmp_path / "cache" / layout.INDEX).runs == []


DAMAGES: dict[str, tuple[str, Callable[[pa.Table], pa.Table], str]] = {
    "fragment missing": ("fragments", lambda rows: rows.filter(pc.not_equal(rows["id"], 2)), "ids of the table 'fragments'"),
    "name twice": (
        "fragments",
        lambda rows: rows.set_column(rows.schema.get_field_index("name"), rows.schema.field("name"), pa.array(["x"] * 5)),
        "not unique",
    ),
    "factor missing": ("factors", lambda rows: rows.slice(0, len(rows) - 1), "the table 'factors'"),
    "rank missing": ("neighbours", lambda rows: rows.filter(pc.not_equal(rows["rank"], 2)), "ranked from 1"),
    "unknown other": (
        "neighbours",
        lambda rows: rows.set_column(
            rows.schema.get_field_index("other"), rows.schema.field("other"), pc.add(rows["other"], 1).cast(pa.int32())
        ),
        "do not exist",
    ),
    "score row missing": ("scores", lambda rows: rows.slice(0, 4), "the table 'scores'"),
    "position missing": ("trajectory", lambda rows: rows.slice(1), "the table 'trajectory'"),
    "no run": ("runs", lambda rows: rows.slice(0, 0), "the table 'runs' holds 0 rows"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_tables_that_contradict_each_other_are_named_and_nothing_is_built(
    tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table, change, said = DAMAGES[damage]
    run = Publisher(tmp_path).publish(five_fragments())
    rewritten(tmp_path, table, change)
    assert build(tmp_path) == 1
    error = capsys.readouterr().err
    assert said in error
    assert run in error
    assert error.count("\n") == 1
    assert not (tmp_path / "cache" / layout.INDEX).exists()
    assert not list((tmp_path / "cache").glob("runs/*"))
    assert not list((tmp_path / "cache").glob("building/*"))


BROKEN_DRAWS: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "fragment missing": (lambda rows: rows.slice(1), "each of the 5 fragments"),
    "shorter": (
        lambda rows: rows.set_column(1, rows.schema.field(1), pa.array([b"\0" * 24] * 4 + [b"\0" * 12], pa.binary())),
        "differ in length",
    ),
    "no number": (
        lambda rows: rows.set_column(1, rows.schema.field(1), pa.array([b"\0\x7e" * 12] * 5, pa.binary())),
        "no number",
    ),
}


@pytest.mark.parametrize("damage", BROKEN_DRAWS)
def test_draws_that_do_not_fit_the_fragments_are_damage(
    tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change, said = BROKEN_DRAWS[damage]
    draws_FSK = np.full((5, 4, 3), 3**-0.5, dtype=np.float16)
    run = Publisher(tmp_path).publish(replace(five_fragments(), draws_FSK=draws_FSK))
    assert build(tmp_path) == 0
    kept = opened(tmp_path, run).draws_FSK
    assert kept is not None
    np.testing.assert_array_equal(kept, draws_FSK)
    shutil.rmtree(tmp_path / "cache")
    rewritten(tmp_path, "draws", change)
    assert build(tmp_path) == 1
    assert said in capsys.readouterr().err


def test_numbers_that_are_none_are_damage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contents = five_fragments()
    broken = contents.canonical_FK.copy()
    broken[1, 1] = np.nan
    Publisher(tmp_path).publish(replace(contents, canonical_FK=broken))
    assert build(tmp_path) == 1
    assert "finite numbers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tables", "artifacts", "said"),
    [
        ({}, {}, "no version of the table"),
        ({"runs": 99}, {}, "version"),
        ({"runs": 0, "fragments": 0, "factors": 0, "targets": 0, "compounds": 0}, {"factors": "gone"}, "manifest"),
    ],
)
def test_a_publication_that_names_what_is_not_there_is_refused(
    tmp_path: Path, tables: dict[str, int], artifacts: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    publisher = Publisher(tmp_path)
    run = publisher.publish(five_fragments())
    publisher.announce(run, five_fragments().data, tables, artifacts)
    assert build(tmp_path) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("run", ["../../etc", "a/b", "", ".hidden", "x" * 300])
def test_a_run_id_that_is_no_plain_name_is_refused(tmp_path: Path, run: str, capsys: pytest.CaptureFixture[str]) -> None:
    Publisher(tmp_path).announce(run, "d", {}, {})
    assert build(tmp_path) == 1
    assert "is not a run id" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Publisher(tmp_path).publish(five_fragments())
    (tmp_path / "cache").write_text("a file, not a directory")
    assert build(tmp_path) == 1
    assert capsys.readouterr().err.count("\n") == 1


PROJECTED = ["fragments.json", "fragments-vector.npy", "scores.json", "neighbours-function.rows", "projection.json"]


@pytest.mark.parametrize("name", PROJECTED)
@pytest.mark.parametrize("damage", ["changed", "shortened", "missing"])
def test_a_damaged_projection_is_not_opened_and_is_built_anew(tmp_path: Path, name: str, damage: str) -> None:
    run = Publisher(tmp_path).publish(five_fragments())
    build(tmp_path)
    file = layout.run_directory(tmp_path / "cache", run) / name
    content = file.read_bytes()
    match damage:
        case "changed":
            file.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
        case "shortened":
            file.write_bytes(content[:-1])
        case "missing":
            file.unlink()
    with pytest.raises(DamagedProjection):
        opened(tmp_path, run)
    assert build(tmp_path) == 0
    assert file.read_bytes() == content
    assert opened(tmp_path, run).run == run


def test_a_projection_of_another_format_is_built_anew(tmp_path: Path) -> None:
    run = Publisher(tmp_path).publish(five_fragments())
    build(tmp_path)
    head = layout.run_directory(tmp_path / "cache", run) / layout.HEAD
    head.write_text(head.read_text().replace(f'"format":{layout.FORMAT}', '"format":0'))
    with pytest.raises(DamagedProjection, match="format 0"):
        opened(tmp_path, run)
    assert build(tmp_path) == 0
    opened(tmp_path, run)


@pytest.mark.parametrize("text", ["", "{", '{"format": 0}', "[]"])
def test_a_damaged_index_is_built_anew(tmp_path: Path, text: str) -> None:
    run = Publisher(tmp_path).publish(five_fragments())
    build(tmp_path)
    (tmp_path / "cache" / layout.INDEX).write_text(text)
    assert build(tmp_path) == 0
    assert [each.detail.id for each in Index.read(tmp_path / "cache" / layout.INDEX).runs] == [run]


def test_old_projections_are_kept_up_to_a_number_and_those_of_vanished_runs_are_not(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    runs = [publisher.publish(five_fragments().scaled(factor)) for factor in (1, 2, 3, 4)]
    build(tmp_path)
    for age, run in enumerate(runs[:3]):
        build(tmp_path, "--run", run, command="project")
        os.utime(layout.run_directory(tmp_path / "cache", run), (1000 + age, 1000 + age))
    vanished = layout.run_directory(tmp_path / "cache", "factors-vanished")
    vanished.mkdir()
    os.utime(vanished, (1, 1))
    build(tmp_path, "--kept-runs", "2")
    assert {path.name for path in (tmp_path / "cache" / "runs").iterdir()} == set(runs[1:])


def test_what_killed_builders_left_is_cleared_after_a_while(tmp_path: Path) -> None:
    Publisher(tmp_path).publish(five_fragments())
    old, young = (tmp_path / "cache" / "building" / name for name in ("old", "young"))
    for directory in (old, young):
        directory.mkdir(parents=True)
    long_ago_s = time.time() - 7200
    os.utime(old, (long_ago_s, long_ago_s))
    build(tmp_path)
    assert (old.exists(), young.exists()) == (False, True)


def test_builders_at_the_same_time_leave_one_whole_projection(tmp_path: Path) -> None:
    run = Publisher(tmp_path).publish(many_fragments(300, shown=100))
    command = refreshing(tmp_path)
    builders = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    said = [builder.communicate(timeout=120)[1] for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0, 0], said
    assert opened(tmp_path, run).run == run
    assert not list((tmp_path / "cache" / "building").iterdir())


def test_a_builder_that_is_killed_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    run = Publisher(tmp_path).publish(many_fragments(2000, shown=500))
    command = refreshing(tmp_path)
    building = tmp_path / "cache" / "building"
    killed = 0
    for files in (1, 4, 9):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as builder:
            while builder.poll() is None and len(list(building.glob("*/*"))) < files:
                pass
            builder.send_signal(signal.SIGKILL)
        killed += builder.returncode == -signal.SIGKILL
        for staged in building.iterdir():
            staged.rename(tmp_path / f"left-{files}-{staged.name}")
    assert killed
    if layout.run_directory(tmp_path / "cache", run).exists():
        opened(tmp_path, run)
    assert build(tmp_path) == 0
    assert opened(tmp_path, run).run == run


def test_a_check_says_whether_this_release_can_serve_the_store_and_keeps_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(tmp_path, command="check") == 0
    assert capsys.readouterr().out == "Nothing is published yet.\n"
    publisher = Publisher(tmp_path)
    run = publisher.publish(five_fragments())
    assert build(tmp_path, command="check") == 0
    assert capsys.readouterr().out == "This release can serve the store: 1 run.\n"
    assert not list((tmp_path / "cache").iterdir())
    publisher.announce(run, five_fragments().data, {"runs": 99}, {})
    assert build(tmp_path, command="check") == 1
    assert "holds no version 99" in capsys.readouterr().err
