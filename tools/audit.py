"""`make audit`: known vulnerabilities of what images and development install, by pip-audit.

Where no database answers, it says that it skipped. The package index is asked, then OSV, each for one package first: a mirror
that knows none says so at the first question.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name
from tools.sbom import IMAGE, ROOT, installed, locked

SERVICES: Final = ("trainer", "scores-api", "viz", "chatbot")
_FURTHER: Final = (
    "services/trainer/requirements-gpu.txt",
    "services/trainer/requirements-sdist.txt",
    "deploy/image/requirements-build.txt",
    "tools/requirements-dev.txt",
)
ACCEPTED: Final[dict[str, str]] = {}
"""Vulnerabilities that do not count -> why they do us no harm."""
DATABASES: Final = {"the package index": ["-s", "pypi"], "OSV": ["-s", "osv"]}
"""Arguments of pip-audit, in order of asking."""


class Unreachable(Exception):
    """A database does not answer, or knows nothing; the message says why."""


@dataclass(frozen=True)
class Vulnerability:
    """Of a package in a version; `fixed` are versions without it."""

    package: str
    id: str
    fixed: tuple[str, ...]
    description: str


def pins() -> list[str]:
    """`name==version` of everything that images, their builds and development install, each once."""
    locks = [*(locked(service) for service in SERVICES), *((ROOT / path).read_text(encoding="utf-8") for path in _FURTHER)]
    return sorted({pin for lock in locks for pin in installed(lock)})


def look_up(wanted: Sequence[str], database: Sequence[str]) -> tuple[list[Vulnerability], list[str]]:
    """What a database (arguments of pip-audit) knows of some pins, and those that it does not know.

    Raises:
        Unreachable: it answers nothing, or knows none of them.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "pins.txt"
        path.write_text("\n".join(wanted), encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", *database, "--requirement", str(path), "--no-deps", "--disable-pip"]
        command += ["--format", "json", "--progress-spinner", "off", "--cache-dir", scratch]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    if not told.stdout.startswith("{"):
        raise Unreachable((told.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1])
    found: list[dict[str, Any]] = json.loads(told.stdout)["dependencies"]
    unknown = {canonicalize_name(each["name"]): each["skip_reason"] for each in found if "skip_reason" in each}
    if len(unknown) == len(wanted):
        raise Unreachable(f"it knows none of {len(wanted)} packages: {next(iter(unknown.values()))}")
    vulnerabilities = [
        Vulnerability(f"{each['name']}=={each['version']}", one["id"], tuple(one["fix_versions"]), one.get("description", ""))
        for each in found
        for one in each.get("vulns", ())
    ]
    return vulnerabilities, [pin for pin in wanted if canonicalize_name(pin.partition("==")[0]) in unknown]


def audit(wanted: Sequence[str]) -> int:
    """Tell what is known; the exit status, 1 for a vulnerability that is not accepted.

    What one database does not know the next is asked for.
    """
    reasons, grave, left = [], 0, list(wanted)
    for name, database in DATABASES.items():
        try:
            look_up([next((pin for pin in left if pin.startswith("pip==")), left[0])], database)
            found, unknown = look_up(left, database)
        except Unreachable as reason:
            reasons.append(f"{name}: {reason}")
            continue
        for each in found:
            said = ACCEPTED.get(each.id) or f"fixed in {', '.join(each.fixed) or 'no version'}; {each.description[:200]}"
            print(f"{each.package}: {each.id}: {said}")
        counted = [each for each in found if each.id not in ACCEPTED]
        known = f"{len(left) - len(unknown)} packages of Python {IMAGE['python_version']}"
        print(f"{known} looked up at {name}: {len(counted)} vulnerabilities")
        grave, left = grave + len(counted), unknown
        if not left:
            break
    if left == list(wanted):
        print("SKIPPED: no database of vulnerabilities answers here", *reasons, sep="\n  ")
    elif left:
        print(f"UNKNOWN: nobody knows {', '.join(left)}", *reasons, sep="\n  ")
    return int(bool(grave))


if __name__ == "__main__":
    sys.exit(audit(pins()))
