"""The arithmetic of the scorecard, by hand and by its laws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.bundle import Language
from trainer.dialogue.diversity import describe_replies, distinct, self_bleu_2
from trainer.dialogue.retrieval import TfIdf, nearest
from trainer.dialogue.scorecard import hit_rate
from trainer.dialogue.wording import plain, units

_ROWS = st.lists(st.lists(st.sampled_from("abcd"), max_size=8), min_size=2, max_size=6)


def test_words_of_english_and_characters_of_japanese_are_units() -> None:
    assert units("I can't, Bob-o!", Language.ENGLISH) == ["I", "can't", ",", "Bob", "-", "o", "!"]
    assert units("ｶﾞ 雨です", Language.JAPANESE) == ["ガ", "雨", "で", "す"]
    assert plain("Ｈello, World!") == "helloworld"


def test_distinct_counts_different_ngrams_of_the_whole_set() -> None:
    assert distinct([["a", "b"], ["a", "b", "c"]], 1) == 3 / 5
    assert distinct([["a", "b"], ["a", "b", "c"]], 2) == 2 / 3
    assert distinct([["a"]], 2) == 0


def test_self_bleu_is_one_for_equal_replies_and_zero_for_strangers() -> None:
    assert self_bleu_2([["a", "b", "c"]] * 3) == 1
    assert self_bleu_2([["a", "b"], ["c", "d"]]) == 0
    assert self_bleu_2([["a", "b"]]) == 0
    # "a b c" against "a b d": 2 of 3 words, 1 of 2 pairs, and the same the other way.
    assert self_bleu_2([["a", "b", "c"], ["a", "b", "d"]]) == pytest.approx(math.sqrt(2 / 3 * 1 / 2))


@given(_ROWS)
def test_self_bleu_equals_its_definition(rows: list[list[str]]) -> None:
    def counts(row: list[str], size: int) -> dict[tuple[str, ...], int]:
        grams = [tuple(row[at : at + size]) for at in range(len(row) - size + 1)]
        return {gram: grams.count(gram) for gram in grams}

    scores = []
    for at, row in enumerate(rows):
        precisions = []
        for size in (1, 2):
            own = counts(row, size)
            others = [counts(other, size) for place, other in enumerate(rows) if place != at]
            clipped = sum(min(count, max(other.get(gram, 0) for other in others)) for gram, count in own.items())
            if own:
                precisions.append(clipped / sum(own.values()))
        scores.append(math.prod(precisions) ** (1 / len(precisions)) if precisions else 0.0)
    assert self_bleu_2(rows) == pytest.approx(sum(scores) / len(scores))


def test_the_row_of_a_set_of_replies_counts_what_it_says() -> None:
    replies = ["I agree.", "I agree!", "to be or to be or not", "What do you mean by that?"]
    messages = ["Yes.", "i AGREE", "Hm?", "Hello."]
    learned = {plain("What do you mean by that?"), plain("I agree.")}
    row = describe_replies("greedy", replies, messages, learned=learned, language=Language.ENGLISH)
    assert row.top_reply_percent == 50
    assert row.echo_percent == 25
    assert row.repetition_percent == 25
    assert row.memorised_percent == 25  # "I agree." is too short to be anybody's


@given(st.integers(0, 2**32 - 1))
def test_chance_hits_one_of_twenty(seed: int) -> None:
    scores_NC = np.random.default_rng(seed).random((4_000, 20))
    assert abs(hit_rate(scores_NC) - 0.05) < 0.02
    assert hit_rate(np.zeros((10, 20))) == pytest.approx(0.05)


def test_a_truth_above_all_others_is_always_hit() -> None:
    assert hit_rate(np.array([[1.0, 0.5, 0.9], [0.1, 0.2, 0.0]])) == 0.5


def test_tf_idf_finds_the_text_that_shares_rare_words() -> None:
    texts = ["the cat sat on the mat", "the dog sat on the rug", "quantum chromodynamics", "雨が降る"]
    english = TfIdf(texts, Language.ENGLISH)
    vectors = english.vectors(texts)
    assert np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel() == pytest.approx(1)
    assert nearest(english.vectors(["a CAT", "chromodynamics!"]), vectors, 1)[:, 0].tolist() == [0, 2]
    assert english.vectors(["zzz"]).nnz == 0
    japanese = TfIdf(["雨が降る", "猫が鳴く"], Language.JAPANESE)
    assert nearest(japanese.vectors(["雨です"]), japanese.vectors(["猫が鳴く", "雨が降る"]), 2).tolist() == [[1, 0]]
