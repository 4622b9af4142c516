"""A job of this machine is held to its memory where the kernel lets us, and told so when that was not enough."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.support.jobs import until
from tests.support.processes import gone

from trainer.jobs.assignment import Assignment, JobDirectory, Place
from trainer.jobs.executors import local
from trainer.jobs.executors.groups import ControlGroup, ControlGroups, Unlimited
from trainer.jobs.executors.local import LocalExecutor
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

pytestmark = pytest.mark.anyio
MIB = 2**20
V2 = "30 23 0:26 / {at} rw,nosuid - cgroup2 cgroup2 rw\n"
V1 = "29 23 0:25 / {at} rw,nosuid - cgroup cgroup rw,memory\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def assigned(root: Path, memory_bytes: int = MIB, on: str = "cpu") -> JobDirectory:
    directory = JobDirectory(root / "job")
    place = Place(device=on, computes_on=on, memory_bytes=memory_bytes, environment={})
    directory.assign(Assignment(run="factors-R1", spec=FactorsSpec(kind="factors"), settings=Settings(state=root), place=place))
    return directory


class _Group(ControlGroup):
    """A group of no kernel, which says of itself what the test says."""

    def __init__(self, path: Path, limit_bytes: int, *, kills: bool) -> None:
        super().__init__(path, limit_bytes)
        self._kills = kills
        self.ended = False

    def around(self, command: Sequence[str]) -> tuple[str, ...]:
        return tuple(command)

    def killed(self) -> bool:
        return self._kills

    def end(self) -> None:
        self.ended = True


class _Groups(ControlGroups):
    def __init__(self, *, kills: bool) -> None:
        super().__init__(Path("/nowhere"))
        self._kills = kills
        self.made: list[_Group] = []

    def make(self, name: str, limit_bytes: int) -> ControlGroup:
        self.made.append(_Group(Path(name), limit_bytes, kills=self._kills))
        return self.made[-1]


async def limited(groups: ControlGroups, script: str) -> LocalExecutor:
    executor = LocalExecutor((sys.executable, "-c", script), groups=lambda: groups)
    await executor.adopt({})
    return executor


@pytest.mark.parametrize("kills", [False, True])
async def test_a_job_that_the_kernel_kills_for_want_of_memory_is_told_so(tmp_path: Path, *, kills: bool) -> None:
    groups = _Groups(kills=kills)
    executor = await limited(groups, "import os; os.kill(os.getpid(), 9)")
    outcome = await (await executor.start(assigned(tmp_path, 1000 * MIB))).wait()
    assert [(group.limit_bytes, group.ended) for group in groups.made] == [(1250 * MIB, True)]
    if not kills:
        assert (outcome.reason, outcome.failure) == ("its process was killed by SIGKILL", None)
        return
    assert outcome.failure is not None
    assert outcome.failure.slug == "out-of-memory"
    assert "more memory than the 1.22 GiB that it may have" in outcome.failure.detail


async def test_a_job_alone_on_the_machine_gets_no_more_than_jobs_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "jobs_memory_bytes", lambda: 900 * MIB)
    groups = _Groups(kills=False)
    await (await (await limited(groups, "pass")).start(assigned(tmp_path, 1000 * MIB))).wait()
    assert [group.limit_bytes for group in groups.made] == [900 * MIB]


async def test_a_group_of_a_job_that_is_stopped_is_removed(tmp_path: Path) -> None:
    groups = _Groups(kills=False)
    execution = await (await limited(groups, "import time; time.sleep(600)")).start(assigned(tmp_path))
    await execution.stop()
    assert groups.made[0].ended


async def test_a_job_on_a_gpu_has_no_limit_of_the_machines_memory(tmp_path: Path) -> None:
    groups = _Groups(kills=False)
    await (await (await limited(groups, "pass")).start(assigned(tmp_path, on="cuda"))).wait()
    assert groups.made == []


async def test_where_there_are_no_groups_jobs_run_and_the_log_says_once_why(tmp_path: Path) -> None:
    def none() -> ControlGroups:
        raise Unlimited("/sys/fs/cgroup cannot be used: Read-only file system")

    executor = LocalExecutor((sys.executable, "-c", "pass"), groups=none)
    with capture_logs() as logs:
        await executor.adopt({})
        await executor.adopt({})
    (line,) = logs
    assert (line["event"], line["reason"]) == (
        "memory_not_limited",
        "/sys/fs/cgroup cannot be used: Read-only file system",
    )
    assert (await (await executor.start(assigned(tmp_path))).wait()).reason == "its process ended with exit status 0"


def own(tmp_path: Path, mounts: str, group: str = "0::/ours\n", **files: str) -> Path:
    """A `/proc/self` and the group that it names."""
    (tmp_path / "mountinfo").write_text(mounts.format(at=tmp_path / "fs"))
    (tmp_path / "cgroup").write_text(group)
    (tmp_path / "fs" / "ours").mkdir(parents=True)
    for name, text in {"controllers": "cpu memory", "subtree_control": "", "procs": "", **files}.items():
        (tmp_path / "fs" / "ours" / f"cgroup.{name}").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("mounts", "group", "files", "told"),
    [
        (V1, "4:memory:/ours\n", {}, "no cgroup v2 is mounted"),
        (V1 + V2, "0::/../other\n", {}, "not below"),
        (V1 + V2, "0::/ours\n", {"controllers": "hugetlb"}, "has no memory controller"),
        (V2, "0::/ours\n", {"procs": "1\n999999\n"}, "has 1 other processes"),
        (V2, "0::/ours\n", {"subtree_control": "memory"}, "cannot be used"),
    ],
    ids=["an old kernel's", "another's", "no memory", "shared with others", "no control group's files"],
)
def test_where_no_groups_can_be_made_it_is_said_why(
    tmp_path: Path, mounts: str, group: str, files: dict[str, str], told: str
) -> None:
    with pytest.raises(Unlimited, match=told):
        ControlGroups.own(own(tmp_path, mounts, group, **files))


def test_a_command_enters_its_group_before_it_begins_and_keeps_its_words(tmp_path: Path) -> None:
    group = ControlGroup(tmp_path, MIB)
    command = group.around((sys.executable, "-c", "import sys; print(sys.argv[1:])", "two words", "$0", "*"))
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout == "['two words', '$0', '*']\n"
    assert (tmp_path / "cgroup.procs").read_text() == "0\n"


@pytest.fixture(scope="module")
def kernels() -> ControlGroups:
    """Those of this machine, below the group that the tests were started in."""
    try:
        return ControlGroups.own()
    except Unlimited as reason:
        pytest.skip(f"jobs cannot be held to their memory here: {reason}")


async def test_a_job_that_takes_more_than_it_may_is_killed_by_the_kernel(kernels: ControlGroups, tmp_path: Path) -> None:
    executor = await limited(kernels, "x = bytearray(500 * 2**20); print(len(x))")
    outcome = await (await executor.start(assigned(tmp_path, 100 * MIB))).wait()
    assert outcome.failure is not None
    assert outcome.failure.slug == "out-of-memory"


async def test_a_job_that_keeps_to_its_memory_runs(kernels: ControlGroups, tmp_path: Path) -> None:
    executor = await limited(kernels, "x = bytearray(50 * 2**20); print(len(x))")
    outcome = await (await executor.start(assigned(tmp_path, 200 * MIB))).wait()
    assert (outcome.reason, outcome.failure) == ("its process ended with exit status 0", None)


async def test_what_leaves_a_jobs_process_group_ends_with_the_job(kernels: ControlGroups, tmp_path: Path) -> None:
    script = (
        "import subprocess, sys\n"
        "away = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "print(away.pid, flush=True)"
    )
    directory = assigned(tmp_path, 500 * MIB)
    execution = await (await limited(kernels, script)).start(directory)
    await until(lambda: directory.log.read_text().endswith("\n"))
    await execution.wait()
    assert await asyncio.to_thread(gone, int(directory.log.read_text()))
