"""Control groups: each job of this machine may have one, in which the kernel holds it to its memory (cgroup v2).

Written by files, as https://docs.kernel.org/admin-guide/cgroup-v2.html documents them.
"""

import errno
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import structlog

__all__ = ["ControlGroup", "ControlGroups", "Unlimited"]

_JOB: Final = "job-"
_TRAINER: Final = "trainer"
_GONE_S: Final = 3.0
_LOOK_S: Final = 0.02
_log = structlog.stdlib.get_logger(__name__)


class Unlimited(Exception):
    """Jobs cannot be given groups here; `str()` says why."""


class ControlGroup:
    """That of one job."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        self._path = path
        self.limit_bytes = limit_bytes

    def around(self, command: Sequence[str]) -> tuple[str, ...]:
        """The command that enters the group before it is `command`, so that nothing of it ever ran outside."""
        return ("/bin/sh", "-c", 'echo 0 > "$0" && exec "$@"', str(self._path / "cgroup.procs"), *command)

    def killed(self) -> bool:
        """Has the kernel killed a process of it for want of memory?"""
        told = dict(line.split() for line in (self._path / "memory.events").read_text().splitlines())
        return int(told["oom_kill"]) > 0

    def end(self) -> None:
        """Kill what is left, also what has left the job's process group, and remove the group."""
        until_s = time.monotonic() + _GONE_S
        while True:
            with suppress(FileNotFoundError):  # before Linux 5.14
                (self._path / "cgroup.kill").write_text("1")
            try:
                self._path.rmdir()
            except FileNotFoundError:
                return
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                if time.monotonic() > until_s:  # held by a process that the kernel cannot end now; the next start removes it
                    _log.warning("group_left", path=str(self._path))
                    return
                time.sleep(_LOOK_S)
            else:
                return


class ControlGroups:
    """This process's own group, whose children are those of jobs."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @classmethod
    def own(cls, proc: Path = Path("/proc/self")) -> Self:
        """Those below the group that this process was started in, where it may make some.

        Raises:
            Unlimited: The kernel, or who started this process, does not allow it.
        """
        root = proc
        try:
            root = _own_group(proc)
            if "memory" not in (root / "cgroup.controllers").read_text().split():
                raise Unlimited(f"{root} has no memory controller")
            if "memory" not in (root / "cgroup.subtree_control").read_text().split():
                _make_inner(root)
                (root / "cgroup.subtree_control").write_text("+memory")
            groups = cls(root)
            groups.clear()
            groups.make("trial", 2**30).end()
        except OSError as error:
            raise Unlimited(f"{root} cannot be used: {error.strerror}") from None
        return groups

    def make(self, name: str, limit_bytes: int) -> ControlGroup:
        """A group whose processes have so much memory together, and are all killed when that is not enough."""
        path = self._root / f"{_JOB}{os.getpid()}-{name}"
        path.mkdir()
        group = ControlGroup(path, limit_bytes)
        try:
            (path / "memory.max").write_text(str(limit_bytes))
            (path / "memory.oom.group").write_text("1")
            if (path / "memory.swap.max").exists():
                (path / "memory.swap.max").write_text("0")
        except BaseException:
            path.rmdir()
            raise
        return group

    def clear(self) -> None:
        """Remove what a trainer has left that died."""
        for path in self._root.glob(f"{_JOB}*-*"):
            trainer = path.name.split("-")[1]
            if trainer == str(os.getpid()) or not Path("/proc", trainer).exists():
                ControlGroup(path, 0).end()


def _own_group(proc: Path) -> Path:
    """The directory of the group that a process is in."""
    for line in (proc / "mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            _, _, _, of, at, *_ = before.split()
            break
    else:
        raise Unlimited("no cgroup v2 is mounted")
    ours = next((line[3:] for line in (proc / "cgroup").read_text().splitlines() if line.startswith("0::")), None)
    if ours is None or ".." in Path(ours).parts or not Path(ours).is_relative_to(of):
        raise Unlimited(f"this process's control group is not below {at}")
    return Path(at) / Path(ours).relative_to(of)


def _make_inner(root: Path) -> None:
    """A group that hands its memory on has no processes itself: this one, and a container's first, go into a child."""
    here = {int(process) for process in (root / "cgroup.procs").read_text().split()}
    if others := here - {os.getpid(), 1}:
        raise Unlimited(f"{root} has {len(others)} other processes")
    inner = root / _TRAINER
    inner.mkdir(exist_ok=True)
    for process in here:
        (inner / "cgroup.procs").write_text(str(process))
