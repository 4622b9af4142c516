"""Every operation of every service: what its key must be good for is decided, documented and asked at the door."""

import importlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient
from tools.openapi import APPLICATIONS

from servicekit.doors.keys import KeyFile, Scope

ROOT: Final = Path(__file__).parents[2]
SCOPES: Final = {"read": Scope.READ, "train": Scope.TRAIN, "admin": Scope.ADMIN}
_ROW: Final = re.compile(r"^\| ([a-z-]+) \| (?:`(\w+)`|nobody is asked) \| (`.+`) \|$", re.MULTILINE)


def operations(service: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each."""
    document = json.loads((ROOT / "services" / service / "openapi.json").read_text(encoding="utf-8"))
    return [(method.upper(), path, each) for path, methods in document["paths"].items() for method, each in methods.items()]


def documented() -> dict[tuple[str, str], set[str]]:
    """Service and scope -> operations, of the table in docs/security.md."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    return {(service, scope or "none"): set(re.findall(r"`(\w+)`", names)) for service, scope, names in _ROW.findall(text)}


def test_the_table_of_operations_is_what_the_doors_ask_for() -> None:
    stated: dict[tuple[str, str], set[str]] = {}
    for service in APPLICATIONS:
        for _, _, operation in operations(service):
            stated.setdefault((service, operation["x-scope"]), set()).add(operation["operationId"])
    assert documented() == stated, "decide what a key must be good for, and say so in docs/security.md"


def test_deleting_what_others_may_need_is_for_admins() -> None:
    assert documented()["trainer", "admin"] == {"delete_run", "delete_dataset"}


@pytest.fixture(params=APPLICATIONS)
def service(request: pytest.FixtureRequest) -> str:
    """The name of one."""
    name: str = request.param
    return name


def test_every_operation_refuses_who_has_no_key_and_a_key_that_may_less(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {
        scope: KeyFile(tmp_path / "keys.json").create(name, scope, now=datetime.now(UTC), expires=None)[0]
        for name, scope in SCOPES.items()
    }
    monkeypatch.setenv("NTDEMO_ACCESS", "keys")
    monkeypatch.setenv("NTDEMO_KEYS", str(tmp_path / "keys.json"))
    monkeypatch.setenv("NTDEMO_STATE", str(tmp_path / "state"))
    module = APPLICATIONS[service]
    settings = importlib.import_module(f"{module.partition('.')[0]}.settings").Settings()
    client = TestClient(importlib.import_module(module).create_app(settings), "http://localhost", raise_server_exceptions=False)

    def status(method: str, path: str, key: str | None) -> int:
        headers = {"Content-Type": "application/octet-stream" if path in {"/uploads", "/v1/datasets"} else "application/json"}
        headers |= {} if key is None else {"Authorization": f"Bearer {key}"}
        return client.request(method, re.sub(r"{\w+}", "x", path), headers=headers, content=b"{}").status_code

    for method, path, operation in operations(service):
        place = f"{method} {path}"
        if operation["x-scope"] == "none":
            assert status(method, path, None) not in {401, 403}, place
            continue
        assert status(method, path, None) == 401, place
        for scope, key in keys.items():
            refused = status(method, path, key) in {401, 403}
            assert refused == (scope < SCOPES[operation["x-scope"]]), (place, scope)
