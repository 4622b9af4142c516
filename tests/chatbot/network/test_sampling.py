"""Which token comes next: the trainer's rules, and what may not be said is replaced."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.network.sampling import CONTRASTED, Sampling, against_silence, next_token
from trainer.dialogue import decoding
from trainer.dialogue.decoding import GREEDY, SAMPLED, next_tokens
from trainer.dialogue.tokens import SPECIAL_TOKENS

_VOCABULARY = 120


def nothing_refused(_: int) -> bool:
    return False


@given(
    seed=st.integers(0, 2**32 - 1),
    said=st.lists(st.integers(5, _VOCABULARY - 1), min_size=1, max_size=12),
    vocabulary=st.sampled_from([_VOCABULARY, 128, 1_000]),
    greedy=st.booleans(),
    ties=st.booleans(),
)
def test_tokens_are_those_of_the_scorecards_decoding(
    seed: int,
    said: list[int],
    vocabulary: int,
    greedy: bool,  # noqa: FBT001
    ties: bool,  # noqa: FBT001
) -> None:
    draw = np.random.default_rng(seed)
    logits_V = draw.normal(scale=3, size=vocabulary).astype(np.float32)
    if ties:
        logits_V = logits_V.round()
    ours = next_token(
        logits_V,
        said,
        Sampling(temperature=0) if greedy else Sampling(),
        np.random.default_rng(seed),
        special=SPECIAL_TOKENS,
        refused=nothing_refused,
    )
    randoms = [np.random.default_rng(seed)]
    theirs = next_tokens(logits_V[np.newaxis], [said], GREEDY if greedy else SAMPLED, randoms)
    assert ours == theirs[0]


@given(seed=st.integers(0, 2**32 - 1), said=st.lists(st.integers(5, _VOCABULARY - 1), max_size=CONTRASTED - 1))
def test_contrast_is_that_of_the_scorecards_decoding(seed: int, said: list[int]) -> None:
    spoken_V, silent_V = np.random.default_rng(seed).normal(scale=3, size=(2, _VOCABULARY)).astype(np.float32)
    theirs = decoding.against_silence(spoken_V[np.newaxis], silent_V[np.newaxis], [said], SAMPLED)
    assert SAMPLED.contrasted == GREEDY.contrasted == CONTRASTED
    np.testing.assert_array_equal(against_silence(spoken_V, silent_V, said, special=SPECIAL_TOKENS), theirs[0])


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_refused_token_is_replaced_by_the_next_best(temperature: float) -> None:
    logits_V = np.zeros(_VOCABULARY, np.float32)
    logits_V[[10, 11]] = [60, 40]
    token = next_token(
        logits_V,
        [],
        Sampling(temperature=temperature),
        np.random.default_rng(0),
        special=SPECIAL_TOKENS,
        refused=lambda token: token == 10,
    )
    assert token == 11


def test_where_everything_is_refused_the_reply_ends() -> None:
    logits_V = np.zeros(_VOCABULARY, np.float32)
    token = next_token(
        logits_V, [], Sampling(), np.random.default_rng(0), special=SPECIAL_TOKENS, refused=lambda token: token != 3
    )
    assert token == SPECIAL_TOKENS.end


def test_penalties_turn_a_reply_away_from_what_it_holds() -> None:
    logits_V = np.zeros(_VOCABULARY, np.float32)
    logits_V[[10, 11]] = [5, 4]
    for sampling in (
        Sampling(temperature=0, frequency_penalty=1),
        Sampling(temperature=0, presence_penalty=1),
    ):
        assert (
            next_token(logits_V, [10], sampling, np.random.default_rng(0), special=SPECIAL_TOKENS, refused=nothing_refused)
            == 11
        )


def test_a_small_nucleus_takes_the_likeliest() -> None:
    logits_V = np.arange(_VOCABULARY, dtype=np.float32)
    sampling = Sampling(temperature=2, top_p=1e-9)
    found = {
        next_token(logits_V, [], sampling, np.random.default_rng(seed), special=SPECIAL_TOKENS, refused=nothing_refused)
        for seed in range(20)
    }
    assert found == {_VOCABULARY - 1}


@pytest.mark.parametrize("temperature", [1e-9, 2.0])
def test_no_temperature_leaves_the_numbers(temperature: float) -> None:
    logits_V = np.linspace(-400, 400, _VOCABULARY, dtype=np.float32)
    sampling = Sampling(temperature=temperature)
    token = next_token(logits_V, [7], sampling, np.random.default_rng(0), special=SPECIAL_TOKENS, refused=nothing_refused)
    assert 5 <= token < _VOCABULARY
