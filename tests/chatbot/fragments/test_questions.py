"""Which messages ask about fragments, and what they ask."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.fragments.intents import Intent
from chatbot.fragments.questions import Question, recognise

_PHRASINGS = Path(__file__).parent / "phrasings"
_EARLIER = " || "


def asked(*messages: str) -> tuple[str, tuple[str, ...]] | None:
    question = recognise(messages)
    return None if question is None else (question.intent.value, tuple(name.text for name in question.names))


def share_understood(listed: str, language: str) -> tuple[float, list[str]]:
    """Of a list of phrasings, how many are understood, and those that are not."""
    missed, count = [], 0
    with (_PHRASINGS / f"{listed}.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["language"] != language:
                continue
            count += 1
            found = asked(*row["messages"].split(_EARLIER))
            names = tuple(filter(None, row["names"].split(";")))
            if (
                found is None
                or found[0] != row["intent"]
                or tuple(map(str.casefold, found[1])) != tuple(map(str.casefold, names))
            ):
                missed.append(row["messages"])
    assert count == 60
    return 1 - len(missed) / count, missed


@pytest.mark.parametrize("language", ["en", "ja"])
def test_phrasings_that_the_patterns_were_written_for_are_understood(language: str) -> None:
    share, missed = share_understood("development", language)
    assert share >= 0.97, missed


@pytest.mark.parametrize("language", ["en", "ja"])
def test_nine_of_ten_other_phrasings_are_understood(language: str) -> None:
    share, missed = share_understood("judging", language)
    assert share >= 0.9, missed


@pytest.mark.parametrize(
    "message",
    [
        "How are you?",
        "what do you like?",
        "What is it like to be you?",
        "I like fragments of old songs",
        "What's your function?",
        "I got alcohol for the party",
        "What key is it in, F or G?",
        "What does F stand for?",
        "press F to pay respects",
        "Me and you?",
        "You and I?",
        "Should I add alcohol to the sauce?",
        "Can I remove F from the list?",
        "Is he taller than Me?",
        "Hで始まる言葉は？",
        "HAVE YOU HEARD OF HIM?",
        "Me too. What is your favourite album?",
        "How many cats do you have?",
        "what does that mean?",
        "why?",
        "and you?",
        "",
        "?",
        "what is like ?",
        "今日は何をしましたか",
        "どれくらい好きですか",
        "元気ですか？",
        "それはなぜ？",
        "何人家族ですか",
        "what is like " + "x" * 500,
    ],
)
def test_ordinary_talk_is_no_question(message: str) -> None:
    assert recognise([message]) is None


def test_the_list_of_groups_says_what_a_name_stands_for() -> None:
    question = recognise(["what is like morpholine?"])
    assert question is not None
    (name,) = question.names
    assert name.group_smiles[0] == "*N1CCOCC1"


def test_how_many_and_by_what_similarity() -> None:
    assert recognise(["top 10 fragments like fB"]) == Question(Intent.SIMILAR, recognise(["fB"]).names, limit=10)  # type: ignore[union-attr]
    three = recognise(["fBに似たものを三つ"])
    assert three is not None
    assert three.limit == 3
    structure = recognise(["what is most like fB in structure?"])
    assert structure is not None
    assert (structure.intent, structure.kind) == (Intent.SIMILAR, "structure")


def test_a_swap_is_a_comparison_with_a_direction() -> None:
    question = recognise(["what if I replace fA by fB?"])
    assert question is not None
    assert (question.intent, question.is_swap) == (Intent.COMPARE, True)


@pytest.mark.parametrize(
    ("message", "intent", "names"),
    [
        ("F", "about", ("F",)),
        ("-F", "about", ("F",)),
        ("what is like F?", "similar", ("F",)),
        ("what can I replace F with?", "replace", ("F",)),
        ("tell me about F", "about", ("F",)),
        ("how similar are F and Cl?", "compare", ("F", "Cl")),
        ("swap -F for -OH", "compare", ("F", "OH")),
        ("replace Me by H", "compare", ("Me", "H")),
        ("what if I swap Cl for I?", "compare", ("Cl", "I")),
        ("Fの代わりになるものは？", "replace", ("F",)),
        ("Fについて教えて", "about", ("F",)),
        ("水素をフッ素に置き換えたら？", "compare", ("水素", "フッ素")),
        ("What if I remove the F?", "compare", ("F", "hydrogen")),
        ("Should I add a fluorine?", "compare", ("hydrogen", "fluorine")),
        ("what happens if I add a methyl to my molecule?", "compare", ("hydrogen", "methyl")),
        ("Clを外したらどうなる？", "compare", ("Cl", "hydrogen")),
        ("フッ素を入れたらどうなる？", "compare", ("hydrogen", "フッ素")),
        ("What changes if H becomes F?", "compare", ("H", "F")),
        ("Which compounds contain Cl?", "about", ("Cl",)),
    ],
)
def test_one_atom_is_a_fragment_where_one_asks_as_of_fragments(message: str, intent: str, names: tuple[str, ...]) -> None:
    assert asked(message) == (intent, names)


@pytest.mark.parametrize(
    ("message", "replaced", "by"),
    [
        ("what happens if I replace OMe with OH?", "OMe", "OH"),
        ("OH in place of OMe?", "OMe", "OH"),
        ("can OH replace OMe?", "OMe", "OH"),
        ("is OH a good replacement for OMe?", "OMe", "OH"),
        ("what about OH instead of OMe?", "OMe", "OH"),
        ("OMeをOHに置き換えたら？", "OMe", "OH"),
        ("OMeの代わりにOHは？", "OMe", "OH"),
        ("OHはOMeの代わりになる？", "OMe", "OH"),
        ("OMe -> OH", "OMe", "OH"),
        ("methoxy to hydroxy?", "methoxy", "hydroxy"),
    ],
)
def test_a_swap_knows_what_is_replaced(message: str, replaced: str, by: str) -> None:
    question = recognise([message])
    assert question is not None
    assert question.is_swap
    assert [name.text for name in question.names] == [replaced, by]


@pytest.mark.parametrize(
    "message", ["I have a Cl on my phenyl ring. What should I try instead?", "フェニル環上のClの代わりは？"]
)
def test_where_a_fragment_sits_is_not_what_replaces_it(message: str) -> None:
    assert asked(message) == ("replace", ("Cl",))


def test_targets_are_named() -> None:
    question = recognise(["predict CCOc1ccccc1 on CHEMBL205"])
    assert question is not None
    assert question.targets == ("CHEMBL205",)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (("what is like fB?", "and fC?"), ("similar", ("fC",))),
        (("how similar are fA and fB?", "what about fC?"), ("compare", ("fA", "fC"))),
        (("what is like fB?", "why?"), ("why", ("fB",))),
        (("what is like fB?", "why?", "and fC?"), ("similar", ("fC",))),
        (("what is like fB?", "by structure?"), ("similar", ("fB",))),
        (("what is like fB?", "more please"), ("similar", ("fB",))),
        (("tell me about fB", "what can replace it?"), ("replace", ("fB",))),
        (("tell me about fB", "is it similar to fC?"), ("compare", ("fB", "fC"))),
        (("fBについて", "それの代わりは？"), ("replace", ("fB",))),
        (("fBに似ているのは？", "どうして？"), ("why", ("fB",))),
        (("fBに似ているのは？", "fCは？"), ("similar", ("fC",))),
        (("what is like fB?", "nice weather"), None),
        (("what is like fB?", "nice weather", "why?"), None),
    ],
)
def test_a_conversation_goes_on(messages: tuple[str, ...], expected: object) -> None:
    assert asked(*messages) == expected


def test_a_word_in_the_place_of_a_fragment_is_only_perhaps_one() -> None:
    question = recognise(["what is like love?"])
    assert question is not None
    assert not question.certain
    assert recognise(["which fragment is like love?"]).certain  # type: ignore[union-attr]


@given(st.lists(st.text(max_size=400), max_size=4))
def test_no_message_breaks_it(messages: list[str]) -> None:
    recognise(messages)


@given(
    st.lists(
        st.sampled_from(
            [
                "how similar are ",
                "what is like ",
                "and ",
                "と",
                "に",
                "は",
                "a",
                ", ",
                "the ",
                "fA",
                "methyl",
                "メチル",
                "(",
                "*",
            ]
        ),
        max_size=120,
    )
)
def test_no_message_takes_long(parts: list[str]) -> None:
    recognise(["".join(parts)])
