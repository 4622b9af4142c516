"""Where a message names a fragment."""

import pytest

from chatbot.fragments.mentions import find, is_smiles


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("what is like fB?", ["fB"]),
        ("F12 and fragment 7", ["F12", "F7"]),
        ("フラグメント3について", ["F3"]),
        ("what's like *N1CCOCC1?", ["*N1CCOCC1"]),
        ("[*:1]N1CCOCC1の代わりは", ["[*:1]N1CCOCC1"]),
        ("is (C1CC1) small?", ["C1CC1"]),
        ("compare c1ccccc1, C1CCCCC1.", ["c1ccccc1", "C1CCCCC1"]),
        ("morpholine", ["morpholine"]),
        ("carboxylic acids and Morpholine rings", ["carboxylic acids", "Morpholine"]),
        ("4-(trifluoromethyl)phenyl beats 4-pyridyl", ["4-(trifluoromethyl)phenyl", "4-pyridyl"]),
        ("トリフルオロメチル基をメチルに", ["トリフルオロメチル", "メチル"]),
        ("swap -CF3 for OCF3 or tBu", ["CF3", "OCF3", "tBu"]),
        ("N-methylpiperazineの代わり", ["N-methylpiperazine"]),
        ("a morpholine-like thing", ["morpholine"]),
        ("2-aminopyridine", ["2-aminopyridine"]),
        ("「C=O」に似た", ["C=O"]),
        ("-F, -OH or -I?", ["F", "OH", "I"]),
        ("F and Cl", ["F", "Cl"]),
        ("FとIとMe", ["F", "I", "Me"]),
        ("hydrogen atoms to fluorine", ["hydrogen", "fluorine"]),
        ("水素をFに", ["水素", "F"]),
    ],
)
def test_names_smiles_and_groups_are_found(message: str, names: list[str]) -> None:
    found = find(message)
    assert [each.text for each in found] == names
    assert all(each.certain or each.is_bare or each.text in {"Cl", "OH", "fluorine", "F12"} for each in found)


@pytest.mark.parametrize(
    "message",
    [
        "How are you?",
        "I watched CNN and the BBC",
        "CO2 is a gas",
        "see magazines",
        "*boom*",
        "O(n) time",
        "ビタミンCを飲む",
        "フランスへ行った",
        "methylated spirits",
        "I have part I, II and III",
        ":) (S) :(",
        "C++ and C# are languages",
        "Hello, my name is [name], [Name] or [username]",
        "I got an F in maths",
        "Me too, and I said so",
        "it is 70 F, in F major, not F#",
        "the F-word, the F key",
        "hydrogen bombs and hydrogen bonds",
        "F先生と水素水と炭化水素",
    ],
)
def test_ordinary_words_are_none(message: str) -> None:
    assert find(message) == []


@pytest.mark.parametrize("message", ["I drank alcohol", "お酒はアルコールです", "an F1 race", "Ph. D."])
def test_words_that_may_be_meant_otherwise_are_uncertain(message: str) -> None:
    (mention,) = find(message)
    assert not mention.certain


@pytest.mark.parametrize("message", ["the alcohol group", "アルコール基"])
def test_the_word_group_makes_them_certain(message: str) -> None:
    (mention,) = find(message)
    assert mention.certain


@pytest.mark.parametrize(
    "word",
    [
        "C",
        "CCO",
        "c1ccccc1",
        "*N(C)C",
        "C(=O)O",
        "[O-][N+](=O)c1ccccc1",
        "C%10CC%10",
        "ClCBr",
        "C/C=C/C",
        "N#C",
        "C[C@@H](O)c1c[nH]cn1",
        "[13CH3][NH3+]",
        "[R1]C[2*]",
    ],
)
def test_forms_of_smiles(word: str) -> None:
    assert is_smiles(word)


@pytest.mark.parametrize("word", ["", "hello", "C1CC", "c", "cc", "C(C", "C)C", "C()", "C#", "=C", "*", "Hey", "CO2", "()"])
def test_what_is_none(word: str) -> None:
    assert not is_smiles(word)
