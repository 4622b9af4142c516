"""`make sbom`: a CycloneDX bill of materials a service, in build/sbom/, of what its image holds.

Python packages come from the service's lock, as Python 3.11 on Linux installs it; Debian's packages from the dpkg status of the
image, where that has been built. Licences are what the packages themselves state, as they are installed here. Nothing is asked
of any network.
"""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, Final

from packageurl import PackageURL
from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parent.parent
OUT: Final = ROOT / "build" / "sbom"
IMAGE: Final = {
    "python_version": "3.11",
    "python_full_version": "3.11.9",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
}
"""Where images run, for the conditions of a lock."""


def locked(service: str) -> str:
    """What a service's image is told to install; PyTorch for processors is a file of its own."""
    paths = sorted((ROOT / "services" / service).glob("requirements*.txt"))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.stem in {"requirements", "requirements-torch"})


def installed(lock: str) -> list[str]:
    """The pins `name==version` of a lock that an image installs."""
    found = []
    for line in lock.splitlines():
        if line and not line.startswith(("#", " ")):
            text = line.removesuffix("\\")
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({**IMAGE, "extra": ""}):
                found.append(f"{requirement.name}{requirement.specifier}")
    return found


def licences(package: str) -> list[dict[str, Any]]:
    """What a package that is installed here says of its licence, as CycloneDX states it; nothing of one that is not."""
    try:
        stated = metadata(package)
    except PackageNotFoundError:
        return []
    if "License-Expression" in stated:
        return [{"expression": stated["License-Expression"]}]
    names = [kind.rpartition(" :: ")[2] for kind in stated.get_all("Classifier") or [] if kind.startswith("License :: ")]
    return [{"license": {"name": name}} for name in names or stated["License"].splitlines()[:1]]


def debian(status: str) -> Iterator[dict[str, Any]]:
    """A component for each package that is installed by a dpkg status."""
    for stanza in status.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Architecture|Status): (.*)$", stanza, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            name, version = fields["Package"], fields["Version"]
            qualifiers = {"arch": fields["Architecture"], "distro": "bookworm"}
            purl = PackageURL("deb", "debian", name, version, qualifiers).to_string()
            yield {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def bill(service: str, status: str | None) -> dict[str, Any]:
    """The bill of materials of a service; `status` is the dpkg status of its image."""
    directory = ROOT / "services" / service
    lines = installed(locked(service))
    command = [str(Path(sys.executable).with_name("cyclonedx-py")), "requirements"]
    command += ["--pyproject", str(directory / "pyproject.toml")]
    command += ["--output-reproducible", "--of", "JSON", "--spec-version", "1.6", "-"]
    said = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True)
    document: dict[str, Any] = json.loads(said.stdout)
    for component in document["components"]:
        if found := licences(component["name"]):
            component["licenses"] = found
    if status is not None:
        document["components"] += debian(status)
    return document


def status_of(service: str) -> str | None:
    """The dpkg status of a service's image; None where there is no engine or no image."""
    version = tomllib.loads((ROOT / "services" / service / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    docker = shutil.which("docker")
    if docker is None:
        return None
    command = [docker, "run", "--rm", "--pull", "never", "--network", "none"]
    command += [f"ntdemo/{service}:{version}", "cat", "/var/lib/dpkg/status"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return said.stdout if said.returncode == 0 else None


def main() -> None:
    """Write one file a service."""
    OUT.mkdir(parents=True, exist_ok=True)
    for project in sorted((ROOT / "services").glob("*/Dockerfile")):
        service = project.parent.name
        status = status_of(service)
        document = bill(service, status)
        path = OUT / f"{service}.cdx.json"
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        system = "and Debian packages" if status else "(no image here: without Debian's packages)"
        print(f"{path.relative_to(ROOT)}: {len(document['components'])} Python {system}")


if __name__ == "__main__":
    main()
