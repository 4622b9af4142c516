"""Factors: the vectors of fragments or targets."""

from enum import StrEnum

from scores_api.models.wire import Cursor, Vector, Wire

__all__ = ["Factor", "FactorPage", "FactorSide"]


class FactorSide(StrEnum):
    """Whose vectors."""

    FRAGMENTS = "fragments"
    TARGETS = "targets"


class Factor(Wire):
    """The vectors of one fragment or target."""

    id: int
    name: str
    unit: str | None
    """Of what was measured on a target: `pIC50`, …, `pX`, `%`; null of fragments, and where the data do not say."""
    vector: Vector
    """Canonical: rows of U S for fragments, of V for targets."""
    balanced: Vector
    """Rows of U sqrt(S) and V sqrt(S)."""


class FactorPage(Wire):
    """Factors in the order of their ids."""

    run: str
    side: FactorSide
    items: list[Factor]
    next: Cursor
