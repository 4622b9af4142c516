"""The Dockerfiles, as written."""

import ast
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.support.deployed import SERVICES, Service

ROOT: Final = Path(__file__).parents[2]
FILES: Final = sorted([*ROOT.glob("services/*/Dockerfile"), ROOT / ".devcontainer" / "Dockerfile"])


def dockerfile(service: Service) -> str:
    return (ROOT / "services" / service.name / "Dockerfile").read_text(encoding="utf-8")


def system_stage(service: Service) -> str:
    """The instructions of the stage `system`."""
    return dockerfile(service).split(" AS system\n")[1].split("\nFROM ")[0]


def test_hadolint_has_nothing_to_say_against_them() -> None:
    assert len(FILES) == len(SERVICES) + 1
    hadolint = Path(sys.executable).with_name("hadolint")
    said = subprocess.run([hadolint, "--no-color", *FILES], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


def test_images_share_the_layer_of_the_system() -> None:
    stages = {service.name: system_stage(service) for service in SERVICES}
    user = stages["trainer"].split("RUN ", 1)[1]
    assert all(stage.endswith(user) for stage in stages.values())  # before it Tk, or what drawing is linked with
    assert stages["trainer"] == stages["chatbot"]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_an_image_says_what_it_is_and_listens_where_the_design_says(service: Service) -> None:
    text = dockerfile(service)
    project = tomllib.loads((ROOT / "services" / service.name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f'org.opencontainers.image.title="ntdemo-{service.name}"' in text
    assert f'org.opencontainers.image.version="{project["version"]}"' in text
    assert f'org.opencontainers.image.licenses="{project["license"]}"' in text
    exposed = re.search(r"^EXPOSE (.*)$", text, re.MULTILINE)
    assert exposed is not None
    assert {int(port) for port in exposed[1].split()} == set(service.ports)
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert "HEALTHCHECK" in text


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_build_needs_nothing_that_a_registry_alone_gives(service: Service) -> None:
    text = dockerfile(service)
    assert "ARG PYTHON_IMAGE=python:3.11-slim-bookworm\n" in text
    for word in ("# syntax=", "@sha256:", "--link", "<<EOF"):
        assert word not in text


def test_images_keep_of_rdkit_what_the_services_import() -> None:
    asked = {ast.unparse(node) for source in _sources() for node in ast.walk(source) if _is_of_rdkit(node)}
    assert len(asked) > 1
    tell = (
        "import sys; print(*(getattr(m, '__file__', '') for n, m in sys.modules.items() if n.startswith('rdkit')), sep='\\n')"
    )
    said = subprocess.run([sys.executable, "-c", "\n".join([*asked, tell])], capture_output=True, text=True, check=True).stdout
    loaded = {Path(line).name.split(".")[0] for line in said.splitlines() if line.endswith(".so")}
    assert loaded <= runpy.run_path(str(ROOT / "deploy" / "image" / "trim_venv.py"))["RDKIT_MODULES"]


def _sources() -> Iterator[ast.Module]:
    for place in (ROOT / "shared", *ROOT.glob("services/*")):
        for path in (place / "src").rglob("*.py"):
            yield ast.parse(path.read_text(encoding="utf-8"))


def _is_of_rdkit(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rdkit"
