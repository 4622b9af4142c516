"""Links of the OpenAPI document: which operations take what an answer names."""

from typing import Any

__all__ = ["links"]


def links(parameter: str, found: str, *operations: str) -> dict[str, Any]:
    """`links` of an answer (https://spec.openapis.org/oas/v3.1.0#link-object).

    Args:
        parameter: Of each of the operations.
        found: JSON pointer into the body of the answer to its value.
        operations: Ids of the operations.
    """
    told = {parameter: f"$response.body#{found}"}
    return {"links": {operation: {"operationId": operation, "parameters": told} for operation in operations}}
