"""Damage: a store whose tables contradict themselves or each other."""

__all__ = ["StoreDamaged"]


class StoreDamaged(Exception):
    """The text names the run, the table, and what is wrong."""
