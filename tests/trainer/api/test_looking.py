"""Looking: what is handed in costs the trainer's own process nothing, however it unpacks or nests."""

import asyncio
import gzip
import json
import lzma
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialogue.bundle import Language
from trainer.api.looking import Looking
from trainer.data.offences import InvalidData
from trainer.runs.ingest import IngestOptions
from trainer.runs.spec import BotSpec
from trainer.settings import Settings

PLENTY_BYTES = 64 * 2**20


def zeros(size_bytes: int) -> Iterator[bytes]:
    for _ in range(size_bytes // 2**20):
        yield bytes(2**20)


def gz(path: Path, size_bytes: int) -> Path:
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.writelines(zeros(size_bytes))
    return path


def xz(path: Path, size_bytes: int) -> Path:
    with lzma.open(path, "wb", preset=0) as file:
        file.writelines(zeros(size_bytes))
    return path


def nested(path: Path) -> Path:
    path.write_text('{"fragment_comp":' + "[" * 10_000_000)
    return path


def wide(path: Path) -> Path:
    path.write_text('{"fragment_comp": [' + "{}," * 10_000_000 + '{}], "comp_target_interaction": []}')
    return path


def memory_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def looked(looking: Looking, path: Path) -> tuple[InvalidData, float]:
    """What is said of a file as a corpus and as an upload, and the longest pause of this process meanwhile in seconds."""
    pauses_s = [0.0]

    async def beat() -> None:
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(0.01)
            pauses_s.append(time.monotonic() - before_s)

    beating = asyncio.create_task(beat())
    spec = BotSpec(kind="dialogue", language=Language.ENGLISH, corpora=(str(path),))
    look = looking.at_job(spec) if path.suffix in {".gz", ".xz"} else looking.at_upload(path)
    try:
        with pytest.raises(InvalidData) as told:
            await look
    finally:
        beating.cancel()
    return told.value, max(pauses_s)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda path: gz(path, 2**30), "talks.jsonl.gz"),
        (lambda path: xz(path, 2**30), "talks.jsonl.xz"),
        (nested, "data.json"),
        (wide, "data.json"),
    ],
    ids=["gz", "xz", "nested", "wide"],
)  # fmt: skip
def test_a_bomb_is_refused_and_the_trainer_neither_grows_nor_waits(tmp_path: Path, make: object, name: str) -> None:
    path = make(tmp_path / name)  # type: ignore[operator]
    before = memory_bytes()
    error, pause_s = asyncio.run(looked(Looking(Settings(state=tmp_path)), path))
    assert error.offences[0].reason
    assert memory_bytes() < before + PLENTY_BYTES
    assert pause_s < 1.0


def test_what_is_useful_is_let_through_and_planned(tmp_path: Path) -> None:
    table = tmp_path / "assays.csv"
    table.write_text("smiles,target,pIC50\n" + "".join(f"{'C' * n}O,T1,{5 + n % 3}\n" for n in range(1, 30)))
    looking = Looking(Settings(state=tmp_path))
    asyncio.run(looking.at_upload(table))
    plan = asyncio.run(looking.at_plan(table, IngestOptions()))
    assert plan["rows"]["rows"] == 29
    assert json.dumps(plan)
