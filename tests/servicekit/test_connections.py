"""Connections: silent, slow, endless and far too many ones; the next client is answered all the same. Bounded, on loopback."""

import resource
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from tests.support.ports import free_ports
from tests.support.readable import readable

APP = """
    import resource, sys
    if len(sys.argv) > 2:
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), int(sys.argv[2])))
    from fastapi import FastAPI, Request
    from fastapi.responses import Response
    from servicekit import connections, logs, server
    from servicekit.application import create_application

    async def ready():
        return {}

    app = create_application(
        title="kettle", version="1", summary="", description="", ready=ready, problem_types=()
    )

    @app.post("/boil")
    async def boil(request: Request) -> int:
        return len(await request.body())

    @app.get("/steam")
    async def steam() -> Response:
        return Response(b"s" * 2**24)

    bounds = connections.Bounds
    server.Bounds = lambda connections: bounds(connections=connections, head_s=2.0, body_s=2.0, answer_s=2.0)
    logs.configure("text", "warning")
    server.serve(app, host="127.0.0.1", port=int(sys.argv[1]))
"""
HEAD = b"POST /boil HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


class Server:
    """A server in a process of its own."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.log = log

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def memory_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def answers_within_s(self) -> float:
        """How long a new client waits."""
        began_s = time.monotonic()
        with httpx.Client(trust_env=False, timeout=10) as client:
            assert client.get(f"{self.url}/healthz").status_code == 200
        return time.monotonic() - began_s


@contextmanager
def serving(tmp: Path, *arguments: str) -> Iterator[Server]:
    (port,) = free_ports(1)
    command = [sys.executable, "-c", textwrap.dedent(APP), str(port), *arguments]
    with (tmp / f"{port}.log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        server = Server(port, process, tmp / f"{port}.log")
        try:
            deadline_s = time.monotonic() + 30
            while True:
                try:
                    server.answers_within_s()
                    break
                except httpx.TransportError:
                    assert process.poll() is None
                    assert time.monotonic() < deadline_s
                    time.sleep(0.05)
            yield server
        finally:
            process.send_signal(signal.SIGKILL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("log"), "1024") as server:
        yield server


def said(connection: socket.socket, within_s: float = 10) -> bytes:
    """Everything until the server ends the connection, which it does in time."""
    data, deadline_s = b"", time.monotonic() + within_s
    while True:
        ready = readable([connection], max(0.0, deadline_s - time.monotonic()))
        assert ready, f"still open after {within_s} s: {data[:200]!r}"
        try:
            chunk = connection.recv(2**16)
        except ConnectionResetError:
            return data
        if not chunk:
            return data
        data += chunk


def test_who_says_nothing_is_left_in_time(server: Server) -> None:
    with server.connect() as silent:
        assert said(silent) == b""


def test_a_head_that_drips_is_refused_however_often_it_drips(server: Server) -> None:
    with server.connect() as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\n")
        for number in range(30):
            try:
                slow.sendall(b"x-drop-%d: 1\r\n" % number)
            except OSError:
                break
            if readable([slow], 0.3):
                break
        assert said(slow).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_nobody_wanted_is_no_head_of_the_next_request(server: Server) -> None:
    with server.connect() as client:
        client.sendall(b"POST /nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n")
        assert client.recv(2**16).startswith(b"HTTP/1.1 404 ")
        for _ in range(10):
            client.sendall(b"x" * 10_000)
        client.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        assert b"HTTP/1.1 200 " in said(client)


def test_a_body_that_nobody_wanted_and_that_stops_coming_ends_the_connection(server: Server) -> None:
    with server.connect() as client:
        client.sendall(b"POST /nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n" + b"x" * 1000)
        assert said(client).count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("size_bytes", [40_000, 20_000_000])
def test_headers_without_end_are_refused_before_they_fill_the_memory(server: Server, size_bytes: int) -> None:
    before = server.memory_bytes()
    with server.connect() as large:
        try:
            large.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ")
            for _ in range(size_bytes // 10_000):
                large.sendall(b"y" * 10_000)
        except OSError:
            return  # it was ended while we spoke
        finally:
            assert server.memory_bytes() < before + 2**24
        large.sendall(b"\r\n\r\n")
        assert said(large).startswith(b"HTTP/1.1 431 ")


def test_a_body_that_drips_is_ended(server: Server) -> None:
    with server.connect() as slow:
        slow.sendall(HEAD + b"content-length: 1000\r\n\r\n")
        began_s = time.monotonic()
        for _ in range(60):
            try:
                slow.sendall(b" ")
            except OSError:
                break
            if readable([slow], 0.2):
                break
        assert said(slow).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began_s < 8


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_100_mb_is_refused_and_not_kept(server: Server, chunked: bool) -> None:  # noqa: FBT001 - parametrized
    before = server.memory_bytes()

    def body() -> Iterator[bytes]:
        for _ in range(100):
            yield b"1" * 2**20

    headers = {"content-type": "application/json"} | ({} if chunked else {"content-length": str(100 * 2**20)})
    with httpx.Client(trust_env=False, timeout=20) as client:
        try:
            answer = client.post(f"{server.url}/boil", content=body(), headers=headers)
        except httpx.TransportError:
            pass  # it was ended while we spoke
        else:
            assert answer.status_code == 413
            assert answer.json()["type"] == "/problems/content-too-large"
    assert server.memory_bytes() < before + 2**25
    assert server.answers_within_s() < 1


def test_who_does_not_take_an_answer_is_left_in_time(server: Server) -> None:
    with server.connect() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(b"GET /steam HTTP/1.1\r\nhost: localhost\r\n\r\n")
        time.sleep(5)
        assert len(said(deaf)) < 2**24


def flood(server: Server, count: int, say: bytes) -> None:
    """Open `count` connections that say a word and wait; after them, and while they wait, the next client is answered."""
    idle = server.memory_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 500), hard))
    try:
        with ExitStack() as stack:
            connections = [stack.enter_context(socket.socket()) for _ in range(count)]
            for connection in connections:
                connection.setblocking(False)
                connection.connect_ex(("127.0.0.1", server.port))
            for connection in connections if say else ():
                with suppress(OSError):  # it is not taken yet, or gave way already
                    connection.send(say)
            assert server.answers_within_s() < 1
            assert server.memory_bytes() < 2 * idle
            assert server.files() < 1024
        assert server.answers_within_s() < 1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("say", [b"", b"GET / HT", HEAD + b"content-length: 9000\r\n\r\n{"], ids=["silent", "heads", "bodies"])
def test_2000_connections_at_1024_files_leave_the_next_client_an_answer_within_a_second(server: Server, say: bytes) -> None:
    flood(server, 2_000, say)
    assert "Traceback" not in server.log.read_text()


@pytest.mark.slow
def test_10000_connections_leave_the_next_client_an_answer_within_a_second(server: Server) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 10_500:
        pytest.skip("this process may not open 10,500 files")
    flood(server, 10_000, b"GET / HT")
