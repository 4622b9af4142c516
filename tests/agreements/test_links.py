"""Links of the documents lead to operations that there are, by parameters that these take."""

import json
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]


def _operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["operationId"]: each for path in document["paths"].values() for each in path.values()}


@pytest.mark.parametrize(
    ("service", "sources"), [("scores-api", {"list_runs", "list_fragments"}), ("trainer", {"create_job", "create_dataset"})]
)
def test_every_link_names_an_operation_its_parameter_and_a_member_of_the_answer(service: str, sources: set[str]) -> None:
    document = json.loads((_ROOT / f"services/{service}/openapi.json").read_text())
    operations = _operations(document)
    linked = set()
    for name, operation in operations.items():
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                linked.add(name)
                taken = {each["name"] for each in operations[link["operationId"]]["parameters"]}
                assert taken >= link["parameters"].keys()
                for pointer in link["parameters"].values():
                    _follow(document, answer["content"]["application/json"]["schema"], pointer.removeprefix("$response.body#/"))
    assert linked == sources


def _follow(document: dict[str, Any], schema: dict[str, Any], pointer: str) -> None:
    """Fails where an answer of this schema has no such member."""
    for step in pointer.split("/"):
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        schema = schema["items"] if step.isdigit() else schema["properties"][step]
