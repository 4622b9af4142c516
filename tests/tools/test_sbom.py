import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from tests.support.deployed import SERVICES
from tools import sbom

LOCK = """\
# Generated
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:00
    # via scipy
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:01
    # via scipy
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:02
    # via click
idna==3.20 \\
    --hash=sha256:03 \\
    --hash=sha256:04
torch==2.13.0
"""
STATUS = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1:1.0
"""


def test_a_bill_names_what_an_image_installs_and_nothing_else() -> None:
    assert sbom.installed(LOCK) == ["numpy==2.4.6", "idna==3.20", "torch==2.13.0"]


def test_debians_packages_are_those_that_are_installed() -> None:
    (component,) = sbom.debian(STATUS)
    assert component["purl"] == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=bookworm"


@pytest.mark.slow
@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_every_service_has_a_bill_of_all_its_packages(service: str) -> None:
    document = sbom.bill(service, STATUS)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["name"] == f"ntdemo-{service}"
    locked = sbom.installed(sbom.locked(service))
    assert len(document["components"]) == len(locked) + 1
    unlicensed = {component["name"] for component in document["components"] if not component.get("licenses")}
    assert unlicensed == {"libc6"}
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None
