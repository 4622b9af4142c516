"""A Docker engine for tests: the one that answers, else one that a root user's tests start and stop themselves."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["BASE", "Engine", "NoEngine", "engine"]

BASE: Final = "python:3.11-slim-bookworm"
SCRIPTS: Final = Path(__file__).parents[2] / ".ci"
"""`python-image` brings `BASE` or a stand-in for it, `docker-plugins` brings compose and BuildKit."""
_START_S: Final = 180


class NoEngine(Exception):
    """There is no engine to test with; `str()` says why."""


class Engine:
    """Runs `docker`, with compose and BuildKit."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = {**os.environ, "DOCKER_BUILDKIT": "1", **environment}

    def docker(
        self, *arguments: str, timeout_s: float = 120, cwd: Path | None = None, check: bool = True, given: bytes = b""
    ) -> str:
        """What a command that is `given` something prints; raises RuntimeError with the end of what it said where it fails."""
        return self.raw(*arguments, timeout_s=timeout_s, cwd=cwd, check=check, given=given).decode(errors="replace")

    def raw(
        self, *arguments: str, timeout_s: float = 120, cwd: Path | None = None, check: bool = True, given: bytes = b""
    ) -> bytes:
        """The same, as bytes."""
        done = subprocess.run(
            ["docker", *arguments],
            capture_output=True,
            timeout=timeout_s,
            cwd=cwd,
            env=self.environment,
            check=False,
            input=given,
        )
        if check and done.returncode:
            said = (done.stdout + done.stderr)[-4000:].decode(errors="replace")
            raise RuntimeError(f"docker {' '.join(arguments)} ended with {done.returncode}:\n{said}")
        return done.stdout

    def answers(self) -> bool:
        """Is there an engine?"""
        try:
            self.docker("info", timeout_s=60)
        except (RuntimeError, subprocess.TimeoutExpired):
            return False
        return True


@contextmanager
def engine(directory: Path) -> Iterator[Engine]:
    """An engine that can build and compose; one that is started here keeps its data in `directory`, and ends with the context.

    Raises:
        NoEngine: there is none, it cannot be started, or compose, BuildKit or the base image cannot be brought to it.
    """
    if shutil.which("docker") is None:
        raise NoEngine("there is no docker command")
    own = Engine({"DOCKER_HOST": f"unix://{directory}/docker.sock"})
    found = Engine({})
    if found.answers():
        _complete(found, directory)
        yield found
        return
    if os.geteuid() or shutil.which("dockerd") is None:
        raise NoEngine("no Docker engine answers, and none can be started here")
    started = ("--data-root", f"{directory}/data", "--exec-root", f"{directory}/run", "--pidfile", f"{directory}/pid")
    log = directory / "dockerd.log"
    with log.open("wb") as out:
        daemon = subprocess.Popen(
            ["dockerd", "--host", own.environment["DOCKER_HOST"], *started], stdout=out, stderr=out, process_group=0
        )
    try:
        deadline_s = time.monotonic() + _START_S
        while not own.answers():
            if daemon.poll() is not None or time.monotonic() > deadline_s:
                raise NoEngine(f"dockerd does not start here: {' | '.join(log.read_text(errors='replace').splitlines()[-3:])}")
            time.sleep(0.5)
        _complete(own, directory)
        yield own
    finally:
        daemon.terminate()
        try:
            daemon.wait(60)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _complete(found: Engine, directory: Path) -> None:
    """Bring what the engine lacks: compose and BuildKit into `directory`, then the base image."""
    if not all(_has_plugin(found, plugin) for plugin in ("compose", "buildx")):
        _script(found, "docker-plugins", str(directory / "config"))
        found.environment["DOCKER_CONFIG"] = str(directory / "config")
    _script(found, "python-image", BASE)


def _has_plugin(found: Engine, plugin: str) -> bool:
    try:
        found.docker(plugin, "version")
    except RuntimeError:
        return False
    return True


def _script(found: Engine, name: str, argument: str) -> None:
    done = subprocess.run(
        [SCRIPTS / name, argument], env=found.environment, capture_output=True, text=True, check=False, timeout=900
    )
    if done.returncode:
        raise NoEngine(done.stderr.strip()[-500:])
