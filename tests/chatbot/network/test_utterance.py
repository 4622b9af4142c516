"""A reply's text: what is shown when, and what is never said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scripted_bot import scripted_tokens

from chatbot.network.tokens import Tokens
from chatbot.network.utterance import Utterance
from dialogue.bundle import Language

_END = 3
_FIRST_BYTE = 5
"""Piece `<0x00>`; the other bytes follow."""


def tokens(language: Language = Language.ENGLISH) -> Tokens:
    return Tokens(scripted_tokens(language).model)


def said(utterance: Utterance, ids: list[int]) -> list[str]:
    """The pieces shown, until a stop string comes."""
    pieces = []
    for token in ids:
        pieces.append(utterance.add(token))
        if utterance.stopped:
            return pieces
    return [*pieces, utterance.finish()]


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.sampled_from(list(Language)))
def test_pieces_are_the_text_whatever_it_is_made_of(text: str, language: Language) -> None:
    coder = tokens(language)
    ids = coder.encode(text)
    utterance = Utterance(coder, language)
    shown = "".join(said(utterance, ids))
    assert shown.isprintable()
    assert shown == utterance.shown
    assert "\ufffd" not in shown or "\ufffd" in text


def test_a_character_is_shown_when_its_last_byte_has_come() -> None:
    coder = tokens()
    ids = coder.encode("鱲")  # in no corpus of ours: spelled in bytes
    assert len(ids) > 3
    pieces = said(Utterance(coder, Language.ENGLISH), ids)
    assert [piece for piece in pieces if piece] == ["鱲"]


def test_a_stop_string_ends_the_reply_and_no_part_of_it_is_shown() -> None:
    coder = tokens()
    utterance = Utterance(coder, Language.ENGLISH, stops=["and you", "never"])
    assert "".join(said(utterance, coder.encode("I am fine, and you are a bot"))) == "I am fine, "
    assert utterance.stopped


def test_what_only_looked_like_a_stop_string_is_shown_later() -> None:
    coder = tokens()
    utterance = Utterance(coder, Language.ENGLISH, stops=["fine wine"])
    assert "".join(said(utterance, coder.encode("I am fine with it"))) == "I am fine with it"
    assert not utterance.stopped


@pytest.mark.parametrize(
    ("begun", "word"),
    [
        ("you are a", "retard"),
        ("he is a", "whore"),
        ("my name is", "[name]"),
        ("so says", "<AB>"),
        ("write to me", "a@b"),
        ("it is", "**"),
        ("look at", "www.example.org"),
        ("call", "555 123 4567"),
    ],
)
def test_a_token_that_would_make_it_indecent_is_refused(begun: str, word: str) -> None:
    coder = tokens()
    utterance = Utterance(coder, Language.ENGLISH)
    for token in coder.encode(begun):
        assert not utterance.refuses(token, _END)
        utterance.add(token)
    ids = coder.encode(f"{begun} {word}")[len(utterance.ids) :]
    refused = False
    for token in ids:
        refused = refused or utterance.refuses(token, _END)
        if refused:
            break
        utterance.add(token)
    assert refused
    assert word not in utterance.shown


@pytest.mark.parametrize("word", ["死ね", "キチガイ", "〇〇さん", "シナ人"])
def test_japanese_is_refused_alike(word: str) -> None:
    coder = tokens(Language.JAPANESE)
    utterance = Utterance(coder, Language.JAPANESE)
    refused = False
    for token in coder.encode(f"あなたは{word}"):
        refused = refused or utterance.refuses(token, _END)
        if refused:
            break
        utterance.add(token)
    assert refused


def test_an_empty_reply_does_not_end_and_neither_does_an_echo() -> None:
    coder = tokens()
    utterance = Utterance(coder, Language.ENGLISH, echo_of="I have been to the sea.")
    assert utterance.refuses(_END, _END)
    for token in coder.encode("i have been to the sea"):
        utterance.add(token)
    assert utterance.refuses(_END, _END)
    utterance.add(coder.encode("too")[0])
    assert not utterance.refuses(_END, _END)


def test_a_greeting_may_be_returned() -> None:
    coder = tokens()
    utterance = Utterance(coder, Language.ENGLISH, echo_of="Hello!")
    for token in coder.encode("Hello!"):
        utterance.add(token)
    assert not utterance.refuses(_END, _END)


def test_japanese_has_its_own_signs_and_english_keeps_its() -> None:
    coder = tokens(Language.JAPANESE)
    asked = "元気ですか？はい！OK? 3,000円、ね!?"
    assert "".join(said(Utterance(coder, Language.JAPANESE), coder.encode(asked))) == "元気ですか？はい！OK? 3,000円、ね！？"
    english = tokens()
    assert "".join(said(Utterance(english, Language.ENGLISH), english.encode("Well, how are you?"))) == "Well, how are you?"


def test_control_characters_become_spaces_and_marks_nothing() -> None:
    coder = tokens()
    utterance = Utterance(coder, Language.ENGLISH)
    piece_ids = [*coder.encode("a"), *_bytes("\x07"), *coder.encode("b"), *_bytes("\u202e"), *coder.encode("c")]
    assert "".join(said(utterance, piece_ids)) == "a  b c"


def _bytes(char: str) -> list[int]:
    """The byte pieces of a character that the normaliser would drop."""
    return [_FIRST_BYTE + byte for byte in char.encode()]
