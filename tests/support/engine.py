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
STANDIN: Final = Path(__file__).parents[3] / "shared" / "ci" / "base-image"
"""Makes a stand-in for `BASE` from Debian's packages, where no image registry can be reached."""
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

    def has(self, image: str) -> bool:
        """Is this image here?"""
        return bool(self.docker("images", "--quiet", image).strip())


@contextmanager
def engine(directory: Path) -> Iterator[Engine]:
    """An engine that can build and compose; one that is started here keeps its data in `directory`, and ends with the context.

    Raises:
        NoEngine: there is none, it cannot be started, it lacks compose or BuildKit, or there is no base image.
    """
    if shutil.which("docker") is None:
        raise NoEngine("there is no docker command")
    own = Engine({"DOCKER_HOST": f"unix://{directory}/docker.sock"})
    found = Engine({})
    if found.answers():
        _check_tools(found)
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
        _check_tools(own)
        yield own
    finally:
        daemon.terminate()
        try:
            daemon.wait(60)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _check_tools(found: Engine) -> None:
    for tool in ("compose", "buildx"):
        try:
            found.docker(tool, "version")
        except RuntimeError:
            raise NoEngine(f"docker has no {tool}; put its plug-in under DOCKER_CONFIG") from None
    if found.has(BASE) or not STANDIN.exists():
        return
    if shutil.which("mmdebstrap") is None:
        raise NoEngine(f"there is no image {BASE}, and no mmdebstrap to make a stand-in with")
    made = subprocess.run([STANDIN, BASE], env=found.environment, capture_output=True, text=True, check=False, timeout=600)
    if made.returncode:
        raise NoEngine(f"no stand-in for {BASE} could be made: {made.stderr[-500:]}")
