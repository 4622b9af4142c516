"""What breaks callers of the last release is found, and has to be named."""

import copy
from typing import Any

import pytest
from tools import breaking
from tools.breaking import Change

_THING = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "kind": {"$ref": "#/components/schemas/Kind"}},
    "required": ["id"],
}
_OLD: dict[str, Any] = {
    "paths": {
        "/things": {
            "get": {
                "operationId": "list_things",
                "parameters": [{"in": "query", "name": "limit", "schema": {"type": "integer"}}],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}}
                        }
                    }
                },
            },
            "post": {
                "operationId": "create_thing",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Wish"}}}},
                "responses": {"202": {}},
            },
        }
    },
    "components": {
        "schemas": {
            "Thing": _THING,
            "Kind": {"type": "string", "enum": ["a", "b"]},
            "Wish": {
                "type": "object",
                "properties": {"kind": {"$ref": "#/components/schemas/Kind"}, "size": {"type": "integer"}},
                "additionalProperties": False,
            },
        }
    },
}


def _changed(*path: str | int, to: Any) -> list[Change]:
    """What breaks where one place of the document is another; None removes it."""
    new = copy.deepcopy(_OLD)
    place: Any = new
    for part in path[:-1]:
        place = place[part]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return list(breaking.breaking(_OLD, new))


_LIST = ("paths", "/things", "get")
_WISH = ("components", "schemas", "Wish")


@pytest.mark.parametrize(
    ("path", "to", "operation", "what"),
    [
        (_LIST, None, "list_things", "GET /things is gone"),
        ((*_LIST, "operationId"), "find_things", "list_things", "is called find_things now"),
        ((*_LIST, "parameters"), [], "list_things", "the parameter limit is gone"),
        ((*_LIST, "parameters", 0, "required"), True, "list_things", "the parameter limit must be given"),
        ((*_LIST, "parameters", 0, "schema", "type"), "boolean", "list_things", "limit may not be integer any more"),
        ((*_LIST, "responses"), {"204": {}}, "list_things", "no longer answers 200"),
        (("components", "schemas", "Thing", "properties", "id"), None, "list_things", "the answer[].id is gone"),
        (("components", "schemas", "Thing", "required"), [], "list_things", "the answer[].id is not always there"),
        (("components", "schemas", "Thing", "properties", "id", "type"), ["string", "null"], "list_things", "id may be null"),
        ((*_WISH, "required"), ["size"], "create_thing", "the body must have size"),
        ((*_WISH, "properties", "size"), None, "create_thing", "the body may not have size any more"),
    ],
)  # fmt: skip
def test_a_breaking_change_is_told_with_the_operation(path: tuple[str, ...], to: Any, operation: str, what: str) -> None:
    (change,) = _changed(*path, to=to)
    assert change.operation == operation
    assert what in change.what


def test_a_value_breaks_readers_when_it_is_new_and_writers_when_it_is_gone() -> None:
    new = _changed("components", "schemas", "Kind", "enum", to=["a", "b", "c"])
    gone = _changed("components", "schemas", "Kind", "enum", to=["a"])
    assert [(change.operation, change.what) for change in new] == [("list_things", "the answer[].kind may be c")]
    assert [(change.operation, change.what) for change in gone] == [("create_thing", "the body.kind may not be b any more")]


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("paths", "/others"), {"get": {"operationId": "list_others", "responses": {}}}),
        ((*_WISH, "properties", "colour"), {"type": "string"}),
        ((*_WISH, "properties", "size", "type"), "number"),
        (("components", "schemas", "Thing", "properties", "size"), {"type": "integer"}),
        (("components", "schemas", "Thing", "required"), ["id", "kind"]),
    ],
)
def test_what_only_adds_breaks_nobody(path: tuple[str, ...], to: Any) -> None:
    assert _changed(*path, to=to) == []


def test_a_change_is_meant_where_the_changelog_names_its_operation_under_unreleased() -> None:
    changes = [Change("list_things", "x"), Change("create_thing", "y")]
    changelog = "# Changelog\n\n## Unreleased\n- api: `list_things` has no limit any more.\n\n## 0.1.0\n- `create_thing`\n"
    assert breaking.unnamed(changes, changelog) == [changes[1]]


def test_every_breaking_change_since_the_last_release_is_named_in_the_changelog() -> None:
    changelog = (breaking.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    missing = breaking.unnamed(breaking.changes(), changelog)
    assert not missing, "name these operations in CHANGELOG.md under Unreleased:\n" + "\n".join(map(str, missing))
