"""One thread for torch's arithmetic on the CPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[int]:
    """One thread inside, as many as before afterwards: that number is what the context gives.

    The sums of a product depend on how many threads share it; its time hardly does where memory is the limit.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)
