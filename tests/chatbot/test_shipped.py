"""The shipped bots: whole, small enough, decent, and served as the trainer measured them."""

import asyncio
from pathlib import Path

import pytest
from tests.chatbot.conftest import opened

from chatbot.network.bundle import Bundle
from chatbot.network.engine import ReplyEngine
from chatbot.network.filtering import is_allowed
from chatbot.network.reply import Reply, ReplyOptions
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
    with ReplyEngine(rows=64, waiting=0) as engine:
        all_options = [ReplyOptions(seed=3), ReplyOptions(decoding=Decoding(temperature=0))]
        asked = [(message, options) for message in _MESSAGES[shipped.language] for options in all_options]
        alone = [await _text(engine, shipped, message, options) for message, options in asked]
        together = await asyncio.gather(*(_text(engine, shipped, message, options) for message, options in asked))
    assert together == alone
    assert all(is_allowed(text) and text.strip() and text.isprintable() for text in alone)


async def _text(engine: ReplyEngine, bundle: Bundle, message: str, options: ReplyOptions) -> str:
    async with engine.write(Reply.several(bundle, [message], options, count=1)) as pieces:
        return "".join([piece.text async for _, piece in pieces])
