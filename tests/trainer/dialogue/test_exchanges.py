"""What is kept of conversations: clean words, no masks, no flood of one reply, and a split that nothing leaks through."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.civility import is_civil
from trainer.dialogue.corpus.cleaning import clean
from trainer.dialogue.corpus.conversation import Conversation
from trainer.dialogue.corpus.exchanges import Exchange, Exchanges


def _talk(*texts: str) -> Conversation:
    return Conversation.of((("AB"[at % 2], text) for at, text in enumerate(texts)))


def _all_training(*conversations: Conversation) -> Exchanges:
    exchanges = Exchanges(held_out_share=0)
    exchanges.add(conversations)
    return exchanges


@pytest.mark.parametrize(
    "text",
    ["Hi, I'm [User 1's name]!", "<AB>さんはいかがですか？", "電話は＊＊です", "call **** now", "see https://a.b", "a@b.cd",
     "...", "", "!?", "Dear {name},", "my name is ____", "Call 1-800-555-0100.", "電話は0120-000-000です"],
)  # fmt: skip
def test_masks_addresses_and_empty_words_are_not_learned(text: str) -> None:
    assert clean(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's <b>bold</b> &amp; fine", "It's bold & fine"),
        ("a\x00b\u200bc\u2028d\te", "a bc d e"),
        ("Well , yes .", "Well, yes."),
        ("かな　漢字", "かな 漢字"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("It was 24-12-1999, 10-20-30!", "It was 24-12-1999, 10-20-30!"),
        ("笑(*^^*)", "笑(*^^*)"),
    ],
)
def test_markup_controls_and_odd_spaces_go(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(st.text(max_size=60))
def test_clean_text_is_printable_trimmed_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    if cleaned is not None:
        assert cleaned.isprintable()
        assert cleaned == " ".join(cleaned.split())
        assert all(unicodedata.category(char) not in {"Cc", "Cs", "Cf"} for char in cleaned)


def test_an_exchange_holds_three_turns_at_most() -> None:
    exchanges = _all_training(_talk("a", "b", "c", "d", "e"))
    assert exchanges.train == [
        Exchange(("a",), "b"),
        Exchange(("a", "b"), "c"),
        Exchange(("a", "b", "c"), "d"),
        Exchange(("b", "c", "d"), "e"),
    ]


def test_a_masked_turn_parts_a_conversation() -> None:
    exchanges = _all_training(_talk("a", "b", "I am <AB>", "d", "e"))
    assert exchanges.train == [Exchange(("a",), "b"), Exchange(("d",), "e")]
    assert exchanges.dropped == Counter({"turns with a mask, an address or no letter": 1})


def test_no_reply_is_learned_more_than_fifty_times() -> None:
    exchanges = _all_training(*(_talk(f"question {number}", "I agree.") for number in range(80)))
    assert len(exchanges.train) == 50
    assert exchanges.dropped["replies seen 50 times"] == 30


def test_a_reply_of_a_weighted_corpus_is_learned_from_more_messages_and_each_of_them_less_often() -> None:
    exchanges = Exchanges(held_out_share=0)
    talks = [_talk(f"question {number}", "Certainly.") for number in range(120)]
    talks += [_talk(f"other {number}", "Seldom.") for number in range(4)]
    exchanges.add(talks, times=3)
    replies = Counter(exchange.reply for exchange in exchanges.train)
    assert replies == {"Certainly.": 120, "Seldom.": 12}
    assert len({exchange.context for exchange in exchanges.train}) == 124


def test_a_reply_is_never_learned_more_than_fifty_times_its_weight() -> None:
    exchanges = Exchanges(held_out_share=0)
    exchanges.add([_talk(f"question {number}", "Certainly.") for number in range(200)], times=3)
    assert len(exchanges.train) == 150


def test_an_exchange_is_learned_once() -> None:
    exchanges = _all_training(_talk("a", "b"), _talk("a", "b"), _talk("a", "c"))
    assert exchanges.train == [Exchange(("a",), "b"), Exchange(("a",), "c")]


def test_a_refused_word_is_not_learned_as_a_reply() -> None:
    assert _all_training(_talk("you", "YOU RETARD!"), _talk("ねえ", "死ね")).train == []


@pytest.mark.parametrize(
    "text",
    ["Raccoons in Scunthorpe like spices.", "A chink in the wall of the dyke", "flame retardants", "死ぬほど好きです。",
     "死ねない理由", "ページをめくるたびに", "土人形を作る", "考えをはきちがえる", "ガイジンさん"],
)  # fmt: skip
def test_ordinary_words_are_not_refused(text: str) -> None:
    assert is_civil(text)


@pytest.mark.parametrize("text", ["RETARD", "ｒｅｔａｒｄ", "キチガイ", "ｷﾁｶﾞｲ", "死ね！"])
def test_refused_words_are_found_in_any_writing(text: str) -> None:
    assert not is_civil(text)


def test_the_split_is_by_conversation_and_does_not_depend_on_company() -> None:
    conversations = [_talk(f"a{number}", f"b{number}", f"c{number}") for number in range(400)]
    whole, part = Exchanges(held_out_share=0.2), Exchanges(held_out_share=0.2)
    whole.add(conversations)
    part.add(reversed(conversations[::3]))
    assert set(part.held_out) <= set(whole.held_out)
    assert set(part.train) <= set(whole.train)
    held_out_talks = {exchange.context[0][1:] for exchange in whole.held_out}
    assert held_out_talks.isdisjoint({exchange.context[0][1:] for exchange in whole.train})
    assert 50 <= len(held_out_talks) <= 110


def test_what_is_read_and_kept_is_counted() -> None:
    exchanges = Exchanges(held_out_share=0)
    assert exchanges.add([_talk("a", "b", "c"), _talk("a", "b")]) == (2, 2)
