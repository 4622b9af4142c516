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

from tools.sbom import IMAGE, ROOT, installed, locked

SERVICES: Final = ("trainer", "scores-api", "viz", "chatbot")
ACCEPTED: Final[dict[str, str]] = {}
"""Vulnerabilities that do not count -> why they do us no harm."""
DATABASES: Final = {"the package index": ["-s", "pypi"], "OSV": ["-s", "osv"]}
"""Arguments of pip-audit, in order of asking."""


class Unreachable(Exception):
    """A database does not answer, or does not know a package; the message says which and why."""


@dataclass(frozen=True)
class Vulnerability:
    """Of a package in a version; `fixed` are versions without it."""

    package: str
    id: str
    fixed: tuple[str, ...]
    description: str


def pins() -> list[str]:
    """`name==version` of everything that images and development install, each once."""
    locks = [*(locked(service) for service in SERVICES), (ROOT / "tools" / "requirements-dev.txt").read_text(encoding="utf-8")]
    return sorted({pin for lock in locks for pin in installed(lock)})


def look_up(wanted: Sequence[str], database: Sequence[str]) -> list[Vulnerability]:
    """What a database (arguments of pip-audit) knows of some pins.

    Raises:
        Unreachable: so.
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
    if skipped := [each["skip_reason"] for each in found if "skip_reason" in each]:
        raise Unreachable(f"{len(skipped)} of {len(wanted)} packages are unknown there: {skipped[0]}")
    return [
        Vulnerability(f"{each['name']}=={each['version']}", one["id"], tuple(one["fix_versions"]), one.get("description", ""))
        for each in found
        for one in each["vulns"]
    ]


def audit(wanted: Sequence[str]) -> int:
    """Tell what is known; the exit status, 1 for a vulnerability that is not accepted."""
    reasons = []
    for name, database in DATABASES.items():
        try:
            look_up(wanted[:1], database)
            found = look_up(wanted, database)
        except Unreachable as reason:
            reasons.append(f"{name}: {reason}")
            continue
        grave = [each for each in found if each.id not in ACCEPTED]
        for each in found:
            said = ACCEPTED.get(each.id) or f"fixed in {', '.join(each.fixed) or 'no version'}; {each.description[:200]}"
            print(f"{each.package}: {each.id}: {said}")
        print(f"{len(wanted)} packages of Python {IMAGE['python_version']} looked up at {name}: {len(grave)} vulnerabilities")
        return int(bool(grave))
    print("SKIPPED: no database of vulnerabilities answers here", *reasons, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(audit(pins()))
