"""The real commands at 1,024 open files under 2,000 silent connections: the next client is answered, and all is as before."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready

FILES = 1024
CONNECTIONS = 2_000
ANSWERED_WITHIN_S = 2.0
PATIENCE_S = 30.0
WORDS = {"silent": b"", "heads": b"GET / HT"}

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Flooded:
    """A command of the product, and the ports that it serves."""

    command: str
    served: Served
    ports: tuple[int, ...]

    @property
    def process(self) -> Path:
        assert self.served.process is not None
        return Path(f"/proc/{self.served.process.pid}")

    def memory_bytes(self) -> int:
        return int((self.process / "statm").read_text().split()[1]) * resource.getpagesize()

    def files(self) -> int:
        return len(list((self.process / "fd").iterdir()))

    def answer_s(self) -> float:
        """The longest that a new client of a port waits."""
        longest_s = 0.0
        for port in self.ports:
            with httpx.Client(trust_env=False, timeout=PATIENCE_S) as client:
                began_s = time.monotonic()
                answer = client.get(f"http://127.0.0.1:{port}/healthz")
                longest_s = max(longest_s, time.monotonic() - began_s)
            assert answer.status_code == httpx.codes.OK, answer.text
        return longest_s


PORTS = {
    "ntdemo-scores-api": ("NTDEMO_PORT",),
    "ntdemo-chatbot": ("CHATBOT_PORT",),
    "ntdemo-viz": ("VIZ_DASH_PORT", "VIZ_BOKEH_PORT"),
    "ntdemo-trainer": ("TRAINER_PORT",),
}


@pytest.fixture(scope="module", params=PORTS)
def flooded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flooded]:
    folder = tmp_path_factory.mktemp("flooded")
    names = PORTS[request.param]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    environment = {
        **dict.fromkeys(("NTDEMO_HOST", "CHATBOT_HOST", "VIZ_HOST", "TRAINER_HOST"), "127.0.0.1"),
        **{name: str(port) for name, port in ports.items()},
        "NTDEMO_STATE": str(folder / "state"),
    }
    served = Served(request.param, folder / "log", environment, f"http://127.0.0.1:{ports[names[0]]}", files=FILES)
    with served:
        wait_until_ready(served, "/healthz")
        one = Flooded(request.param, served, tuple(ports.values()))
        one.answer_s()
        yield one


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may hold its own ends of the connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this process may not open {wanted:,} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("word", WORDS)
def test_2000_connections_to_each_port_of_a_command_leave_the_next_client_an_answer(
    flooded: Flooded, many_files: None, word: str
) -> None:
    idle_bytes, idle_files = flooded.memory_bytes(), flooded.files()
    with ExitStack() as stack:
        connections = []
        for _ in range(CONNECTIONS):  # to all ports by turns: they share the files of one process
            for port in flooded.ports:
                connection = stack.enter_context(socket.socket())
                connection.setblocking(False)
                connection.connect_ex(("127.0.0.1", port))
                connections.append(connection)
        if WORDS[word]:
            for connection in connections:
                with suppress(OSError):  # it is not taken yet, or gave way already
                    connection.send(WORDS[word])
        waited_s, files, taken_bytes = flooded.answer_s(), flooded.files(), flooded.memory_bytes()
    after_s = flooded.answer_s()
    deadline_s = time.monotonic() + PATIENCE_S
    while flooded.files() > idle_files + 5:
        assert time.monotonic() < deadline_s, f"{flooded.files()} files stay open of {idle_files}"
        time.sleep(0.1)
    print(  # noqa: T201 - the figures
        f"{flooded.command} {word}: answered in {waited_s:.3f} s, "
        f"afterwards in {after_s:.3f} s; files {idle_files} -> {files}; memory {idle_bytes:,} -> {taken_bytes:,} bytes"
    )
    assert waited_s < ANSWERED_WITHIN_S
    assert after_s < ANSWERED_WITHIN_S
    assert files < FILES
    assert taken_bytes <= 2 * idle_bytes
    said = flooded.served.log.read_text()
    assert "Traceback" not in said
    assert "Too many open files" not in said
