"""Heap: what was needed to open a bundle, given back to the system."""

import ctypes

__all__ = ["trim"]


def trim() -> None:
    """Give free memory back where the C library can: glibc keeps it, which is as much as a bundle, for the next one."""
    if (malloc_trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        malloc_trim(0)
