"""Mixed load on the scores API for a long time at a share of what it can, with a publication a minute: what readers feel of it.

    python benchmarks/soak.py [--minutes 15] [--share 0.8] [--every 60] [--fragments 10000] [--shown 1400] [--nice 0]

First the most requests a second: as many as are answered while each of 16 connections asks again at once. Then requests come at
their times whether or not others were answered; how long one takes counts from its time on, and so tells of waiting as well.
Meanwhile runs of the same size are published by another process. Memory is that of the server with its helpers, between the
second fifth and the last. Load, server and publications share one machine: what else works there is in the numbers. To make up
a run of the usual size takes six CPU seconds; with `--nice 19` these are what load and server leave, as if a trainer were
elsewhere.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "shared" / "src"))  # published.py beside this is no package

from benchmarks.scores_api import MOLECULES, Server, predicting, running
from tests.support.store import Contents, Publisher, many_fragments

from contracts.kinds import Objective

CONNECTIONS: Final = 16
OPEN_CONNECTIONS: Final = 64
WARM_S: Final = 10
LOOK_S: Final = 5
LONG_S: Final = 0.2
CURRENT: Final = b"GET /v1/runs/current HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SEEN_S: Final = 1.0
"""How long after the first answer of a new run reads still count as beside its publication."""


def requests(contents: Contents, model: str) -> list[bytes]:
    """The mix: what pages and clients ask, as often as they do; predictions are of the run `model`."""
    draw = random.Random(0)  # noqa: S311 - a load
    shown = [quote(contents.names[place], safe="") for place in contents.shown]
    drawn = [quote(f"{'C' * length}{end}", safe="") for length in range(1, 50) for end in MOLECULES]

    def get(path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()

    def predict(number: int) -> bytes:
        body = json.dumps({"compounds": [{"smiles": MOLECULES[number % len(MOLECULES)]}], "limit": 10})
        head = f"POST /v1/predictions?run={model} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()

    mix: list[bytes] = []
    for number in range(1000):
        name = draw.choice(shown)
        mix += [get(f"/v1/fragments/{name}/neighbours?limit=20")] * 8 + [get(f"/v1/fragments/{name}")] * 5
        mix += [get(f"/v1/fragments?limit=20&query={query}") for query in ("C%23N", "", "Cl")]
        mix += [get("/v1/runs/current")] * 2 + [get(f"/v1/drawings?smiles={drawn[number % len(drawn)]}")]
        mix.append(predict(number))
    draw.shuffle(mix)
    return mix


@dataclass
class Load:
    """What was answered: when each request was due, and how long it took from then."""

    due_s: list[float] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Refused(Exception):
    """The server answered something else than 200; the message is what."""


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """The answer's body.

    Raises:
        Refused: its status is none of success.
    """
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = b""
    if stated := re.search(rb"\r\ncontent-length: (\d+)", head):
        body = await reader.readexactly(int(stated[1]))
    else:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
    if not head.startswith(b"http/1.1 200"):
        raise Refused(f"{request.splitlines()[0].decode()}: {body[:300].decode()}")
    return body


async def most(port: int, mix: Sequence[bytes], seconds: float) -> float:
    """Requests a second while each connection asks again at once."""
    count, ends_s = 0, time.monotonic() + seconds

    async def ask(first: int) -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        place = first
        while time.monotonic() < ends_s:
            await _ask(reader, writer, mix[place % len(mix)])
            count, place = count + 1, place + CONNECTIONS
        writer.close()

    began_s = time.monotonic()
    await asyncio.gather(*(ask(first) for first in range(CONNECTIONS)))
    return count / (time.monotonic() - began_s)


async def steady(port: int, mix: Sequence[bytes], rate: float, seconds: float) -> Load:
    """Ask `rate` times a second, each at its time."""
    load, began_s, number = Load(), time.monotonic(), 0

    async def ask() -> None:
        nonlocal number
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        while (mine := number) < rate * seconds:
            number += 1
            due_s = began_s + mine / rate
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            try:
                await _ask(reader, writer, mix[mine % len(mix)])
            except Refused as refused:
                load.failures.append(str(refused))
            except (OSError, asyncio.IncompleteReadError) as error:
                load.failures.append(repr(error))
                reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
            load.due_s.append(due_s)
            load.took_s.append(time.monotonic() - due_s)
        writer.close()

    await asyncio.gather(*(ask() for _ in range(OPEN_CONNECTIONS)))
    return load


def publisher_process(state: str, contents: Contents, told: Connection, nice: int) -> None:
    """Publishes a run with a model, then one of counts whenever it is told a number; answers each run's id."""
    os.nice(nice)
    publisher = Publisher(Path(state))
    told.send(publisher.publish(predicting(contents), objective=Objective.ACTIVITY))
    while (number := told.recv()) is not None:
        told.send(publisher.publish(contents.scaled(1.0 + number)))


async def publish(port: int, told: Connection, every_s: float, ends_s: float) -> list[tuple[float, float]]:
    """From when to when each publication lasted, until its run was answered."""
    windows: list[tuple[float, float]] = []
    while time.monotonic() + every_s < ends_s:
        await asyncio.sleep(every_s)
        began_s, seen = time.monotonic(), None
        told.send(len(windows) + 1)
        run = await asyncio.to_thread(told.recv)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        while seen != run:
            seen = json.loads(await _ask(reader, writer, CURRENT))["id"]
        writer.close()
        windows.append((began_s, time.monotonic() + SEEN_S))
    return windows


async def look(server: Server, ends_s: float) -> list[float]:
    """Resident memory of the server and its helpers in MB, every few seconds."""
    found = []
    while time.monotonic() < ends_s:
        found.append(server.resident_mb() + sum(Server(0, pid).resident_mb() for pid in _children(server.pid)))
        await asyncio.sleep(LOOK_S)
    return found


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [each for child in map(int, listed) for each in (child, *_children(child))]


def report(load: Load, windows: Sequence[tuple[float, float]], memory_mb: Sequence[float]) -> None:
    """Print it."""
    took_ms = sorted(1000 * took for took in load.took_s)
    half, rare = took_ms[len(took_ms) // 2], took_ms[len(took_ms) * 99 // 100]
    print(f"{len(took_ms)} requests, {len(load.failures)} failed {sorted(set(load.failures))[:5]}")
    print(f"p50 {half:.1f} ms, p99 {rare:.1f} ms ({rare / half:.1f} times p50), longest {took_ms[-1]:.0f} ms")
    beside = [
        took for due, took in zip(load.due_s, load.took_s, strict=True) if any(begin <= due <= end for begin, end in windows)
    ]
    long = sum(took > LONG_S for took in beside), sum(took > LONG_S for took in load.took_s)
    longest = f"longest {1000 * max(beside):.0f} ms" if beside else "none"
    print(
        f"{len(windows)} publications: {len(beside)} reads beside them, {longest}; "
        f"{long[0]} of them took over {1000 * LONG_S:.0f} ms, {long[1] - long[0]} at other times"
    )
    fifth = max(1, len(memory_mb) // 5)
    before, after = statistics.median(memory_mb[fifth : 2 * fifth]), statistics.median(memory_mb[-fifth:])
    print(f"memory {before:.0f} MB, then {after:.0f} MB: {100 * (after / before - 1):+.1f} %, at most {max(memory_mb):.0f} MB")


async def soak(server: Server, mix: Sequence[bytes], told: Connection, options: argparse.Namespace) -> None:
    """Measure and print."""
    await most(server.port, mix, WARM_S)
    rate = options.share * await most(server.port, mix, WARM_S)
    print(f"at most {rate / options.share:.0f} requests a second; {rate:.0f} are asked, load average {os.getloadavg()[0]:.1f}")
    seconds = 60 * options.minutes
    used_s, began_s = server.cpu_s(), time.monotonic()
    ends_s = began_s + seconds
    load, windows, memory_mb = await asyncio.gather(
        steady(server.port, mix, rate, seconds), publish(server.port, told, options.every, ends_s), look(server, ends_s)
    )
    report(load, windows, memory_mb)
    share = (server.cpu_s() - used_s) / (time.monotonic() - began_s)
    print(f"the server had {100 * share:.0f} % of a processor, load average {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Start what is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--share", type=float, default=0.8)
    parser.add_argument("--every", type=float, default=60, help="seconds between publications")
    parser.add_argument("--fragments", type=int, default=10_000)
    parser.add_argument("--shown", type=int, default=1_400)
    parser.add_argument("--nice", type=int, default=0, help="of the process that publishes: 19 is the lowest priority")
    options = parser.parse_args()
    contents = many_fragments(options.fragments, shown=options.shown, targets=610, rank=16)
    with tempfile.TemporaryDirectory() as state:
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        publishing = context.Process(target=publisher_process, args=(state, contents, theirs, options.nice))
        publishing.start()
        model: str = ours.recv()
        ours.send(0)
        ours.recv()
        try:
            command = [str(Path(sys.executable).with_name("ntdemo-scores-api"))]
            with running(command, "/readyz", NTDEMO_STATE=state) as server:
                asyncio.run(soak(server, requests(contents, model), ours, options))
        finally:
            ours.send(None)
            publishing.join()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors, {subprocess.list2cmdline(sys.argv)}")


if __name__ == "__main__":
    main()
