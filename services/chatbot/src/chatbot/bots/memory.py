"""Memory: what was needed to open a bundle, given back to the system."""

import ctypes

__all__ = ["give_back"]


def give_back() -> None:
    """Give free memory back where the C library can: glibc keeps it, which is as much as a bundle, for the next one."""
    try:
        library = ctypes.CDLL(None)
    except TypeError:  # on Windows a program cannot be asked for all that it loaded
        return
    if (malloc_trim := getattr(library, "malloc_trim", None)) is not None:
        malloc_trim(0)
