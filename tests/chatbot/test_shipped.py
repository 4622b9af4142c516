"""The shipped bots: whole, small enough, decent, and served as the trainer measured them."""

import asyncio
from pathlib import Path

import pytest
from tests.chatbot.conftest import opened

from chatbot.network.bundle import Bundle
from chatbot.network.decency import is_decent
from chatbot.network.engine import Engine
from chatbot.network.reply import Reply, Wish
from chatbot.settings import Settings
from dialogue.bundle import Language, read_card
from dialogue.decoding import Decoding

pytestmark = pytest.mark.anyio
_LIMIT_BYTES = 12 * 2**20
_MESSAGES = {
    Language.ENGLISH: ["Hello!", "How was your weekend?", "I have a cold.", "What music do you like?", "<b>", "x" * 500, "猫"],
    Language.JAPANESE: [
        "こんにちは！",
        "週末は何をしましたか？",
        "風邪をひきました。",
        "好きな音楽は？",
        "<b>",
        "あ" * 500,
        "cats",
    ],
}


@pytest.fixture(scope="module", params=list(Language))
def directory(request: pytest.FixtureRequest) -> Path:
    directory: Path = Settings().models / request.param
    if not directory.is_dir():
        pytest.skip(f"no bundle is shipped for {request.param}")
    return directory


@pytest.fixture(scope="module")
def shipped(directory: Path) -> Bundle:
    return opened(directory)


def test_it_is_whole_and_small(directory: Path) -> None:
    card = read_card(directory)
    assert sum(file.size_bytes for file in card.files) <= _LIMIT_BYTES
    assert card.language == directory.name
    assert card.attribution


async def test_replies_among_others_are_those_that_are_given_alone(shipped: Bundle) -> None:
    with Engine(rows=64, waiting=0) as engine:
        wishes = [Wish(seed=3), Wish(decoding=Decoding(temperature=0))]
        asked = [(message, wish) for message in _MESSAGES[shipped.language] for wish in wishes]
        alone = [await _text(engine, shipped, message, wish) for message, wish in asked]
        together = await asyncio.gather(*(_text(engine, shipped, message, wish) for message, wish in asked))
    assert together == alone
    assert all(is_decent(text) and text.strip() and text.isprintable() for text in alone)


async def _text(engine: Engine, bundle: Bundle, message: str, wish: Wish) -> str:
    async with engine.write(Reply.several(bundle, [message], wish, count=1)) as pieces:
        return "".join([piece.text async for _, piece in pieces])
