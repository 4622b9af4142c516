"""The dev container forwards the doors of the services, and is set up as a machine is."""

import json
from pathlib import Path
from typing import Final

import pytest
from tests.support.deployed import SERVICES
from tests.support.engine import BASE

FOLDER: Final = Path(__file__).parents[2] / ".devcontainer"


def test_it_forwards_every_port_that_services_listen_on_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    container = json.loads((FOLDER / "devcontainer.json").read_text(encoding="utf-8"))
    for service in SERVICES:
        for variable in service.variables():
            monkeypatch.delenv(variable, raising=False)
    doors = {port for service in SERVICES for port in service.ports_of(service.settings())}
    assert set(container["forwardPorts"]) == doors
    assert set(container["portsAttributes"]) == {str(port) for port in doors}
    assert all(attributes["label"] for attributes in container["portsAttributes"].values())


def test_it_is_set_up_as_a_machine_is_by_a_user_who_is_not_root() -> None:
    container = json.loads((FOLDER / "devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == "make setup"
    dockerfile = (FOLDER / container["build"]["dockerfile"]).read_text(encoding="utf-8")
    assert f"\nFROM {BASE}\n" in dockerfile
    assert f"--shell /bin/bash {container['remoteUser']}" in dockerfile
    assert "\nUSER 1000:1000\n" in dockerfile
