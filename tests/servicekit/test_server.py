import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from tests.support.ports import free_ports

APP = """
    import asyncio
    import sys
    from contextlib import asynccontextmanager
    from fastapi import FastAPI
    from fastapi.responses import StreamingResponse
    from servicekit import logs
    from servicekit.server import serve

    @asynccontextmanager
    async def lifespan(app):
        if "broken" in sys.argv:
            raise RuntimeError("no water")
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def root() -> str:
        return "boiling"

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def drops():
            while True:
                yield "drop "
                await asyncio.sleep(0.05)

        return StreamingResponse(drops())

    logs.configure("text", "info")
    serve(app, host=sys.argv[1], port=int(sys.argv[2]))
"""


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", textwrap.dedent(APP), *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def until_answered(url: str) -> httpx.Response:
    deadline_s = time.monotonic() + 30
    while True:
        try:
            return httpx.get(url, trust_env=False)
        except httpx.TransportError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_it_serves_and_ends_on_interrupt_with_status_0_and_no_traceback(host: str) -> None:
    (port,) = free_ports(1)
    with started(host, str(port)) as process:
        response = until_answered(f"http://127.0.0.1:{port}/")
        assert response.json() == "boiling"
        assert "server" not in response.headers
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in said


@pytest.mark.parametrize("interrupts", [1, 2])
def test_an_endless_stream_does_not_hold_it_up_and_the_interrupt_is_said_at_once(interrupts: int) -> None:
    (port,) = free_ports(1)
    with started("127.0.0.1", str(port)) as process:
        url = f"http://127.0.0.1:{port}/"
        until_answered(url)
        with httpx.stream("GET", f"{url}stream", trust_env=False) as response:
            assert next(response.iter_text()).startswith("drop")
            assert process.stderr is not None
            for _ in range(interrupts):
                process.send_signal(signal.SIGINT)
                while "stopping" not in process.stderr.readline():
                    assert process.poll() is None, "it says that it ends before it does"
            assert process.wait(timeout=10) == 0
        assert process.stderr.read().count("Traceback") == 0


def test_sigterm_ends_it() -> None:
    (port,) = free_ports(1)
    with started("127.0.0.1", str(port)) as process:
        until_answered(f"http://127.0.0.1:{port}/")
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in said


def test_a_busy_port_is_one_sentence_and_a_status() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with started("127.0.0.1", str(port)) as process:
            _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said == f"127.0.0.1:{port} is in use by another program; free it or choose another port.\n"


def test_an_address_that_is_not_ours_is_one_sentence_and_a_status() -> None:
    with started("192.0.2.1", "9") as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.startswith("192.0.2.1:9 cannot be bound: ")
    assert said.count("\n") == 1


def test_an_application_that_cannot_start_is_a_failure() -> None:
    (port,) = free_ports(1)
    with started("127.0.0.1", str(port), "broken") as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "no water" in said
