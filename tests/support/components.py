"""What stands in Dash components, as they are or as JSON."""

from typing import Any

from dash.development.base_component import Component

__all__ = ["text_of"]


def text_of(node: Any) -> str:
    """All text of a component and of what is in it, in order."""
    if isinstance(node, Component):
        return text_of(node.to_plotly_json())  # type: ignore[no-untyped-call]
    if isinstance(node, list | tuple):
        return "".join(map(text_of, node))
    return text_of(node["props"].get("children")) if isinstance(node, dict) else "" if node is None else str(node)
