"""The base of every JSON object of the API: frozen, closed, described by the docstrings of its fields."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from servicekit.excerpt import excerpt

__all__ = ["Cursor", "Percent", "Vector", "Wire", "distinct"]

Percent = Annotated[float, Field(ge=-100, le=100)]
"""A similarity in percent, rounded once to two decimals."""
Vector = Annotated[list[float], Field(examples=[[0.71, -1.2, 0.05]])]
"""One number a factor, the strongest factor first."""
Cursor = Annotated[str | None, Field(description="Give it back as `cursor` for the next page; null on the last.")]


class Wire(BaseModel):
    """A JSON object: unknown members are refused, descriptions come from the docstrings of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def distinct(names: list[str]) -> list[str]:
    """The names, each of which is there once; a ValueError names the first that is not."""
    if len(set(names)) < len(names):
        twice = next(name for number, name in enumerate(names) if name in names[:number])
        raise ValueError(f"{excerpt(twice)!r} is named twice")
    return names
