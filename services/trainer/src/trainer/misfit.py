"""Misfit: an objective that says nothing about the data it was asked to be fitted to."""

__all__ = ["Misfit"]


class Misfit(Exception):
    """The objective does not fit the data; the text says why, and what does."""
