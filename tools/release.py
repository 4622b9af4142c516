"""`make release`: everything of one version in build/release/, from a tagged checkout; `make release-check` tries it offline.

Wheels of shared, the services and clients/python, the TypeScript client, the chart, bills of materials, images where there
is an engine, and SHA256SUMS. Wheels are made by hatchling, whose output depends on the files and `SOURCE_DATE_EPOCH` (the
commit's time) alone: the check makes them twice and compares. With a key, the chart and SHA256SUMS are signed.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Final

import yaml
from helm_python import chart as helm
from tools import audit, node, sbom
from tools.signing import Signer

ROOT: Final = Path(__file__).parents[1]
OUT: Final = ROOT / "build" / "release"
DISTRIBUTIONS: Final = (
    *("shared", "services/trainer", "services/scores-api", "services/viz", "services/chatbot"),
    "clients/python",
)
CHART: Final = ROOT / "deploy" / "helm" / "ntdemo"


def versions() -> dict[str, str]:
    """Where a version is stated -> what it says."""
    found = {f"{name}/pyproject.toml": _project(name)["version"] for name in DISTRIBUTIONS}
    package = json.loads((ROOT / "clients" / "typescript" / "package.json").read_text(encoding="utf-8"))
    described = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    found |= {
        "clients/typescript/package.json": package["version"],
        "deploy/helm/ntdemo/Chart.yaml": described["version"],
        "deploy/helm/ntdemo/Chart.yaml, appVersion": str(described["appVersion"]),
        "CITATION.cff": str(citation["version"]),
    }
    for path in sorted(ROOT.glob("services/*/Dockerfile")):
        label = re.search(r'image\.version="([^"]+)"', path.read_text(encoding="utf-8"))
        found[str(path.relative_to(ROOT))] = "none" if label is None else label[1]
    return found


def faults(version: str, changelog: str) -> list[str]:
    """Why this is no release of `version`, in sentences."""
    told = [f"{place} says {stated}, not {version}" for place, stated in versions().items() if stated != version]
    if not re.search(rf"^## {re.escape(version)} – \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE):
        told.append(f"CHANGELOG.md has no section of {version} with its date")
    released = ROOT / "docs" / "released" / version
    for service in ("trainer", "scores-api", "chatbot"):
        document = ROOT / "services" / service / "openapi.json"
        kept = released / f"{service}.json"
        if not kept.exists():
            told.append(f"{kept.relative_to(ROOT)} is missing: copy {document.relative_to(ROOT)} there")
    return told


def wheels(into: Path) -> list[Path]:
    """A wheel of each distribution; offline."""
    into.mkdir(parents=True, exist_ok=True)
    seconds = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": seconds}
    for name in DISTRIBUTIONS:
        command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(into)]
        subprocess.run(command, cwd=ROOT / name, env=environment, check=True, capture_output=True)
    return sorted(into.glob("*.whl"))


def pack(into: Path) -> None:
    """Wheels, the chart and the npm package, each kind in a folder of its own: Helm and npm name what they pack the same.

    Raises:
        node.NoNode: the npm package cannot be made here.
        subprocess.CalledProcessError: it does not compile.
    """
    wheels(into / "python")
    for folder in ("chart", "npm"):
        (into / folder).mkdir()
    helm.package(str(CHART), destination=str(into / "chart"))
    node.run("tsc", "--project", "tsconfig.json").check_returncode()
    node.npm("pack", "--silent", "--pack-destination", into / "npm").check_returncode()


def bills(into: Path) -> None:
    """A bill of materials of each service."""
    sbom.main()
    shutil.copytree(sbom.OUT, into / "sbom")


def lacking(folder: Path, version: str) -> list[str]:
    """What a release has and a folder does not, in sentences."""
    packages = [f"{_project(name)['name'].replace('-', '_')}-{version}-py3-none-any.whl" for name in DISTRIBUTIONS]
    wanted = [f"python/{name}" for name in packages]
    wanted += [f"{kind}/ntdemo-{version}.tgz" for kind in ("chart", "npm")]
    wanted += [f"sbom/{path.parent.name}.cdx.json" for path in sorted(ROOT.glob("services/*/Dockerfile"))]
    told = [f"{name} is missing" for name in wanted if not (folder / name).is_file()]
    archive = folder / "npm" / f"ntdemo-{version}.tgz"
    if archive.is_file():
        with tarfile.open(archive) as opened:
            held = set(opened.getnames())
        entries = {"package/dist/src/index.js", "package/dist/src/index.d.ts"}
        told += [f"npm/{archive.name} has no {name}" for name in sorted(entries - held)]
    return told


def digest(path: Path) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def differing(one: list[Path], other: list[Path]) -> list[str]:
    """Names of wheels whose bytes are not the same in both."""
    kept = {path.name: digest(path) for path in other}
    return [path.name for path in one if kept.get(path.name) != digest(path)]


def images(version: str) -> dict[str, str] | None:
    """Build the services' images; name and version -> id of each. None without a Docker engine."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        return None
    subprocess.run([docker, "compose", "build", "--quiet"], cwd=ROOT, check=True)
    names = [f"ntdemo/{path.parent.name}:{version}" for path in sorted(ROOT.glob("services/*/Dockerfile"))]
    ids = subprocess.run(
        [docker, "image", "inspect", "--format", "{{.Id}}", *names], check=True, capture_output=True, text=True
    )
    return dict(zip(names, ids.stdout.split(), strict=True))


def finish(folder: Path, signer: Signer | None) -> list[Path]:
    """Sign the charts in a folder, list the SHA-256 of everything, and sign the list; all files."""
    if signer is not None:
        for archive in sorted((folder / "chart").glob("*.tgz")):
            signer.sign_chart(archive)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = folder / "SHA256SUMS"
    sums.write_text("".join(f"{digest(path)}  {path.relative_to(folder)}\n" for path in files), encoding="utf-8")
    if signer is not None:
        signer.sign(sums, public=folder / "KEY.gpg")
    return sorted(path for path in folder.rglob("*") if path.is_file())


def make(signer: Signer | None) -> int:
    """Everything, from a tagged checkout; the exit status."""
    version = _project("shared")["version"]
    tags = subprocess.run(
        ["git", "tag", "--points-at", "HEAD"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    told = faults(version, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    if f"v{version}" not in tags:
        told.append(f"this commit has no tag v{version}")
    if told:
        print(*told, sep="\n", file=sys.stderr)
        return 1
    if audit.audit(audit.pins()):
        return 1
    shutil.rmtree(OUT, ignore_errors=True)
    pack(OUT)
    built = images(version)
    if built is None:
        print("SKIPPED: no images, since no Docker engine answers here")
    else:
        (OUT / "images.json").write_text(json.dumps(built, indent=2) + "\n", encoding="utf-8")
    # Once images are built, which say what of Debian is in them.
    bills(OUT)
    if signer is None:
        print("SKIPPED: nothing is signed, since no --keyring is named")
    print(*(path.relative_to(OUT) for path in finish(OUT, signer)), sep="\n")
    return 0


def check() -> int:
    """Can it be released? The same bytes twice, one version everywhere, every part packed. The exit status.

    Asks no network, but npm where the packages of `clients/typescript` are not installed yet.
    """
    version = _project("shared")["version"]
    told = faults(version, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        first, again = Path(scratch) / "first", Path(scratch) / "again"
        try:
            pack(first)
        except node.NoNode as missing:
            told.append(f"npm/ cannot be made: {missing}")
        bills(first)
        told += lacking(first, version)
        made = sorted((first / "python").iterdir())
        told += [f"{name} is not the same when it is made again" for name in differing(made, wheels(again))]
    good = f"{version} can be released: {len(made)} wheels, the same bytes twice; chart, npm package and bills of materials"
    print(*(told or [good]), sep="\n")
    return int(bool(told))


def _project(name: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="try it, offline, and keep nothing")
    parser.add_argument("--keyring", type=Path, help="sign, by a key of this file (gpg --export-secret-keys)")
    parser.add_argument("--key", help="a part of the key's name, such as its address")
    parser.add_argument("--passphrase-file", type=Path, help="where the key has a passphrase")
    asked = parser.parse_args()
    if (asked.keyring is None) != (asked.key is None):
        parser.error("--keyring and --key go together")
    if asked.check:
        return check()
    return make(None if asked.keyring is None else Signer(asked.keyring, asked.key, asked.passphrase_file))


if __name__ == "__main__":
    sys.exit(main())
