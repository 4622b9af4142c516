# ruff: noqa: T201 - prints what was measured, for the report at the end
"""The images, as built."""

import json
from typing import Any

import pytest
from tests.support.deployed import SERVICES, VERSION, Service
from tests.support.engine import BASE, Engine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(2400)]

LEFT_BEHIND = """
import json, shutil
from pathlib import Path
tools = [tool for tool in "gcc cc ld make curl git".split() if shutil.which(tool)]
places = "/root/.cache/pip /src /wheelhouse /image /tmp/requirements.txt"
packages = [str(path) for path in Path("/var/cache/apt").rglob("*.deb")]
print(json.dumps([tools, [path for path in places.split() if Path(path).exists()] + packages]))
"""
CHANGEABLE = """
import json, os
from pathlib import Path
paths = (path for root in ("/opt", "/etc", "/usr") for path in Path(root).rglob("*") if not path.is_symlink())
print(json.dumps([[str(path) for path in paths if os.access(path, os.W_OK)][:5], os.getuid()]))
"""


def inspected(engine: Engine, service: Service) -> dict[str, Any]:
    (found,) = json.loads(engine.docker("image", "inspect", f"ntdemo/{service.name}:{VERSION}"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_an_image_adds_no_more_to_the_python_image_than_the_design_allows(built: Engine, service: Service) -> None:
    (base,) = json.loads(built.docker("image", "inspect", BASE))
    size_mb, base_mb = inspected(built, service)["Size"] / 1e6, base["Size"] / 1e6
    print(f"{service.name}: {size_mb:.0f} MB, {size_mb - base_mb:.0f} more than {BASE}")
    assert size_mb - base_mb <= service.largest_mb


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_an_image_holds_no_compilers_no_caches_and_nothing_its_user_can_change(built: Engine, service: Service) -> None:
    def said(program: str, *options: str) -> Any:
        run = ("run", "--rm", "--network", "none", *options, f"ntdemo/{service.name}:{VERSION}", "python3", "-c", program)
        return json.loads(built.docker(*run))

    assert said(LEFT_BEHIND, "--user", "0:0") == [[], []]
    assert said(CHANGEABLE) == [[], 10001]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_an_image_is_labelled_and_knows_when_it_is_well(built: Engine, service: Service) -> None:
    config = inspected(built, service)["Config"]
    assert config["Labels"]["org.opencontainers.image.title"] == f"ntdemo-{service.name}"
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "python3"]
    assert {int(port.partition("/")[0]) for port in config["ExposedPorts"]} == set(service.ports)


@pytest.mark.parametrize("service", ["scores-api", "trainer"])
def test_what_is_left_of_rdkit_cuts_molecules(built: Engine, service: str) -> None:
    program = "from chemistry import fragment; print(fragment('OC(=O)Cc1ccccc1').parent)"
    run = ("run", "--rm", "--network", "none", f"ntdemo/{service}:{VERSION}", "python3", "-c", program)
    assert built.docker(*run).strip() == "O=C(O)Cc1ccccc1"
