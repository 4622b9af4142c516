"""Token ids of exchanges: nothing is unreadable, batches say exactly what the exchanges said, in a reproducible order."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.bundle import CONTEXT_TOKENS, REPLY_TOKENS, Language
from trainer.dialogue.batches import Position, batches
from trainer.dialogue.corpus.exchanges import Exchange
from trainer.dialogue.encoding import encode_exchanges
from trainer.dialogue.preparation import Prepared
from trainer.dialogue.tokens import SPECIAL_TOKENS, Tokens, train_tokens

_LINES = ["Hello there, how are you?", "I am fine, thank you.", "what a lovely day it is", "雨が降っています。"] * 30
_TOKENS = Tokens(train_tokens(_LINES, language=Language.ENGLISH, vocabulary=400, seed=0))


def test_the_tokenizer_of_the_same_lines_is_the_same() -> None:
    assert train_tokens(_LINES, language=Language.ENGLISH, vocabulary=400, seed=0) == _TOKENS.model


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_every_text_can_be_read_and_none_spells_a_special_token(text: str) -> None:
    special = set(SPECIAL_TOKENS.model_dump().values())
    assert special.isdisjoint(_TOKENS.encode([text])[0])


@pytest.mark.parametrize("text", ["<sep>", "<s></s>", "<pad><unk>"])
def test_the_name_of_a_special_token_is_ordinary_text(text: str) -> None:
    ids = _TOKENS.encode([text])[0]
    assert set(SPECIAL_TOKENS.model_dump().values()).isdisjoint(ids)
    assert _TOKENS.decode([ids]) == [text]


@given(st.lists(st.sampled_from([*_LINES[:4], "x" * 150]), min_size=1, max_size=3), st.sampled_from([*_LINES[:4], "y" * 90]))
@settings(max_examples=40)
def test_a_batch_says_what_the_exchange_said(context: list[str], reply: str) -> None:
    batch = encode_exchanges([Exchange(tuple(context), reply), Exchange(("a",), "b")], _TOKENS).batch(np.array([0, 1]))
    ids = [_TOKENS.encode([text])[0] for text in context]
    joined = [token for turn in ids for token in [*turn, SPECIAL_TOKENS.separator]][:-1][-CONTEXT_TOKENS:]
    target = [*_TOKENS.encode([reply])[0], SPECIAL_TOKENS.end][:REPLY_TOKENS]
    assert [token for token in batch.context_BS[0].tolist() if token] == joined
    assert [token for token in batch.target_BT[0].tolist() if token] == target
    assert batch.reply_BT[0, : len(target)].tolist() == [SPECIAL_TOKENS.start, *target[:-1]]
    assert batch.target_BT.shape[1] <= REPLY_TOKENS
    assert batch.context_BS.shape[1] <= CONTEXT_TOKENS


def _rows(data: Prepared, position: Position, count: int, *, rank: int = 0, world: int = 1) -> list[tuple[bytes, Position]]:
    stream = batches(data.train, seed=3, position=position, budget=lambda: 128, rank=rank, world=world)
    return [(batch.context_BS.tobytes() + batch.target_BT.tobytes(), after) for batch, after in itertools.islice(stream, count)]


def test_a_stream_begun_at_a_position_is_the_rest_of_the_unbroken_one(prepared: Callable[[Language], Prepared]) -> None:
    data = prepared(Language.ENGLISH)
    unbroken = _rows(data, Position(), 120)
    assert unbroken[-1][1].epoch >= 1
    for stop in (1, 17, 60, 119):
        assert _rows(data, unbroken[stop - 1][1], 120 - stop) == unbroken[stop:]


def test_an_epoch_holds_every_exchange_once_and_no_batch_exceeds_its_budget(prepared: Callable[[Language], Prepared]) -> None:
    data = prepared(Language.JAPANESE)
    rows = 0
    for batch, after in batches(data.train, seed=0, position=Position(), budget=lambda: 200):
        assert batch.target_BT.size <= 200
        rows += len(batch.target_BT)
        if after.epoch == 1:
            break
    assert rows == len(data.train)


def test_processes_share_an_epoch_without_overlap(prepared: Callable[[Language], Prepared]) -> None:
    data = prepared(Language.ENGLISH)
    first, second = _rows(data, Position(), 10), _rows(data, Position(), 10, rank=1, world=2)
    own = _rows(data, Position(), 10, rank=0, world=2)
    assert {row for row, _ in own}.isdisjoint(row for row, _ in second)
    assert [row for row, _ in own[:5]] == [row for row, _ in first[::2]]
    assert [position for _, position in own] == [position for _, position in second]


def test_an_exchange_without_context_is_a_lone_separator(prepared: Callable[[Language], Prepared]) -> None:
    data = prepared(Language.ENGLISH)
    batch = data.train.batch(np.arange(4), unconditional=np.array([True, False, False, True]))
    assert batch.context_BS[0].tolist() == [SPECIAL_TOKENS.separator] + [0] * (batch.context_BS.shape[1] - 1)
    assert batch.context_BS[1].tolist() == data.train.batch(np.arange(4)).context_BS[1].tolist()
