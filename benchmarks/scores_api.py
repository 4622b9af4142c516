"""Requests a second of the scores API, beside a hello-world FastAPI application on the same server in the same run.

    python benchmarks/scores_api.py [--seconds 3] [--rounds 3] [--fragments 10000] [--shown 3400]

Two stores are built: the seed's five fragments, and one as large as chembl5. Addresses are asked on 127.0.0.1 by `wrk`
(Debian's package; without it by a small asyncio client), in rounds that alternate with the hello world, so that a busy machine
slows both. The ratio is the median over the rounds; "by CPU" compares requests per CPU second of the servers in their best
rounds, which other programs disturb least. No answer is kept between requests: each costs what a first one does. Predictions
are asked one after another, each of one molecule and all targets, of a posterior as large as chembl5's: half of them are
answered within the first number.
"""

import argparse
import asyncio
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "shared" / "src"))  # published.py beside this is no package

from tests.support.posteriors import drawn
from tests.support.store import Contents, Publisher, five_fragments, many_fragments

from contracts.kinds import Objective
from contracts.predictions import FILE
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.onnx.prediction_graph import export_predictor
from trainer.factorization.predictor import Predictor

CONNECTIONS = 64
MOLECULES = (
    "Oc1ccccc1C(=O)OC",
    "NC(=O)c1ccc(cc1)N2CCOCC2",
    "Nc1ncnc2n(cnc12)C3CCCC3",
    "OC(=O)Cc1ccccc1Nc2c(Cl)cccc2Cl",
    "Oc1ccc2[nH]cc(CCN(C)C)c2c1",
    "NS(=O)(=O)c1ccc(cc1)C2=CC=NN2c3ccc(C)cc3",
    "OC1CCN(CC1)C(=O)c2ccc3OCOc3c2",
    "N1CCN(CC1)c2ncc(F)cc2C#N",
)
"""Ends of molecules; each is asked with chains of seven lengths."""
TICKS = os.sysconf("SC_CLK_TCK")
HELLO = """
import sys
from fastapi import FastAPI
from servicekit.server import serve
app = FastAPI()
@app.get("/")
async def root():
    return {"message": "Hello World"}
serve(app, host="127.0.0.1", port=int(sys.argv[1]))
"""


@dataclass(frozen=True)
class Measurement:
    """What one round gave."""

    requests_per_s: float
    requests_per_cpu_s: float


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """CPU time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mb(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024

    def measure(self, path: str, seconds: int) -> Measurement:
        """Ask one address as often as possible."""
        used_s = self.cpu_s()
        ask = _wrk if shutil.which("wrk") else _ask
        count, lasted_s = ask(self.port, path, seconds)
        return Measurement(count / lasted_s, count / (self.cpu_s() - used_s))


def _wrk(port: int, path: str, seconds: int) -> tuple[int, float]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", f"http://127.0.0.1:{port}{path}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"{path} was not answered:\n{said}")
    count, lasted_s = re.findall(r"(\d+) requests in ([\d.]+)s", said)[0]
    return int(count), float(lasted_s)


def _ask(port: int, path: str, seconds: int) -> tuple[int, float]:
    return asyncio.run(_ask_together(port, path, seconds))


async def _ask_together(port: int, path: str, seconds: int) -> tuple[int, float]:
    ends_s = time.monotonic() + seconds

    async def ask() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
        count = 0
        while time.monotonic() < ends_s:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                raise RuntimeError(head.decode())
            await reader.readexactly(int(re.findall(rb"content-length: (\d+)", head)[0]))
            count += 1
        writer.close()
        return count

    return sum(await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))), seconds


@contextmanager
def running(command: list[str], path: str, **environment: str) -> Iterator[Server]:
    """A server on a free port, ended afterwards; `{port}` in the command is replaced."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, **environment, "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    command = [part.replace("{port}", str(port)) for part in command]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            _await(f"http://127.0.0.1:{port}{path}")
            yield Server(port, process.pid)
        finally:
            process.terminate()


def _await(address: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(address, timeout=60):  # noqa: S310 - our own server on 127.0.0.1
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(address)


@contextmanager
def published(contents: Contents) -> Iterator[Server]:
    """The scores API over a store that holds one run."""
    with tempfile.TemporaryDirectory() as state:
        Publisher(Path(state)).publish(contents, objective=Objective.ACTIVITY if FILE in contents.files else Objective.COUNTS)
        command = [str(Path(sys.executable).with_name("ntdemo-scores-api"))]
        with running(command, "/readyz", NTDEMO_STATE=state) as server:
            yield server


def compare(hello: Server, server: Server, paths: list[tuple[str, str, float]], *, seconds: int, rounds: int) -> None:
    """Print one line an address."""
    for title, path, target in paths:
        pairs = [(hello.measure("/", seconds), server.measure(path, seconds)) for _ in range(rounds)]
        ratio = statistics.median(ours.requests_per_s / theirs.requests_per_s for theirs, ours in pairs)
        ours_s = statistics.median(ours.requests_per_s for _, ours in pairs)
        hello_s = statistics.median(theirs.requests_per_s for theirs, _ in pairs)
        by_cpu = max(ours.requests_per_cpu_s for _, ours in pairs) / max(theirs.requests_per_cpu_s for theirs, _ in pairs)
        print(
            f"{title:44} {ours_s:7.0f}/s  hello {hello_s:7.0f}/s  ratio {ratio:5.2f}  by CPU {by_cpu:5.2f}"
            + (f"  target {target}" if target else "")
        )


def routes(fragment: str) -> list[tuple[str, str, float]]:
    """Title, address and target of what is asked about a fragment."""
    neighbours = f"/v1/fragments/{fragment}/neighbours"
    return [
        ("fragment", f"/v1/fragments/{fragment}", 0.6),
        ("10 neighbours", neighbours, 0.6),
        ("100 neighbours", f"{neighbours}?limit=100", 0.3),
        ("20 fragments", "/v1/fragments?limit=20", 0.6),
        ("search", "/v1/fragments?query=C%23N&limit=20", 0.6),
        ("run", "/v1/runs/current", 0.6),
    ]


def predicting(contents: Contents) -> Contents:
    """The same with a posterior of the activity model: 48 draws of rank 32."""
    targets: list[str] = contents.facts["targets"]["name"].to_pylist()
    draws = drawn(48, fragments=len(contents.names), targets=len(targets), rank=32)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / FILE
        predictor = Predictor.from_posterior(Posterior(draws, centre=6.5, binary=False))
        export_predictor(predictor, path, fragments=contents.names, targets=targets, run="benchmark")
        return replace(contents, files={FILE: path.read_bytes()})


def predict(server: Server, count: int) -> None:
    """Print how long one molecule takes: half and nineteen of twenty of `count`, and the processor's time."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)

    def ask(number: int) -> float:
        body = json.dumps({"compounds": [{"smiles": f"{'C' * (number % 7 + 1)}{MOLECULES[number % len(MOLECULES)]}"}]})
        began_s = time.perf_counter()
        connection.request("POST", "/v1/predictions", body, {"content-type": "application/json"})
        response = connection.getresponse()
        said = response.read()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(said.decode())
        return 1000 * (time.perf_counter() - began_s)

    for number in range(20):
        ask(number)
    used_s = server.cpu_s()
    lasted_ms = sorted(ask(number) for number in range(count))
    cpu_ms = 1000 * (server.cpu_s() - used_s) / count
    half, most = lasted_ms[count // 2], lasted_ms[count * 19 // 20]
    print(f"{'one SMILES, all targets':44} p50 {half:5.1f} ms  p95 {most:5.1f} ms  CPU {cpu_ms:.1f} ms  target p50 10")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fragments", type=int, default=10_000)
    parser.add_argument("--shown", type=int, default=3_400)
    options = parser.parse_args()
    bounds = {"seconds": options.seconds, "rounds": options.rounds}
    many = many_fragments(options.fragments, shown=options.shown, targets=610, rank=16)
    with running([sys.executable, "-c", HELLO, "{port}"], "/") as hello:
        with published(five_fragments()) as server:
            print("five fragments")
            compare(hello, server, [("/cosine/score", "/cosine/score", 0.9), *routes("fA")], **bounds)
            print(f"resident: {server.resident_mb():.0f} MB")
        print(f"{options.fragments} fragments, {options.shown} shown")
        with published(predicting(many)) as server:
            predict(server, 200)
        with published(many) as server:
            compare(hello, server, routes(quote(many.names[many.shown[0]], safe="")), **bounds)
            print(f"resident: {server.resident_mb():.0f} MB, target 200")


if __name__ == "__main__":
    main()
