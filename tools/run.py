"""`make run`: every service of the Procfile in one terminal, until Ctrl-C or the first of them stops.

honcho multiplexes the logs and ends all services together; here is what a product adds: the ports are checked before
anything starts, the addresses are printed once every `/readyz` answers, a service that refuses to start has its sentence
repeated as the last line, with a non-zero exit status, and Ctrl-C is answered at once.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

import httpx
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Message, Printer

ROOT: Final = Path(__file__).parent.parent
POLL_S: Final = 0.2
STOP_S: Final = 5.0
"""Services that were asked to stop get so long; honcho counts its own as long from the first that has."""
TROUBLE_S: Final = 2.0
"""How often a start that waits asks the trainer what it lacks."""


@dataclass(frozen=True)
class Door:
    """An address that a user opens, and how to know that it answers."""

    service: str
    host_variable: str
    port_variable: str
    port: int
    ready_path: str
    pages: tuple[tuple[str, str], ...]

    def address(self) -> tuple[str, int]:
        """Host and port from the environment or the defaults; a port that is no number is the service's to refuse."""
        host = os.environ.get(self.host_variable, "localhost")
        text = os.environ.get(self.port_variable, "")
        port = int(text) if text.isdigit() else self.port
        return ("127.0.0.1" if host in {"0.0.0.0", "localhost"} else host), port  # noqa: S104 - an address to ask, not to bind


DOORS: Final = (
    Door(
        "scores-api",
        "NTDEMO_HOST",
        "NTDEMO_PORT",
        3030,
        "/readyz",
        (("scores of all fragments", "/cosine/score"), ("the API, described", "/docs")),
    ),
    Door("trainer", "TRAINER_HOST", "TRAINER_PORT", 3031, "/readyz", (("jobs: train on other data", "/docs"),)),
    Door("viz", "VIZ_HOST", "VIZ_DASH_PORT", 8050, "/readyz", (("fragments in 3-D, heat map, search, predictions", "/"),)),
    Door("viz", "VIZ_HOST", "VIZ_BOKEH_PORT", 5006, "/healthz", (("histogram, training played back", "/"),)),
    # Ready or not: without a bundle for any language it still says so, to whoever asks.
    Door("chatbot", "CHATBOT_HOST", "CHATBOT_PORT", 3032, "/healthz", (("chat, English and Japanese", "/"),)),
)


class Terminal(Printer):  # type: ignore[misc]  # honcho ships no types
    """Prints as honcho does, and remembers the last line of each service."""

    def __init__(self) -> None:
        super().__init__(sys.stdout, time_format="", colour=sys.stdout.isatty())
        self.last: dict[str, str] = {}

    def write(self, message: Message) -> None:
        """Print one message."""
        text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        if text.strip():
            self.last[message.name] = text.strip()
        with contextlib.suppress(OSError):  # the terminal was closed: the services have to be stopped all the same
            super().write(message)


class Services(Manager):  # type: ignore[misc]  # honcho ships no types
    """honcho's manager, which also tells what stopped first, and answers Ctrl-C at once."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self.stopped_first: str | None = None
        """The service whose end ended all others; None when the user asked."""
        self._ending = False
        self._asked_to_stop = threading.Event()

    def _start(self) -> None:
        """Start all; honcho calls this once its own handlers are set, of which a second signal changed nothing."""
        signal.signal(signal.SIGINT, self._signalled)
        signal.signal(signal.SIGTERM, self._signalled)
        super()._start()

    def _signalled(self, number: int, _: FrameType | None) -> None:
        """Stop, or the second time kill; in a thread, because a handler may have interrupted a line half-way printed."""
        self.returncode = 128 + number
        threading.Thread(target=self._kill_at_once if self._asked_to_stop.is_set() else self._stop, daemon=True).start()
        self._asked_to_stop.set()

    def _stop(self) -> None:
        _say(self._printer, f"stopping {', '.join(self._processes)}; Ctrl-C again kills what is left")
        while not self._all_started():
            time.sleep(POLL_S)
        self.terminate()
        time.sleep(STOP_S)
        if not self._all_stopped():
            self._kill_at_once()

    def _kill_at_once(self) -> None:
        left = [name for name, process in self._processes.items() if process.get("returncode") is None]
        _say(self._printer, f"killing {', '.join(left)}")
        self.kill()

    def terminate(self) -> None:
        """End all services; honcho calls this for a signal and for each service that stops, and the first call counts."""
        if not self._ending:
            self._ending = True
            stopped = [name for name, process in self._processes.items() if process.get("returncode") is not None]
            self.stopped_first = stopped[0] if stopped else None
        super().terminate()


def busy(doors: Iterable[Door]) -> list[str]:
    """The addresses that another program holds, as sentences."""
    sentences = []
    for door in doors:
        host, port = door.address()
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                sentences.append(
                    f"Port {port} ({door.service}) cannot be used: {error.strerror}; free it or set {door.port_variable}."
                )
    return sentences


def announce(doors: Iterable[Door], terminal: Terminal, started_s: float, stop: threading.Event) -> None:
    """Wait until every door answers, then print where they are."""
    waiting = list(doors)
    asked_s, told = started_s, None
    rows = [(what, f"http://localhost:{door.address()[1]}{path}") for door in waiting for what, path in door.pages]
    with httpx.Client(timeout=2.0, trust_env=False) as client:
        # In order, because a door further down asks the first one for its own readiness.
        while waiting and not stop.wait(POLL_S):
            if _answers(client, waiting[0]):
                waiting.pop(0)
            elif time.perf_counter() - asked_s > TROUBLE_S:
                asked_s = time.perf_counter()
                trouble = _trouble(client, doors)
                if trouble is not None and trouble != told:
                    told = trouble
                    _say(terminal, f"not ready: {trouble}")
        if stop.is_set():
            return
        served = _served(client, doors)
    width = max(len(what) for what, _ in rows)
    lines = [f"ready in {time.perf_counter() - started_s:.1f} s", *(f"  {what:<{width}}  {url}" for what, url in rows)]
    for line in [*lines, *served, "Ctrl-C stops everything."]:
        _say(terminal, line)


def _say(terminal: Terminal, line: str) -> None:
    terminal.write(Message(type="line", data=f"{line}\n", time=datetime.now(UTC), name="ntdemo", colour="32"))


def _answers(client: httpx.Client, door: Door) -> bool:
    try:
        return client.get(_url(door)).is_success
    except httpx.HTTPError:
        return False


def _served(client: httpx.Client, doors: Iterable[Door]) -> list[str]:
    """Which run answers, as a line; none where it cannot be asked for now."""
    scores_api = next(door for door in doors if door.service == "scores-api")
    try:
        run = client.get(_url(scores_api, "/v1/runs/current")).json()
        return [f"the newest run is {run['id']}: {run['shown_fragments']:,} fragments of {run['source']}"]
    except (httpx.HTTPError, ValueError, KeyError):
        return []


def _trouble(client: httpx.Client, doors: Iterable[Door]) -> str | None:
    """Why the trainer will not publish a first run, in its words; None while it may."""
    trainer = next(door for door in doors if door.service == "trainer")
    try:
        missing = client.get(_url(trainer)).json()["missing"]
    except (httpx.HTTPError, ValueError, KeyError):
        return None
    return next(iter(missing.values()), None)


def _url(door: Door, path: str | None = None) -> str:
    host, port = door.address()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{path or door.ready_path}"


def main() -> int:
    """Run until stopped; 0 after Ctrl-C, else the status of the service that stopped first."""
    started_s = time.perf_counter()
    sentences = busy(DOORS)
    if sentences:
        print(*sentences, sep="\n", file=sys.stderr)
        return 1
    terminal = Terminal()
    services = Services(terminal)
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"}
    for name, command in parse_procfile((ROOT / "Procfile").read_text()).processes.items():
        services.add_process(name, f"exec {command}", env=environment)
    stop = threading.Event()
    announcer = threading.Thread(target=announce, args=(DOORS, terminal, started_s, stop), daemon=True)
    announcer.start()
    # A closed terminal sends SIGHUP to this process alone: the services live in sessions of their own.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    services.loop()
    stop.set()
    announcer.join()
    if services.stopped_first is None:
        return 0
    name = services.stopped_first
    print(f"ntdemo stopped because {name} did: {terminal.last.get(name, 'it said nothing')}", file=sys.stderr)
    return services.returncode or 1


if __name__ == "__main__":
    sys.exit(main())
