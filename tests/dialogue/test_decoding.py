"""Drawing a token: greedy is the likeliest, sampling keeps to its nucleus, and what may not be said is replaced."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.bundle import SpecialTokens
from dialogue.decoding import CONTRASTED, GREEDY, SAMPLED, Decoding, contrast, next_token

_SPECIAL = SpecialTokens(pad=0, unknown=1, start=2, end=3, separator=4)
_VOCABULARY = 120
_WHOLE = Decoding(temperature=1.0, top_p=1.0)


def _one(logits: list[float], reply: list[int], decoding: Decoding, seed: int = 0) -> int:
    """Of the tokens from 5 on, which are numbered from 0 here."""
    row_V = np.array([-9.0] * 5 + logits, np.float32)
    return next_token(row_V, reply, decoding, np.random.default_rng(seed), special=_SPECIAL) - 5


@given(st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=8, unique=True))
def test_greedy_takes_the_likeliest_token(logits: list[float]) -> None:
    assert _one(logits, [], GREEDY) == int(np.argmax(logits))


@given(seed=st.integers(0, 2**32 - 1), vocabulary=st.sampled_from([120, 128, 1_000]), ties=st.booleans())
def test_a_drawn_token_is_one_of_the_forty_likeliest(seed: int, vocabulary: int, ties: bool) -> None:  # noqa: FBT001
    logits_V = np.random.default_rng(seed).normal(scale=3, size=vocabulary).astype(np.float32)
    logits_V = logits_V.round() if ties else logits_V
    logits_V[:5] = -99
    token = next_token(logits_V, [], Decoding(temperature=2.0, top_p=1.0), np.random.default_rng(seed), special=_SPECIAL)
    assert token in np.argsort(-logits_V, kind="stable")[:40]


@pytest.mark.parametrize("decoding", [GREEDY, SAMPLED])
def test_special_tokens_are_never_said_but_the_end_is(decoding: Decoding) -> None:
    row_V = np.full(9, -1.0, np.float32)
    row_V[[_SPECIAL.pad, _SPECIAL.unknown, _SPECIAL.start, _SPECIAL.separator]] = 50
    row_V[_SPECIAL.end] = 9
    assert next_token(row_V, [7], decoding, np.random.default_rng(0), special=_SPECIAL) == _SPECIAL.end
    assert next_token(row_V, [], decoding, np.random.default_rng(0), special=_SPECIAL) > _SPECIAL.separator


def test_a_third_token_that_would_repeat_a_triple_is_not_said() -> None:
    assert _one([0, 1, 2, 9], [6, 7, 8, 6, 7], GREEDY) == 2
    assert _one([0, 1, 9, 2], [5, 6, 7, 5, 6], GREEDY) == 3
    assert _one([0, 1, 2, 9], [6, 8, 7, 6, 7], GREEDY) == 3


def test_the_repetition_penalty_makes_a_used_token_less_likely_whatever_its_sign() -> None:
    assert _one([3.0, 2.8], [5], GREEDY) == 1
    assert _one([-1.0, -1.05], [5], GREEDY) == 1


def test_the_nucleus_holds_the_fewest_tokens_that_reach_its_share() -> None:
    logits = np.log([0.5, 0.3, 0.15, 0.05]).tolist()
    drawn = Counter(_one(logits, [], Decoding(temperature=1.0, top_p=0.75), seed) for seed in range(800))
    assert set(drawn) == {0, 1}
    assert abs(drawn[0] / 800 - 0.625) < 0.06
    assert {_one(logits, [], _WHOLE, seed) for seed in range(300)} == {0, 1, 2, 3}


def test_temperature_sharpens() -> None:
    logits = np.log([0.6, 0.4]).tolist()
    drawn = Counter(_one(logits, [], Decoding(temperature=0.25, top_p=1.0), seed) for seed in range(600))
    assert abs(drawn[0] / 600 - 0.6**4 / (0.6**4 + 0.4**4)) < 0.06


def _contrasted(logits: list[float], unconditional: list[float], reply: list[int] | None = None) -> list[float]:
    """Of the tokens from 5 on, which are numbered from 0 here."""
    logits_V, unconditional_V = (np.array([-99.0] * 5 + values, np.float32) for values in (logits, unconditional))
    weighed: list[float] = contrast(logits_V, unconditional_V, [token + 5 for token in reply or []], special=_SPECIAL).tolist()
    return weighed[5:]


def test_what_answers_the_context_is_preferred_to_what_is_said_anyway() -> None:
    assert _contrasted([3.0, 2.5], [3.0, 1.0]) == [3.0, 4.0]


def test_no_contrast_makes_an_implausible_token_likely() -> None:
    weighed = _contrasted([9.0, 8.0, 5.0, 4.0], [9.0, 9.0, -90.0, -90.0])
    assert weighed[0] > weighed[1] > weighed[2] > weighed[3]


def test_a_topic_is_named_once() -> None:
    assert _contrasted([3.0, 2.5], [3.0, 1.0], [1]) == [3.0, 2.5]
    assert _contrasted([3.0, 2.5], [3.0, 4.0], [1]) == [3.0, 1.0]


def test_no_contrast_ends_a_reply() -> None:
    logits_V, unconditional_V = (np.zeros(9, np.float32) for _ in range(2))
    unconditional_V[_SPECIAL.end] = -9
    assert contrast(logits_V, unconditional_V, [7], special=_SPECIAL)[_SPECIAL.end] == 0


@given(st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=8, unique=True))
def test_where_the_context_changes_nothing_contrast_changes_no_plausible_token(logits: list[float]) -> None:
    weighed, plausible = _contrasted(logits, logits), [logit >= max(logits) - 2.9 for logit in logits]
    assert [one for one, kept in zip(weighed, plausible, strict=True) if kept] == [
        one for one, kept in zip(logits, plausible, strict=True) if kept
    ]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_refused_token_is_replaced_by_the_next_best(temperature: float) -> None:
    logits_V = np.zeros(_VOCABULARY, np.float32)
    logits_V[[10, 11]] = [60, 40]
    token = next_token(
        logits_V,
        [],
        Decoding(temperature=temperature),
        np.random.default_rng(0),
        special=_SPECIAL,
        refused=lambda token: token == 10,
    )
    assert token == 11


def test_where_everything_is_refused_the_reply_ends() -> None:
    logits_V = np.zeros(_VOCABULARY, np.float32)
    token = next_token(logits_V, [], Decoding(), np.random.default_rng(0), special=_SPECIAL, refused=lambda token: token != 3)
    assert token == _SPECIAL.end


def test_penalties_turn_a_reply_away_from_what_it_holds() -> None:
    logits_V = np.zeros(_VOCABULARY, np.float32)
    logits_V[[10, 11]] = [5, 4]
    for decoding in (
        Decoding(temperature=0, frequency_penalty=1),
        Decoding(temperature=0, presence_penalty=1),
    ):
        assert next_token(logits_V, [10], decoding, np.random.default_rng(0), special=_SPECIAL) == 11


def test_a_small_nucleus_takes_the_likeliest() -> None:
    logits_V = np.arange(_VOCABULARY, dtype=np.float32)
    decoding = Decoding(temperature=2, top_p=1e-9)
    drawn = {next_token(logits_V, [], decoding, np.random.default_rng(seed), special=_SPECIAL) for seed in range(20)}
    assert drawn == {_VOCABULARY - 1}


@pytest.mark.parametrize("temperature", [1e-9, 2.0])
def test_no_temperature_leaves_the_numbers(temperature: float) -> None:
    logits_V = np.linspace(-400, 400, _VOCABULARY, dtype=np.float32)
    decoding = Decoding(temperature=temperature)
    token = next_token(logits_V, [7], decoding, np.random.default_rng(0), special=_SPECIAL)
    assert 5 <= token < _VOCABULARY


@pytest.mark.parametrize(
    ("seed", "decoding", "tokens"),
    [
        (0, GREEDY, [219, 179, 94, 286, 163, 251, 201, 221, 216, 27, 248, 200]),
        (0, SAMPLED, [219, 179, 47, 6, 163, 251, 201, 221, 17, 20, 248, 200]),
        (1, SAMPLED, [183, 260, 202, 217, 125, 284, 49, 239, 112, 129, 59, 102]),
    ],
)
def test_a_seed_draws_what_it_always_drew(seed: int, decoding: Decoding, tokens: list[int]) -> None:
    logits, random = np.random.default_rng(seed), np.random.default_rng((seed, 1))
    reply = list[int]()
    while len(reply) < len(tokens):
        logits_V, unconditional_V = (logits.normal(scale=3, size=300).astype(np.float32) for _ in range(2))
        if len(reply) < CONTRASTED:
            logits_V = contrast(logits_V, unconditional_V, reply, special=_SPECIAL)
        reply.append(next_token(logits_V, reply, decoding, random, special=_SPECIAL))
    assert reply == tokens
