"""Which messages ask about fragments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.fragments.questions import ComparisonQuestion, NearestQuestion, looks_chemical, recognise


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("what is like fB?", "fB"),
        ("What's similar to fB", "fB"),
        ("Which fragments are most like C(=O)O?", "C(=O)O"),
        ("Which fragment behaves like fB?", "fB"),
        ("show me the fragments similar to fB, please", "fB"),
        ("What are the nearest neighbours of fB?", "fB"),
        ("Hey, can you tell me what resembles fB?", "fB"),
        ("What fragment is closest to fB?", "fB"),
        ("is there anything like fB", "fB"),
        ("what is like 'benzene ring'?", "benzene ring"),
        ("What is like fragment fB?", "fB"),
        ("what is like [O-][N+](=O)c1ccccc1?", "[O-][N+](=O)c1ccccc1"),
        ("fBに似ているのは？", "fB"),
        ("ｆＢに似ているのは何ですか？", "fB"),
        ("fBに一番近いフラグメントは？", "fB"),
        ("fBと似たフラグメントを教えて", "fB"),
        ("何がfBに似ていますか？", "fB"),
        ("fBみたいなのは？", "fB"),
        ("「fB」に似ているものは？", "fB"),
        ("フラグメントfBに似ているのはどれですか", "fB"),
        ("c1ccccc1の近傍は？", "c1ccccc1"),
    ],
)
def test_what_is_like_a_fragment(message: str, name: str) -> None:
    question = recognise(message)
    assert isinstance(question, NearestQuestion)
    assert question.names == (name,)


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("how similar are fA and fC?", ("fA", "fC")),
        ("How similar is fA to fC?", ("fA", "fC")),
        ("how alike are c1ccccc1 and C1CC1", ("c1ccccc1", "C1CC1")),
        ("compare fA with fC please", ("fA", "fC")),
        ("What is the similarity between fA and fC?", ("fA", "fC")),
        ("are fA and fC similar?", ("fA", "fC")),
        ("is fA like fC?", ("fA", "fC")),
        ("How does fA compare to fC?", ("fA", "fC")),
        ("how similar are the fragments fA & fC", ("fA", "fC")),
        ("fAとfCはどれくらい似ている？", ("fA", "fC")),
        ("fAとfCはどのくらい似ていますか？", ("fA", "fC")),
        ("fAはfCに似ていますか？", ("fA", "fC")),
        ("fAとfCの類似度は？", ("fA", "fC")),
        ("fAとfCを比べて", ("fA", "fC")),
        ("「fA」と「fC」は似ていますか", ("fA", "fC")),
    ],
)
def test_how_similar_two_fragments_are(message: str, names: tuple[str, str]) -> None:
    question = recognise(message)
    assert isinstance(question, ComparisonQuestion)
    assert question.names == names


@pytest.mark.parametrize(
    "message",
    [
        "How are you?",
        "what do you like?",
        "What is it like to be you?",
        "I like fragments of old songs",
        "fB",
        "",
        "?",
        "what is like ?",
        "今日は何をしましたか",
        "どれくらい好きですか",
        "元気ですか？",
        "what is like " + "x" * 500,
    ],
)
def test_ordinary_talk_is_no_question(message: str) -> None:
    assert recognise(message) is None


@pytest.mark.parametrize("name", ["fB", "c1ccccc1", "C(=O)O", "[nH]1cccc1", "fragment7", "CC=O"])
def test_some_names_can_only_be_fragments(name: str) -> None:
    assert looks_chemical(name)


@pytest.mark.parametrize("name", ["love", "you", "cats", "benzene", "New York", "犬", "OK", "I"])
def test_words_of_ordinary_talk_can_be_anything(name: str) -> None:
    assert not looks_chemical(name)


def test_a_message_that_speaks_of_fragments_is_explicit() -> None:
    assert (question := recognise("which fragment is like benzene?"))
    assert question.explicit
    assert (other := recognise("what is like benzene?"))
    assert not other.explicit


@given(st.text(max_size=400))
def test_no_message_breaks_it(message: str) -> None:
    recognise(message)


@given(
    st.lists(
        st.sampled_from(["how similar are ", "what is like ", "and ", "と", "に", "は", "a", ", ", "the ", "fA"]), max_size=120
    )
)
def test_no_message_takes_long(parts: list[str]) -> None:
    recognise("".join(parts))
