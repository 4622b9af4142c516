"""Trainers and readers on a disk that tears, loses, refuses and stops anywhere; each history is one seed.

One or two trainers take turns at every step of the disk, and a reader looks between them. What must hold at every look: each
run that was said to be published is whole, every other one that readers see is whole or a problem; and trainers can go on.
Delta's library is stood in for by its protocol: a commit appears as one file.
"""

import contextlib
import hashlib
import json
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any, Self

import pytest
from tests.support.fake_disk import Crash, FakeDisk, FakePath
from tests.support.reports import SteppingReport
from tests.support.turns import Turns

from contracts.manifest import Manifest
from contracts.store import Store
from contracts.tables import TABLES
from published.changes import Change, Marks
from published.publications import Publication, commits, stated_change
from published.registry import Registry
from trainer.store import artifacts, intents, publications, publish, quarantine, recovery, registry, tables
from trainer.store.artifacts import StagedArtifact
from trainer.store.publish import Results
from trainer.store.tables import Staged

HISTORIES = int(os.environ.get("NTDEMO_HISTORIES", "500"))
"""Of an ordinary round; NTDEMO_HISTORIES=10000 for a long one."""
FEW = {name: TABLES[name] for name in ("targets", "runs", "publications")}
EPOCH = datetime(2026, 12, 1, tzinfo=UTC)


def log_of(store: Store, name: str) -> FakePath:
    return FakePath.of(store.table(name) / "_delta_log")


def versions(store: Store, name: str) -> list[FakePath]:
    log = log_of(store, name)
    return sorted(path for path in log.glob("*.json") if path.stem.isdigit()) if log.is_dir() else []


@lru_cache(10_000)
def actions_of(text: bytes) -> list[dict[str, Any]]:
    """Of a commit; what is none raises ValueError."""
    return [json.loads(line) for line in text.splitlines()]


def live(store: Store, name: str, version: int | None = None) -> dict[str, str]:
    """Path -> partition of the files that a version names; a log that is no log is an error, as Delta's library says."""
    found: dict[str, str] = {}
    for number, path in enumerate(versions(store, name)):
        if path.stem != f"{number:020}":
            raise ValueError(f"{name} lacks version {number}")
        for action in actions_of(path.read_bytes()):
            for file in action.get("add", ()):
                found[file] = action["partition"]
            for partition in action.get("remove", ()):
                found = {file: kept for file, kept in found.items() if kept != partition}
        if number == version:
            break
    return found


def commit_actions(store: Store, name: str, *actions: dict[str, Any]) -> int:
    """Write a file and let it appear under the next number; nothing is synced."""
    log = log_of(store, name)
    log.mkdir(parents=True, exist_ok=True)
    number = len(versions(store, name))
    staged = log / f"_commit_{number}.json.tmp"
    staged.write_bytes(b"\n".join(json.dumps(action).encode() for action in actions) + b"\n")
    staged.rename(log / f"{number:020}.json")
    return number


def fake_commit(store: Store, staged: Staged, *, run: str) -> int:
    root = store.table(staged.table.name)
    paths = [file.relative_to(root).as_posix() for file in staged.files]
    return commit_actions(store, staged.table.name, {"commitInfo": {"run": run}}, {"add": paths, "partition": staged.partition})


def fake_partitions(store: Store, name: str, *, version: int | None = None) -> dict[str, int]:
    count = len(versions(store, name))
    return dict.fromkeys(live(store, name, version).values(), count - 1)


def fake_files(store: Store, table: Any, *, version: int | None = None) -> list[tuple[str | None, Any]]:
    return [(partition, store.table(table.name) / path) for path, partition in live(store, table.name, version).items()]


def fake_append(store: Store, publication: Publication, change: Change | None = None) -> int:
    stated = publication.stated() | ({} if change is None else stated_change(change))
    return commit_actions(store, "publications", {"commitInfo": stated})


def fake_append_change(store: Store, change: Change) -> int:
    return commit_actions(store, "publications", {"commitInfo": stated_change(change)})


def fake_forget(store: Store, taken: Any) -> None:
    name = taken.path.split("/")[1]
    commit_actions(store, name, {"commitInfo": {}}, {"remove": [taken.partition]})


class Serial:
    """The pool's stand-in: one after the other, so that a seed says everything."""

    def __init__(self, _: int) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        return map(work, items)


class World:
    """What the current history shares: its draw, and who may go on."""

    draw: random.Random
    turns: Turns


class Clock:
    """Jumps as it likes."""

    @classmethod
    def now(cls, _: Any = None) -> datetime:
        return EPOCH + timedelta(days=World.draw.uniform(-400, 400))


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's modules on the current fake disk."""

    def sync(paths: Iterable[Any]) -> None:
        FakePath.disk.sync(FakePath.of(path) for path in paths)

    for module in (artifacts, intents, publications, publish, quarantine, recovery):
        monkeypatch.setattr(module, "sync", sync)
    for module in (tables, recovery, intents):
        monkeypatch.setattr(module, "partitions", fake_partitions)
    for module in (tables, recovery):
        monkeypatch.setattr(module, "committed_files", fake_files)
    for module in (recovery, intents):
        monkeypatch.setattr(module, "TABLES", FEW)
    monkeypatch.setattr(tables, "commit", fake_commit)
    monkeypatch.setattr(publications, "append", fake_append)
    monkeypatch.setattr(registry, "append_change", fake_append_change)
    for module in (publications, registry, recovery):
        monkeypatch.setattr(module, "deciding", lambda _: World.turns.hold("registry"))
    monkeypatch.setattr(recovery, "_forget", fake_forget)
    monkeypatch.setattr(publish, "ThreadPoolExecutor", Serial)
    monkeypatch.setattr(publish, "datetime", Clock)


def content(name: str, partition: str) -> bytes:
    return hashlib.sha256(f"{name} {partition}".encode()).hexdigest().encode() * 3


def train(store: Store, run: str, data: str) -> None:
    """Publish a run: two tables and an artifact."""
    artifact = StagedArtifact(store, "factors", run)
    directory = artifact.begin()
    (directory / "a.bin").write_bytes(content("a.bin", run))
    artifact.seal(kind="factors", created=EPOCH, description="", media_types={"a.bin": "x/y"})

    def stage(wanted: Any, values: Any) -> list[Staged]:
        staged = []
        for name in wanted:
            partition = values[TABLES[name].partition]
            file = FakePath.of(store.table(name) / f"{TABLES[name].partition}={partition}" / run / "part.parquet")
            file.parent.mkdir(parents=True)
            file.write_bytes(content(name, partition))
            staged.append(Staged(TABLES[name], partition, (file,)))  # type: ignore[arg-type]  # a path of the fake disk
        return staged

    results: Any = Results(run, "factors", data, {"targets": None}, {"runs": None}, (artifact,))
    publish.publish(results, store, stage, SteppingReport())


def look(store: Store) -> dict[str, str | None]:
    """What a reader makes of every run that it sees: None for a whole one, else the problem; anything else fails."""
    seen: dict[str, str | None] = {}
    for commit in commits(store):
        if commit.publication is None and commit.change is not None:
            continue
        if commit.publication is None:
            seen[f"version {commit.version}"] = commit.problem
            continue
        one = commit.publication
        for name, version in one.tables.items():
            partition = getattr(one, str(TABLES[name].partition))
            files = [path for path, kept in live(store, name, version).items() if kept == partition]
            assert files, (one.run, name)
            for path in files:
                assert FakePath.of(store.table(name) / path).read_bytes() == content(name, partition), (one.run, name)
        for name, label in one.artifacts.items():
            directory = FakePath.of(store.artifact(name, label))
            text = (directory / "manifest.json").read_bytes()
            assert hashlib.sha256(text).hexdigest() == one.manifests[name], one.run
            for file in Manifest.model_validate_json(text).files:
                assert hashlib.sha256((directory / file.name).read_bytes()).hexdigest() == file.sha256, one.run
        seen[one.run] = None
    return seen


def note(store: Store, run: str, text: str) -> None:
    """Change the registry alone: a note on a run, which keeps the notes on others."""
    registry.change_registry(store, lambda _: Change(EPOCH, marks={run: Marks(note=text)}))


def live_through(seed: int) -> None:
    """One history: up to three times one or two trainers, each stopped, refused something or let through; then a good one."""
    World.draw = draw = random.Random(seed)  # noqa: S311 - histories, not keys
    World.turns = Turns(draw)
    FakePath.disk = disk = FakeDisk(draw)
    disk.before_step = World.turns.step
    store = Store(FakePath.of("/state/store"))  # type: ignore[arg-type]  # a path of the fake disk
    FakePath.of("/state").mkdir()
    disk.sync([FakePath.of("/"), FakePath.of("/state")])
    told: list[str] = []
    noted: dict[str, str] = {}

    def work(run: str, data: str) -> None:
        """A trainer: it starts, publishes a run, and notes something on it."""
        with World.turns.hold("publication"):
            recovery.recover(store)
        with World.turns.hold("publication"):
            train(store, run, data)
        told.append(run)
        note(store, run, f"of {run}")
        noted[run] = f"of {run}"

    def stopped(end: str, run: str, data: str) -> None:
        """The same, of which a kill ends one, and a loss of power all; who is refused something has a failed job."""
        try:
            work(run, data)
        except Crash:
            if end == "kill":
                disk.steps_left = -1
        except OSError:
            pass

    def read() -> None:
        seen = look(store)
        assert all(seen.get(one, "lost") is None for one in told), seen

    for attempt in range(draw.randint(1, 3)):
        end = draw.choice(("power", "kill", "refuse", "well"))
        trainers = draw.randint(1, 2)
        disk.steps_left = draw.randint(0, 90 * trainers) if end in {"power", "kill"} else -1
        disk.trouble = 0.02 if end == "refuse" else 0.0
        works = [partial(stopped, end, f"run-{attempt}-{one}", f"data-{draw.randint(1, 2)}") for one in range(trainers)]
        World.turns.run(*works, between=lambda: read() if draw.random() < 0.1 else None)
        if end == "power" and disk.steps_left == 0:
            disk.lose_power()
        disk.steps_left, disk.trouble = -1, 0.0
        read()
    work("run-last", "data-1")
    read()
    known = Registry.of(commits(store))
    assert known.names("current") == "run-last"
    assert all(known.marks_of(run).note == text for run, text in noted.items()), "what was said to be noted is noted"
    assert recovery.recover(store).paths == ()


def live_through_all(seeds: Iterable[int]) -> None:
    for seed in seeds:
        try:
            live_through(seed)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("simulated")
def test_whatever_stops_tears_or_refuses_what_was_published_is_whole_and_the_trainers_go_on() -> None:
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    live_through_all(range(HISTORIES))
    took_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    print(f"{HISTORIES} histories in {took_s:.1f} s, {cpu_s:.1f} of them on the processor")  # noqa: T201 - docs/operations.md states it


@pytest.mark.usefixtures("simulated")
def test_without_locks_two_trainers_are_found_to_disturb_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Turns, "hold", lambda *_: contextlib.nullcontext())
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whichever comes first
        live_through_all(range(300))
    assert caught.value.__notes__
