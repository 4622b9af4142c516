"""The shipped bots: whole, small enough, decent, and served as the trainer measured them."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from tests.chatbot.conftest import opened

from chatbot.network.bundle import Bundle
from chatbot.network.decency import is_decent
from chatbot.network.engine import Engine
from chatbot.network.reply import Reply, Wish
from chatbot.network.sampling import Sampling
from chatbot.network.typesetting import typeset
from chatbot.settings import Settings
from dialogue.bundle import ENCODER_FILE, STEP_FILE, Language, read_card
from trainer.dialogue.bundle_runtime import Graphs
from trainer.dialogue.decoding import GREEDY, against_silence, next_tokens

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
        wishes = [Wish(seed=3), Wish(sampling=Sampling(temperature=0))]
        asked = [(message, wish) for message in _MESSAGES[shipped.language] for wish in wishes]
        alone = [await _text(engine, shipped, message, wish) for message, wish in asked]
        together = await asyncio.gather(*(_text(engine, shipped, message, wish) for message, wish in asked))
    assert together == alone
    assert all(is_decent(text) and text.strip() and text.isprintable() for text in alone)


async def test_tokens_are_those_by_which_the_trainer_measured_it(shipped: Bundle, directory: Path) -> None:
    card = shipped.card
    graphs = Graphs(directory / ENCODER_FILE, directory / STEP_FILE, card.states)
    message = _MESSAGES[shipped.language][1]
    spoken, silent = (graphs.encode(np.array([shipped.context(turns)])) for turns in ([message], []))
    token_B, said = np.array([card.tokens.start]), list[int]()
    while len(said) < card.reply_tokens:
        spoken_1V, silent_1V = (graphs.step(token_B, np.array([len(said)]), states) for states in (spoken, silent))
        weighed_1V = against_silence(spoken_1V, silent_1V, [said], GREEDY)
        token_B = next_tokens(weighed_1V, [said], GREEDY, [np.random.default_rng(0)])
        if token_B[0] == card.tokens.end:
            break
        said.append(int(token_B[0]))
    with Engine(rows=1, waiting=0) as engine:
        served = await _text(engine, shipped, message, Wish(sampling=Sampling(temperature=0)))
    assert served == typeset(shipped.tokens.decode(said), shipped.language)


async def _text(engine: Engine, bundle: Bundle, message: str, wish: Wish) -> str:
    async with engine.write(Reply.several(bundle, [message], wish, count=1)) as pieces:
        return "".join([piece.text async for _, piece in pieces])
