from typing import Any

import pytest
from fastapi import FastAPI

METHODS = {"get", "post"}


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for method, operation in path.items() if method in METHODS]


def test_every_operation_documents_failures_as_problems(app: FastAPI) -> None:
    for operation in operations(app.openapi()):
        assert "application/problem+json" in operation["responses"]["default"]["content"]
        refused = operation["responses"].get("422")
        assert refused is None or list(refused["content"]) == ["application/problem+json"]


def test_the_librarys_own_error_schemas_are_gone(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    assert "ValidationError" not in schemas
    assert {"type", "title", "status", "detail", "instance"} <= set(schemas["ProblemDocument"]["properties"])


def test_an_operation_is_named_as_its_function(app: FastAPI) -> None:
    names = [operation["operationId"] for operation in operations(app.openapi())]
    assert {"healthz", "readyz", "teapot", "echo"} <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("hidden", ["/metrics", "/docs", "/problems/{slug}"])
def test_pages_and_metrics_are_no_part_of_the_interface(app: FastAPI, hidden: str) -> None:
    assert hidden not in app.openapi()["paths"]
