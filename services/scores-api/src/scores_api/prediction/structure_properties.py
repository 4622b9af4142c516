"""What an SD file says of a predicted molecule."""

from collections.abc import Mapping
from typing import Any

__all__ = ["structure_properties"]


def structure_properties(name: str | None, compound: Mapping[str, Any], run: str) -> dict[str, str]:
    """Properties by name, from one of `compounds` of an answer; what is null is left out. `name` is the title."""
    matched = compound["matched"]
    stated = {"name": name or (matched["name"] if matched else ""), "smiles": compound["parent"], "run": run}
    if matched:
        stated["compound"] = matched["name"]
    for told in compound["predictions"]:
        figures = {"predicted": told["value"], **{each: told[each] for each in ("low", "high", "unit", "measured", "domain")}}
        stated |= {f"{told['target']} {what}": f"{figure}" for what, figure in figures.items() if figure is not None}
    return stated
