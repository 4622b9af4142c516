"""Pauses: one that lets an event loop work meanwhile, one that does not."""

import asyncio
import time

__all__ = ["async_pause", "pause"]


async def async_pause(seconds: float) -> None:
    """Wait."""
    await asyncio.sleep(seconds)


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)
