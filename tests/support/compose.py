"""docker-compose.yml as a test reads it: anchors resolved, variables at their defaults or as given."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["COMPOSE", "compose"]

COMPOSE: Final = Path(__file__).parents[2] / "docker-compose.yml"
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?::-([^${}]*))?\}")


def compose(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The document."""
    document: dict[str, Any] = yaml.safe_load(_substituted(COMPOSE.read_text(encoding="utf-8"), variables or {}))
    return document


def _substituted(text: str, variables: Mapping[str, str]) -> str:
    """The innermost first, as a default may hold another variable."""
    while True:
        replaced = _VARIABLE.sub(lambda match: variables.get(match[1]) or match[2] or "", text)
        if replaced == text:
            return text
        text = replaced
