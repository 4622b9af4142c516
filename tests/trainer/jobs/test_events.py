"""Events are written whole, read in order, and survive their writer."""

import errno
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from trainer.jobs.events import EventKind, EventReader, EventReport, EventWriter, part_from_writers
from trainer.runs.report import Stage

NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


def _write(path: Path, *runs: str) -> None:
    with EventWriter(path, clock=lambda: NOW) as writer:
        for run in runs:
            writer.write(EventKind.PUBLISHED, run=run)


def test_a_reader_gets_each_event_once_with_ids_from_1(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    assert reader.read() == []
    _write(path, "r1", "r2")
    assert [(event.id, event.time, event.kind, event.data) for event in reader.read()] == [
        (1, NOW, EventKind.PUBLISHED, {"run": "r1"}),
        (2, NOW, EventKind.PUBLISHED, {"run": "r2"}),
    ]
    _write(path, "r3")
    assert [event.id for event in reader.read()] == [3]
    assert reader.read() == []


@pytest.mark.parametrize(("after", "ids"), [(0, [1, 2, 3]), (2, [3]), (3, []), (9, [])])
def test_a_reader_resumes_after_an_id(tmp_path: Path, after: int, ids: list[int]) -> None:
    path = tmp_path / "events.jsonl"
    _write(path, "r1", "r2", "r3")
    reader = EventReader(path, after=after)
    assert [event.id for event in reader.read()] == ids
    assert reader.last_id == 3


def test_an_unfinished_line_is_not_read_and_a_later_writer_removes_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    _write(path, "r1")
    with path.open("ab") as file:
        file.write(b'{"time": "2026-11-23T22:30:00+00:00", "ki')
    reader = EventReader(path)
    assert [event.data["run"] for event in reader.read()] == ["r1"]
    _write(path, "r2")
    assert [(event.id, event.data["run"]) for event in reader.read()] == [(2, "r2")]
    assert path.read_bytes().count(b"\n") == 2


def test_line_separators_inside_text_do_not_split_an_event(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    _write(path, "a\u2028b\r\nc\x85d")
    assert [event.data["run"] for event in EventReader(path).read()] == ["a\u2028b\r\nc\x85d"]


def test_a_disk_that_takes_a_line_in_parts_gets_the_whole_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, pwrite = tmp_path / "events.jsonl", os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, line, offset: pwrite(descriptor, line[:7], offset))
    _write(path, "r1", "r2")
    assert [event.data["run"] for event in EventReader(path).read()] == ["r1", "r2"]


def test_a_line_that_the_disk_refuses_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, pwrite = tmp_path / "events.jsonl", os.pwrite

    def takes_seven_bytes(descriptor: int, line: memoryview, offset: int) -> int:
        if bytes(line[:1]) != b"{":
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(descriptor, line[:7], offset)

    with EventWriter(path, clock=lambda: NOW) as writer:
        writer.write(EventKind.PUBLISHED, run="r1")
        monkeypatch.setattr(os, "pwrite", takes_seven_bytes)
        with pytest.raises(OSError, match="No space left"):
            writer.write(EventKind.PUBLISHED, run="r2")
        monkeypatch.setattr(os, "pwrite", pwrite)
        writer.write(EventKind.PUBLISHED, run="r3")
    assert [(event.id, event.data["run"]) for event in EventReader(path).read()] == [(1, "r1"), (2, "r3")]


@pytest.mark.parametrize(
    "torn",
    [
        b'{"time": "2026-11-23T22:30:00+00:00", "ki\n',
        b"\0\0\0\0\n",
        b"\xff\n",
        b"\n",
        b"[]\n",
        b'{"time": "2026-11-23T22:30:00+00:00", "kind": "of-a-later-version", "data": {}}\n',
        b'{"time": "then", "kind": "published", "data": {}}\n',
        b'{"time": "2026-11-23T22:30:00+00:00", "kind": "published"}\n',
    ],
)
@pytest.mark.parametrize("place", [lambda line, whole: [line, whole], lambda line, whole: [whole, line]], ids=["first", "last"])
def test_a_line_that_is_no_event_is_left_out_and_told(
    tmp_path: Path, torn: bytes, place: Callable[[bytes, bytes], list[bytes]]
) -> None:
    path = tmp_path / "events.jsonl"
    _write(path, "r1")
    lines = place(torn, path.read_bytes())
    path.write_bytes(b"".join(lines))
    reader = EventReader(path)
    with structlog.testing.capture_logs() as logs:
        assert [(event.id, event.data["run"]) for event in reader.read()] == [(2 - lines.index(torn), "r1")]
    assert [(entry["event"], entry["line"]) for entry in logs] == [("event_unreadable", lines.index(torn) + 1)]
    _write(path, "r2")
    assert [(event.id, event.data["run"]) for event in reader.read()] == [(3, "r2")]


class _Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_stage_is_told_when_it_begins_and_when_it_has_succeeded(tmp_path: Path) -> None:
    path, clock = tmp_path / "events.jsonl", _Clock()
    with EventWriter(path) as writer:
        report = EventReport(writer, clock_s=clock)
        with report.stage(Stage.FIT):
            clock.now_s += 1.5
        with pytest.raises(ZeroDivisionError), report.stage(Stage.WRITE):
            raise ZeroDivisionError
    assert [(event.kind, event.data) for event in EventReader(path).read()] == [
        (EventKind.STAGE_STARTED, {"stage": "fit"}),
        (EventKind.STAGE_FINISHED, {"stage": "fit", "seconds": 1.5}),
        (EventKind.STAGE_STARTED, {"stage": "write"}),
    ]


def test_progress_tells_rate_and_time_left_at_most_ten_times_a_second_and_always_the_end(tmp_path: Path) -> None:
    path, clock = tmp_path / "events.jsonl", _Clock()
    with EventWriter(path) as writer:
        report = EventReport(writer, clock_s=clock)
        with report.stage(Stage.FIT):
            for done in range(1, 101):
                clock.now_s += 0.01
                report.progress(Stage.FIT, done, 100, loss=1 / done)
    told = [event.data for event in EventReader(path).read() if event.kind is EventKind.PROGRESS]
    assert len(told) == 11
    assert told[-1] == {"stage": "fit", "done": 100, "total": 100, "loss": 0.01, "rate": 100.0, "eta_s": 0.0}
    assert told[1]["eta_s"] == pytest.approx(0.9, abs=0.1)


def test_a_writer_that_nobody_can_end_overwrites_nothing_of_the_next(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    with EventWriter(path) as lost:
        lost.write(EventKind.DEVICE, device="cpu")
        assert len(reader.read()) == 1
        part_from_writers(path)
        _write(path, "r2")
        lost.write(EventKind.PUBLISHED, run="the lost one's, which is a longer line than what has come since")
        _write(path, "r3")
    assert [(event.id, event.data["run"]) for event in reader.read()] == [(2, "r2"), (3, "r3")]
    assert [event.id for event in EventReader(path).read()] == [1, 2, 3]


def test_what_is_told_while_writers_are_parted_from_the_file_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    _write(path, "r1")
    copied = shutil.copyfileobj
    with EventWriter(path) as lost:

        def told_meanwhile(*files: Any) -> None:
            copied(*files)
            lost.write(EventKind.PUBLISHED, run="r2")

        monkeypatch.setattr(shutil, "copyfileobj", told_meanwhile)
        part_from_writers(path)
    assert [event.data["run"] for event in EventReader(path).read()] == ["r1", "r2"]


def test_a_file_that_is_not_there_has_no_writers_to_part_from(tmp_path: Path) -> None:
    part_from_writers(tmp_path / "events.jsonl")
    assert list(tmp_path.iterdir()) == []
