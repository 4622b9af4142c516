"""What the chatbot costs: its start, one reply, and 32 streaming chats at once on this machine.

    python benchmarks/chatbot.py [--models services/chatbot/models] [--chats 32] [--rounds 10]

A chat is a connection of its own that sends one message after another without a pause, so all of them are always being
answered. The first token's time is from the sent request to the first piece of text, over HTTP, in a process beside the
service. The peer is the same service with `CHATBOT_ROWS=1`, which answers one chat after another. CPU time is the service's.
"""

import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.ports import free_ports

STARTS = 5
TICKS = os.sysconf("SC_CLK_TCK")
OPENINGS = {
    "en": ["How was your weekend?", "What music do you like?", "I have a cold today.", "Do you want to see a film with me?"],
    "ja": ["週末は何をしましたか？", "好きな音楽は何ですか？", "今日は風邪をひいています。", "一緒に映画を見ませんか？"],
}


@dataclass(frozen=True)
class Service:
    """A running chatbot."""

    port: int
    pid: int
    started_s: float

    def cpu_s(self) -> float:
        """Of all threads, since the start."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mb(self) -> float:
        """Now."""
        return self._memory_mb("VmRSS")

    def highest_mb(self) -> float:
        """Since the start."""
        return self._memory_mb("VmHWM")

    def _memory_mb(self, kind: str) -> float:
        return int(re.findall(rf"{kind}:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())[0]) / 1024


@dataclass(frozen=True)
class Streamed:
    """One streamed reply."""

    first_s: float
    whole_s: float
    tokens: int


@contextmanager
def service(models: Path, **settings: str) -> Iterator[Service]:
    """`ntdemo-chatbot` on a free port, once it is ready."""
    (port,) = free_ports(1)
    environment = {**os.environ, "CHATBOT_HOST": "127.0.0.1", "CHATBOT_PORT": str(port), "CHATBOT_MODELS": str(models)}
    environment |= {"NTDEMO_LOG_LEVEL": "warning", "NTDEMO_PORT": "9", "NTDEMO_HOST": "127.0.0.1", **settings}
    started_s = time.perf_counter()
    process = subprocess.Popen([str(Path(sys.executable).with_name("ntdemo-chatbot"))], env=environment)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                    break
            except OSError:
                if process.poll() is not None:
                    sys.exit(f"ntdemo-chatbot ended with status {process.returncode}")
                time.sleep(0.005)
        yield Service(port, process.pid, started_s)
    finally:
        process.terminate()
        process.wait()


async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[str, Any]) -> Streamed:
    """Ask on an open connection and read the stream to its end."""
    body = json.dumps({**asked, "stream": True, "stream_options": {"include_usage": True}}).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    started_s = time.perf_counter()
    writer.write(head.encode() + body)
    first_s = tokens = 0.0
    while True:
        line = await reader.readline()
        if not line:
            raise ConnectionError("the stream broke")
        if line.startswith(b"HTTP/1.1") and b" 200 " not in line:
            raise ConnectionError(line.decode())
        if line.startswith(b"data: {"):
            first_s = first_s or time.perf_counter() - started_s
            if b'"choices":[]' in line:
                tokens = json.loads(line[6:])["usage"]["completion_tokens"]
        elif line == b"0\r\n":
            await reader.readline()
            return Streamed(first_s, time.perf_counter() - started_s, int(tokens))


async def chat(port: int, model: str, number: int, rounds: int) -> list[Streamed]:
    """One chat, its last three turns always sent along."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    openings = OPENINGS[model.removeprefix("ntdemo-")]
    said = []
    for turn in range(rounds):
        messages = [{"role": "user", "content": openings[(number + turn) % len(openings)]}]
        if turn:
            messages = [*messages, {"role": "assistant", "content": "Well, yes. I think so too, most of the time."}, *messages]
        said.append(await stream(reader, writer, {"model": model, "messages": messages, "seed": number * 1000 + turn}))
    writer.close()
    return said


async def chats(running: Service, model: str, count: int, rounds: int) -> list[Streamed]:
    """Many at once."""
    several = await asyncio.gather(*(chat(running.port, model, number, rounds) for number in range(count)))
    return [reply for each in several for reply in each]


def percentile(values: list[float], percent: float) -> float:
    """In the order of the values, without interpolation."""
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))]


def load(models: Path, model: str, count: int, rounds: int, rows: int) -> None:
    """Print what many chats at once cost."""
    with service(models, CHATBOT_ROWS=str(rows), CHATBOT_WAITING="1000") as running:
        asyncio.run(chats(running, model, 4, 3))
        cpu_s, started_s = running.cpu_s(), time.perf_counter()
        replies = asyncio.run(chats(running, model, count, rounds))
        seconds, cpu_s = time.perf_counter() - started_s, running.cpu_s() - cpu_s
        tokens = sum(reply.tokens for reply in replies)
        first_ms = [1000 * reply.first_s for reply in replies]
        whole_ms = [1000 * reply.whole_s for reply in replies]
        print(
            f"  rows {rows:3}: {len(replies)} replies, first token p50 {statistics.median(first_ms):.0f} ms, "
            f"p95 {percentile(first_ms, 95):.0f} ms, worst {max(first_ms):.0f} ms; "
            f"whole reply p50 {statistics.median(whole_ms):.0f} ms; "
            f"{tokens / seconds:,.0f} tokens/s, {tokens / cpu_s:,.0f} tokens/CPU-s, {running.highest_mb():.0f} MB"
        )


def starts(models: Path, model: str) -> None:
    """Print what a start costs until the first whole reply: the median of several, after one that warms the disk's cache."""
    ready_s, first_s, cpu_s, resident_mb, highest_mb = [], [], [], [], []
    for _ in range(STARTS + 1):
        with service(models) as running:
            ready_s.append(time.perf_counter() - running.started_s)
            asyncio.run(chats(running, model, 1, 1))
            first_s.append(time.perf_counter() - running.started_s)
            cpu_s.append(running.cpu_s())
            resident_mb.append(running.resident_mb())
            highest_mb.append(running.highest_mb())
    ready, first, cpu, resident, highest = (
        statistics.median(values[1:]) for values in (ready_s, first_s, cpu_s, resident_mb, highest_mb)
    )
    print(
        f"  start to ready {ready:.2f} s, to the first whole reply {first:.2f} s (to reach: 1; at best {min(first_s):.2f}), "
        f"{cpu:.2f} CPU-s; {resident:.0f} MB resident (to reach: 120), {highest:.0f} at the highest"
    )


def alone(models: Path, model: str) -> None:
    """Print what one reply costs when nobody else chats."""
    with service(models) as running:
        asyncio.run(chats(running, model, 1, 10))
        cpu_s = running.cpu_s()
        replies = asyncio.run(chats(running, model, 1, 200))
        cpu_s = running.cpu_s() - cpu_s
        tokens = sum(reply.tokens for reply in replies)
        print(
            f"  one chat: first token {1000 * statistics.median(reply.first_s for reply in replies):.1f} ms, "
            f"{1e4 * cpu_s / tokens:.1f} CPU-ms for 10 tokens, HTTP and all; {tokens / len(replies):.1f} tokens a reply"
        )


def main() -> None:
    """Measure each language that there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path(__file__).parents[1] / "services" / "chatbot" / "models")
    parser.add_argument("--chats", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    for language in OPENINGS:
        if not (arguments.models / language).is_dir():
            print(f"{language}: no bundle in {arguments.models}")
            continue
        print(f"{language}, on {os.cpu_count()} cores:")
        starts(arguments.models, f"ntdemo-{language}")
        alone(arguments.models, f"ntdemo-{language}")
        for rows in (64, 1):
            load(arguments.models, f"ntdemo-{language}", arguments.chats, arguments.rounds if rows > 1 else 2, rows)


if __name__ == "__main__":
    main()
