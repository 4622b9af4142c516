"""The worker that reads and draws structures."""

import asyncio
import os
import signal

import pytest

from chatbot.fragments.structures import Structures, StructuresFailed

pytestmark = pytest.mark.anyio


async def test_it_reads_and_draws() -> None:
    structures = Structures()
    try:
        assert await structures.names_of("O1CCN(*)CC1") == ("*N1CCOCC1",)
        assert await structures.names_of("hello") == ()
        assert "<svg" in str(await structures.draw("*N1CCOCC1"))
        assert await structures.draw("hello") is None
    finally:
        await structures.close()


async def test_questions_that_come_together_get_their_own_answers() -> None:
    structures = Structures()
    try:
        named = await asyncio.gather(*(structures.names_of(smiles) for smiles in ("*O", "*N", "*C", "*F")))
        assert named == [("*O",), ("*N",), ("*C",), ("*F",)]
    finally:
        await structures.close()


async def test_one_that_died_is_told_and_started_again() -> None:
    structures = Structures()
    try:
        await structures.names_of("*C")
        assert structures._worker is not None  # noqa: SLF001 - the process to kill
        os.kill(structures._worker.pid, signal.SIGKILL)  # noqa: SLF001
        with pytest.raises(StructuresFailed):
            await structures.names_of("*C")
        assert await structures.names_of("*C") == ("*C",)
    finally:
        await structures.close()


async def test_one_that_is_idle_ends() -> None:
    structures = Structures(idle_s=0.01)
    await structures.names_of("*C")
    worker = structures._worker  # noqa: SLF001 - the process that is to end
    assert worker is not None
    await asyncio.wait_for(worker.wait(), 10)
    assert await structures.names_of("*C") == ("*C",)
    await structures.close()
