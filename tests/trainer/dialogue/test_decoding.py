"""Drawing a token: greedy is the likeliest, sampling keeps to its nucleus, rows do not disturb one another."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dialogue.bundle import Architecture
from trainer.dialogue.decoding import GREEDY, SAMPLED, Decoding, against_silence, next_tokens
from trainer.dialogue.replies import reply_to
from trainer.dialogue.tokens import SPECIAL_TOKENS
from trainer.dialogue.training import DialogueResult

_PLAIN = Decoding(temperature=1.0, top_k=0, top_p=1.0, repetition_penalty=1.0, blocked_ngram=0)


def _one(logits: list[float], reply: list[int], decoding: Decoding, seed: int = 0) -> int:
    row = np.array([[-9.0] * 5 + logits], np.float32)
    return int(next_tokens(row, [reply], decoding, [np.random.default_rng(seed)])[0]) - 5


@given(st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=8, unique=True))
def test_greedy_takes_the_likeliest_token(logits: list[float]) -> None:
    assert _one(logits, [], GREEDY) == int(np.argmax(logits))


def test_special_tokens_are_never_said_but_the_end_is() -> None:
    row = np.full((1, 9), -1.0, np.float32)
    row[0, [SPECIAL_TOKENS.pad, SPECIAL_TOKENS.unknown, SPECIAL_TOKENS.start, SPECIAL_TOKENS.separator]] = 50
    row[0, SPECIAL_TOKENS.end] = 1
    assert next_tokens(row, [[7]], GREEDY, [np.random.default_rng(0)]).tolist() == [SPECIAL_TOKENS.end]
    assert next_tokens(row, [[]], GREEDY, [np.random.default_rng(0)]).tolist() != [SPECIAL_TOKENS.end]


def test_a_third_token_that_would_repeat_a_triple_is_not_said() -> None:
    blocked = replace(GREEDY, repetition_penalty=1.0)
    assert _one([0, 1, 2, 9], [6, 7, 8, 6, 7], blocked) == 2
    assert _one([0, 1, 9, 2], [5, 6, 7, 5, 6], blocked) == 3
    assert _one([0, 1, 2, 9], [6, 7, 8, 6, 7], replace(blocked, blocked_ngram=0)) == 3
    assert _one([0, 1, 2, 3.0], [6, 7, 8, 6, 7], blocked) == 2


def test_the_repetition_penalty_makes_a_used_token_less_likely_whatever_its_sign() -> None:
    penalised = replace(GREEDY, repetition_penalty=2.0)
    assert _one([3.0, 2.0], [5], penalised) == 1
    assert _one([-1.0, -1.5], [5], penalised) == 1


def test_the_nucleus_holds_the_fewest_tokens_that_reach_its_share() -> None:
    logits = np.log([0.5, 0.3, 0.15, 0.05]).tolist()
    drawn = Counter(_one(logits, [], replace(_PLAIN, top_p=0.75), seed) for seed in range(800))
    assert set(drawn) == {0, 1}
    assert abs(drawn[0] / 800 - 0.625) < 0.06
    assert {_one(logits, [], replace(_PLAIN, top_k=3), seed) for seed in range(300)} == {0, 1, 2}
    assert {_one(logits, [], _PLAIN, seed) for seed in range(300)} == {0, 1, 2, 3}


def test_temperature_sharpens() -> None:
    logits = np.log([0.6, 0.4]).tolist()
    drawn = Counter(_one(logits, [], replace(_PLAIN, temperature=0.25), seed) for seed in range(600))
    assert abs(drawn[0] / 600 - 0.6**4 / (0.6**4 + 0.4**4)) < 0.06


def _weighed(spoken: list[float], silent: list[float], said: list[int] | None = None) -> list[float]:
    """Of the tokens from 5 on, which are numbered from 0 here."""
    spoken_1V, silent_1V = (np.array([[-99.0] * 5 + values], np.float32) for values in (spoken, silent))
    weighed: list[float] = against_silence(spoken_1V, silent_1V, [[token + 5 for token in said or []]], GREEDY)[0].tolist()
    return weighed[5:]


def test_what_answers_the_context_is_preferred_to_what_is_said_anyway() -> None:
    assert _weighed([3.0, 2.5], [3.0, 1.0]) == [3.0, 4.0]


def test_no_contrast_makes_an_implausible_token_likely() -> None:
    weighed = _weighed([9.0, 8.0, 5.0, 4.0], [9.0, 9.0, -90.0, -90.0])
    assert weighed[0] > weighed[1] > weighed[2] > weighed[3]


def test_a_topic_is_named_once() -> None:
    assert _weighed([3.0, 2.5], [3.0, 1.0], [1]) == [3.0, 2.5]
    assert _weighed([3.0, 2.5], [3.0, 4.0], [1]) == [3.0, 1.0]


def test_a_reply_is_weighed_in_its_first_tokens() -> None:
    assert _weighed([3.0, 2.5, 2.0], [3.0, 1.0, 2.0], [2, 2, 2, 2]) == [3.0, 4.0, 2.0]
    assert _weighed([3.0, 2.5, 2.0], [3.0, 1.0, 2.0], [2, 2, 2, 2, 2]) == [3.0, 2.5, 2.0]


def test_no_contrast_ends_a_reply() -> None:
    spoken, silent = (np.zeros((1, 9), np.float32) for _ in range(2))
    silent[0, SPECIAL_TOKENS.end] = -9
    assert against_silence(spoken, silent, [[7]], GREEDY)[0, SPECIAL_TOKENS.end] == 0


@given(st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=8, unique=True))
def test_where_the_context_changes_nothing_contrast_changes_no_plausible_token(logits: list[float]) -> None:
    weighed, plausible = _weighed(logits, logits), [logit >= max(logits) - 2.9 for logit in logits]
    assert [one for one, kept in zip(weighed, plausible, strict=True) if kept] == [
        one for one, kept in zip(logits, plausible, strict=True) if kept
    ]


def test_a_reply_is_the_same_whoever_else_is_answered(trained: Callable[[Architecture], DialogueResult]) -> None:
    for architecture in Architecture:
        result = trained(architecture)
        contexts = [["Hello!"], ["How are you?", "Fine.", "What is a fragment?"], ["I like birds."]]
        for decoding in (GREEDY, SAMPLED):
            together = reply_to(result.network, result.prepared.tokens, contexts, decoding=decoding, seed=4)
            assert together == reply_to(result.network, result.prepared.tokens, contexts, decoding=decoding, seed=4)
            alone = reply_to(result.network, result.prepared.tokens, contexts[:1], decoding=decoding, seed=4)
            assert alone == together[:1]
        other = reply_to(result.network, result.prepared.tokens, contexts, decoding=SAMPLED, seed=5)
        assert other != reply_to(result.network, result.prepared.tokens, contexts, decoding=SAMPLED, seed=4)
