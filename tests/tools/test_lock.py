"""The locks: what the tool writes, one set for one environment, and nothing without the SHA-256 of its files."""

import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
SERVICES = sorted(path.parent for path in (ROOT / "services").glob("*/pyproject.toml"))
TORCH = ROOT / "services" / "trainer" / "requirements-torch.txt"
LOCKS = [
    *sorted(set((ROOT / "services").glob("*/requirements*.txt")) - {TORCH}),
    ROOT / "tools" / "requirements-dev.txt",
    ROOT / "deploy" / "image" / "requirements-build.txt",
]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _pins(lock: Path) -> dict[str, list[str]]:
    """`name==version ; condition` -> the hashes of its files."""
    found: dict[str, list[str]] = {}
    for stanza in re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8")):
        if stanza and not stanza.startswith("#"):
            found[stanza.splitlines()[0].removesuffix("\\").strip()] = re.findall(r"--hash=(\S+)", stanza)
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=_name)
def test_every_requirement_is_pinned_and_has_the_sha_256_of_its_files(lock: Path) -> None:
    pins = _pins(lock)
    assert pins
    for pin, hashes in pins.items():
        assert re.fullmatch(r"[a-z0-9-]+==[^ *]+( ; .+)?", pin), pin
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), pin
    assert "://" not in lock.read_text(encoding="utf-8"), "no lock names a host"


def test_one_environment_can_hold_all_locks() -> None:
    pinned: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for lock in (*LOCKS, TORCH):
        by_name: dict[str, list[str]] = defaultdict(list)
        for pin in _pins(lock):
            requirement = Requirement(pin)
            by_name[requirement.name].append(str(requirement.specifier))
        for name, versions in by_name.items():
            pinned[name][_name(lock)] = sorted(versions)
    unequal = {name: places for name, places in pinned.items() if len({tuple(each) for each in places.values()}) > 1}
    assert unequal == {}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_lock_has_what_its_service_asks_for(service: Path) -> None:
    locked = {}
    for lock in service.glob("requirements*.txt"):
        for pin in map(Requirement, _pins(lock)):
            locked[canonicalize_name(pin.name)] = Version(next(iter(pin.specifier)).version)
    project = tomllib.loads((service / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for asked in map(Requirement, project["dependencies"]):
        if asked.name != "ntdemo-shared":
            assert asked.specifier.contains(locked[canonicalize_name(asked.name)], prereleases=True), str(asked)


def test_torch_alone_has_no_hash_where_it_is_no_file_of_the_package_index() -> None:
    (pin,) = _pins(TORCH)
    cpu, gpu = (_pins(TORCH.with_name(name)) for name in ("requirements.txt", "requirements-gpu.txt"))
    assert pin in gpu
    assert not [name for name in cpu if name.startswith("torch==")]
    gone = {Requirement(each).name for each in gpu} - {Requirement(each).name for each in cpu}
    assert gone >= {"torch", "triton", "nvidia-cublas"}
    assert all(name in {"torch", "triton"} or name.startswith(("nvidia-", "cuda-")) for name in gone), gone


@pytest.mark.slow
def test_the_locks_are_what_the_tool_writes(tmp_path: Path) -> None:
    told = subprocess.run(
        [ROOT / "tools" / "lock", sys.executable, tmp_path], capture_output=True, text=True, check=False, timeout=600
    )
    if told.returncode and "Failed to fetch" in told.stderr:
        pytest.skip(f"the package index is out of reach: {told.stderr.strip().splitlines()[-1]}")
    assert told.returncode == 0, told.stderr
    for lock in (*LOCKS, TORCH):
        assert (tmp_path / _name(lock)).read_text(encoding="utf-8") == lock.read_text(encoding="utf-8"), "run `make lock`"
