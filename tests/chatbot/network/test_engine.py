"""The engine: many replies at once, none influenced by another, none left running that nobody wants."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chatbot.conftest import GREETING, opened
from tests.support.scripted_bot import scripted_bot

from chatbot.failures import Busy, EngineFailed
from chatbot.network.batch import Batch
from chatbot.network.bundle import Bundle
from chatbot.network.engine import ReplyEngine
from chatbot.network.reply import Finish, Piece, Reply, ReplyOptions
from dialogue.decoding import Decoding
from dialogue.graphs import States

pytestmark = pytest.mark.anyio
_GREEDY = ReplyOptions(decoding=Decoding(temperature=0))


@pytest.fixture
def engine() -> Iterator[ReplyEngine]:
    with ReplyEngine(rows=8, waiting=100) as engine:
        yield engine


async def written(engine: ReplyEngine, replies: list[Reply]) -> list[list[Piece]]:
    found: list[list[Piece]] = [[] for _ in replies]
    async with engine.write(replies) as pieces:
        async for place, piece in pieces:
            found[place].append(piece)
    return found


def text(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the engine's thread sets no event
            await asyncio.sleep(0.001)


def one(bundle: Bundle, *turns: str, options: ReplyOptions = _GREEDY) -> list[Reply]:
    return Reply.several(bundle, list(turns), options, count=1)


async def test_more_replies_than_rows_are_all_written_and_wait_their_turn(engine: ReplyEngine, english: Bundle) -> None:
    several = await asyncio.gather(*(written(engine, one(english, f"message {number}")) for number in range(40)))
    assert [text(pieces) for ((pieces),) in several] == [GREETING] * 40
    assert engine.tally.replies == 40
    assert engine.writing == engine.waiting == 0
    assert engine.tally.steps < engine.tally.tokens / 4


async def test_rows_of_different_length_join_and_leave_without_disturbing_each_other(
    engine: ReplyEngine, english: Bundle, tmp_path: Path
) -> None:
    scripted_bot(tmp_path / "en", "one two three four five six seven eight nine ten")
    talkative = opened(tmp_path / "en")
    all_options = [
        ReplyOptions(decoding=Decoding(temperature=0), max_tokens=length) for length in (1, 3, 30, 7, 2, 40, 5, 12, 4, 9)
    ]
    alone = [
        text((await written(engine, one(talkative, "x" * place, options=options)))[0])
        for place, options in enumerate(all_options)
    ]
    together = await asyncio.gather(
        *(written(engine, one(talkative, "x" * place, options=options)) for place, options in enumerate(all_options)),
        *(written(engine, one(english, "hello")) for _ in range(5)),
    )
    assert [text(each[0]) for each in together] == [*alone, *([GREETING] * 5)]


async def test_the_most_tokens_end_a_reply_for_its_length(engine: ReplyEngine, english: Bundle) -> None:
    options = ReplyOptions(decoding=Decoding(temperature=0), max_tokens=3)
    ((*_, last),) = await written(engine, one(english, "hello", options=options))
    assert last.finish is Finish.LENGTH
    assert last.tokens == 3


async def test_a_reply_that_nobody_wants_is_not_written_to_its_end(engine: ReplyEngine, english: Bundle) -> None:
    async with engine.write(one(english, "hello")) as pieces:
        async for _, piece in pieces:
            assert piece.finish is None
            break
    await until(lambda: engine.writing == 0)
    assert engine.tally.replies + engine.tally.cancelled == 1


async def test_replies_that_wait_can_be_given_up(english: Bundle) -> None:
    with ReplyEngine(rows=1, waiting=10) as engine:
        async with engine.write(one(english, "a")), engine.write(one(english, "b")):
            pass
        await until(lambda: engine.writing == engine.waiting == 0)
        assert text((await written(engine, one(english, "c")))[0]) == GREETING


async def test_too_many_waiting_replies_are_refused(english: Bundle) -> None:
    with ReplyEngine(rows=2, waiting=3) as engine:
        with pytest.raises(Busy):
            async with engine.write([*one(english, "a") * 1, *(one(english, str(number))[0] for number in range(5))]):
                pass
        assert text((await written(engine, one(english, "c")))[0]) == GREETING


async def test_a_network_that_fails_fails_its_replies_alone(engine: ReplyEngine, english: Bundle, tmp_path: Path) -> None:
    scripted_bot(tmp_path / "en", "anything")
    broken = opened(tmp_path / "en")

    def step(*_: object) -> tuple[object, States]:
        raise RuntimeError("no more memory")

    object.__setattr__(broken.graphs, "step", step)
    with pytest.raises(EngineFailed, match="no more memory"):
        await written(engine, one(broken, "hello"))
    assert text((await written(engine, one(english, "hello")))[0]) == GREETING
    assert engine.writing == 0


async def test_a_bundle_that_was_replaced_is_let_go_with_its_last_reply(engine: ReplyEngine, models: Path) -> None:
    bundle = opened(models / "en")
    seen = weakref.ref(bundle)
    async with engine.write(one(bundle, "hello")) as pieces:
        del bundle
        gc.collect()
        assert seen() is not None
        assert [piece.finish async for _, piece in pieces][-1] is Finish.STOP
    await until(lambda: engine.writing == 0)
    gc.collect()
    assert seen() is None


async def test_the_same_seed_gives_the_same_replies_and_each_choice_its_own_chance(engine: ReplyEngine, models: Path) -> None:
    bundle = opened(models / "en")
    options = ReplyOptions(decoding=Decoding(temperature=2.0, top_p=1.0), seed=7)
    first = await written(engine, Reply.several(bundle, ["hello"], options, count=3))
    again = await written(engine, Reply.several(bundle, ["hello"], options, count=3))
    assert [text(each) for each in first] == [text(each) for each in again]


@pytest.mark.parametrize(("kind", "method"), [(Batch, "admit"), (Batch, "step"), (Batch, "dismiss"), (ReplyEngine, "_forget")])
async def test_an_error_anywhere_in_its_work_fails_replies_and_not_the_engine(
    engine: ReplyEngine, english: Bundle, monkeypatch: pytest.MonkeyPatch, kind: type, method: str
) -> None:
    def failing(*_: object) -> None:
        raise KeyError("nobody foresaw this")

    with monkeypatch.context() as patch:
        patch.setattr(kind, method, failing)
        with pytest.raises(EngineFailed, match="nobody foresaw this"):
            async with asyncio.timeout(10):
                await written(engine, one(english, "hello"))
    async with asyncio.timeout(10):
        assert text((await written(engine, one(english, "hello")))[0]) == GREETING
    assert engine.is_alive
    assert engine.writing == engine.waiting == 0


async def test_an_engine_that_ended_is_not_alive_and_lets_nobody_wait(english: Bundle) -> None:
    with ReplyEngine(rows=8, waiting=8) as engine:
        stream = engine.write(one(english, "hello"))
        pieces = await stream.__aenter__()
    assert not engine.is_alive
    async with asyncio.timeout(10):
        with pytest.raises(EngineFailed):
            async for _ in pieces:
                pass
        with pytest.raises(EngineFailed):
            await written(engine, one(english, "hello"))


@pytest.mark.parametrize("seed", [-(2**63), -1, 0, 2**63 - 1])
async def test_every_seed_is_one(engine: ReplyEngine, english: Bundle, seed: int) -> None:
    options = ReplyOptions(decoding=Decoding(temperature=0), seed=seed)
    assert text((await written(engine, one(english, "hello", options=options)))[0]) == GREETING
