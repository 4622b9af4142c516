"""What readers feel of a publication: how soon it is seen, and how long the slowest read takes meanwhile.

    python benchmarks/publication.py [--publications 5] [--fragments 10000] [--shown 1400]

A run as large as chembl5's is published again and again while one client reads as fast as it can and another waits for the new
run. Then half and nineteen of twenty of the requests of a quiet server, its memory, and how long it takes to start.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "shared" / "src"))  # published.py beside this is no package

from benchmarks.scores_api import Server, running
from tests.support.store import Contents, Publisher, many_fragments


def asked(connection: http.client.HTTPConnection, path: str) -> tuple[float, bytes]:
    """Seconds until the whole answer, and the answer."""
    began_s = time.perf_counter()
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read()
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(body.decode())
    return time.perf_counter() - began_s, body


class Reader(threading.Thread):
    """Reads neighbours until it is told to stop."""

    def __init__(self, port: int, path: str) -> None:
        super().__init__()
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._path = path
        self.stop = threading.Event()
        self.waited_s: list[float] = []

    def run(self) -> None:
        """Until `stop`."""
        while not self.stop.is_set():
            self.waited_s.append(asked(self._connection, self._path)[0])


def publish(server: Server, publisher: Publisher, contents: Contents, path: str, count: int) -> None:
    """Print how soon publications are seen, and the slowest read."""
    seen_s, slowest_s = [], []
    for number in range(count):
        reader, watcher = Reader(server.port, path), http.client.HTTPConnection("127.0.0.1", server.port)
        run = publisher.publish(contents.scaled(2.0 + number))
        began_s = time.perf_counter()  # the commit lies there: what counts is what the server makes of it
        reader.start()
        while json.loads(asked(watcher, "/v1/runs/current")[1])["id"] != run:
            time.sleep(0.002)
        seen_s.append(time.perf_counter() - began_s)
        time.sleep(0.5)
        reader.stop.set()
        reader.join()
        slowest_s.append(max(reader.waited_s))
    print(
        f"from the commit to the first answer: {1000 * statistics.median(seen_s):.0f} ms, at most {1000 * max(seen_s):.0f} ms"
    )
    print(f"slowest read meanwhile: {1000 * statistics.median(slowest_s):.0f} ms, at most {1000 * max(slowest_s):.0f} ms")


def quiet(server: Server, paths: dict[str, str], count: int = 400) -> None:
    """Print half and nineteen of twenty of each, and the memory."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    for title, path in paths.items():
        times_ms = sorted(1000 * asked(connection, path)[0] for _ in range(count))
        print(f"{title:40} p50 {times_ms[count // 2]:6.2f} ms  p95 {times_ms[count * 19 // 20]:6.2f} ms")
    print(f"resident: {server.resident_mb():.0f} MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publications", type=int, default=5)
    parser.add_argument("--fragments", type=int, default=10_000)
    parser.add_argument("--shown", type=int, default=1_400)
    options = parser.parse_args()
    contents = many_fragments(options.fragments, shown=options.shown, targets=610, rank=32)
    name = quote(contents.names[contents.shown[0]], safe="")
    neighbours = f"/v1/fragments/{name}/neighbours?limit=100"
    with tempfile.TemporaryDirectory() as state:
        publisher = Publisher(Path(state))
        publisher.publish(contents)
        command = [str(Path(sys.executable).with_name("ntdemo-scores-api"))]
        with running(command, "/readyz", NTDEMO_STATE=state) as server:
            publish(server, publisher, contents, neighbours, options.publications)
            search = "/v1/fragments?query=C%23N&limit=20"
            quiet(server, {"100 neighbours": neighbours, "search": search, "/cosine/score": "/cosine/score"})
        began_s = time.perf_counter()
        with running(command, "/readyz", NTDEMO_STATE=state):
            print(f"from the start to ready: {1000 * (time.perf_counter() - began_s):.0f} ms (asked every 100 ms)")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors, {subprocess.list2cmdline(sys.argv)}")


if __name__ == "__main__":
    main()
