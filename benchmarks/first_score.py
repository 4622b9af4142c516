"""How long a user waits: from the start of everything to the first score, at first, again, and with a real assay table.

    .venv/bin/python benchmarks/first_score.py [--data ../shared/data/activity/chembl5/chembl_5thresh.csv.gz]

Times are wall seconds from the call of what `make run` calls after its installation; nothing else should be running. On a busy
machine look at the CPU seconds, which are those of all services together.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.ports import free_ports

ROOT = Path(__file__).parents[1]
PORTS = ("NTDEMO_PORT", "TRAINER_PORT", "VIZ_DASH_PORT", "VIZ_BOKEH_PORT", "CHATBOT_PORT")
GIVE_UP_S = 600


@dataclass(frozen=True)
class Start:
    """All services, starting."""

    api: str
    process: subprocess.Popen[bytes]
    begun_s: float

    def answers(self, path: str) -> float:
        """Seconds from the start until the API answers `path`."""
        while time.monotonic() < self.begun_s + GIVE_UP_S:
            if self.process.poll() is not None:
                raise RuntimeError(f"the start ended with {self.process.returncode}")
            try:
                if httpx.get(self.api + path, timeout=60, trust_env=False).status_code == httpx.codes.OK:
                    return time.monotonic() - self.begun_s
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise TimeoutError(path)

    def cpu_s(self) -> float:
        """CPU time so far of all processes that this start has begun, ended ones as well."""
        ticks = 0
        for directory in self._processes():
            with suppress(OSError):
                fields = (directory / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
                ticks += sum(int(field) for field in fields[11:15])  # its own, and of children it has waited for
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_mb(self, command: str) -> float:
        """Resident memory of the service whose command line ends with `command`."""
        for directory in self._processes():
            with suppress(OSError):
                words = (directory / "cmdline").read_bytes().decode().split("\0")
                if any(word.endswith(f"/{command}") for word in words):
                    stated = (directory / "status").read_text(encoding="ascii")
                    return int(re.findall(r"VmRSS:\s+(\d+) kB", stated)[0]) / 1024
        raise RuntimeError(f"no {command} runs")

    def _processes(self) -> list[Path]:
        """Of this start, by their directories in /proc."""
        parents: dict[int, int] = {}
        for directory in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                stat = (directory / "stat").read_text(encoding="ascii", errors="replace")
                parents[int(directory.name)] = int(stat.rpartition(")")[2].split()[1])
        family = {self.process.pid}
        while grown := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= grown
        return [Path(f"/proc/{pid}") for pid in family]


@contextmanager
def start(state: Path, **environment: str) -> Iterator[Start]:
    """Everything that `make run` starts, on free ports; stopped as by Ctrl-C."""
    ports = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
    begun_s = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "tools/run.py"],
        cwd=ROOT,
        env={**os.environ, "NTDEMO_STATE": str(state), **ports, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield Start(f"http://127.0.0.1:{ports['NTDEMO_PORT']}", process, begun_s)
        finally:
            process.send_signal(signal.SIGINT)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a table to train on as well; molecules that cannot be used are left out")
    data = parser.parse_args().data
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the services end with this
    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory)
        for title, wanted in (("first start, built-in data", ", target 20"), ("second start", "")):
            with start(state, NTDEMO_DATA="") as begun:
                first_s = begun.answers("/cosine/score")
                print(f"{title}: first score after {first_s:.1f} s{wanted}; {begun.cpu_s():.1f} CPU s of all services")
    if data is not None:
        with (
            tempfile.TemporaryDirectory() as directory,
            start(Path(directory), NTDEMO_DATA=str(data.resolve()), NTDEMO_ON_ERROR="skip") as begun,
        ):
            begun.answers("/readyz")
            first = httpx.get(f"{begun.api}/v1/fragments?limit=1", trust_env=False).json()["items"][0]
            served_s = begun.answers(f"/v1/fragments/{quote(first['name'], safe='')}/neighbours")
            print(f"{data.name}: file to served neighbours {served_s:.1f} s, target 90; {begun.cpu_s():.1f} CPU s")
            print(f"the scores API holds {begun.resident_mb('ntdemo-scores-api'):.0f} MB, target 200")


if __name__ == "__main__":
    main()
