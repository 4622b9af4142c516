"""Every corpus format is told by its content, and what is wrong with one is said with file and line."""

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer.dialogue.corpus.conversation import Conversation, InvalidCorpus
from trainer.dialogue.corpus.reading import corpus_files, read_corpus

_HELLO = [["Hello!", "Hi, how are you?", "Fine, thanks."]]


def _texts(path: Path) -> list[list[str]]:
    return [[turn.text for turn in conversation.turns] for conversation in read_corpus(path)]


def _write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def _messages(role: str, text: str) -> str:
    spoken = [{role: "AB"[at % 2], text: said} for at, said in enumerate(_HELLO[0])]
    return json.dumps({"messages": spoken})


@pytest.mark.parametrize(
    "line",
    [
        _messages("role", "text"),
        _messages("role", "content"),
        json.dumps({"conversations": [{"from": "human", "value": "Hello!"}, {"from": "gpt", "value": "Hi, how are you?"},
                                      {"from": "human", "value": "Fine, thanks."}]}),
        json.dumps({"utterances": _HELLO[0]}),
        json.dumps({"utterances": [{"speaker": "x", "text": "Hello!"}, {"speaker": "y", "text": "Hi, how are you?"},
                                   {"speaker": "x", "text": "Fine, thanks."}]}),
    ],
    ids=["ours", "openai", "sharegpt", "texts", "utterances"],
)  # fmt: skip
def test_json_conversations_are_read_by_the_names_they_use(tmp_path: Path, line: str) -> None:
    assert _texts(_write(tmp_path / "a.txt", line + "\n")) == _HELLO
    assert _texts(_write(tmp_path / "array.txt", f"[{line}, {line}]")) == _HELLO * 2


def test_the_source_of_a_conversation_is_kept(tmp_path: Path) -> None:
    line = json.dumps({"src": "friendly", "messages": [{"role": "A", "text": "a"}, {"role": "B", "text": "b"}]})
    assert [found.source for found in read_corpus(_write(tmp_path / "a.jsonl", line))] == ["friendly"]


def test_a_system_message_is_not_spoken(tmp_path: Path) -> None:
    spoken = [
        {"role": "system", "content": "Be nice."},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
    ]
    assert _texts(_write(tmp_path / "a.jsonl", json.dumps({"messages": spoken}))) == [["a", "b"]]


def test_messages_of_one_speaker_in_a_row_are_one_turn() -> None:
    conversation = Conversation.of([("A", "One."), ("A", " Two. "), ("A", ""), ("B", "Three.")])
    assert [turn.text for turn in conversation.turns] == ["One. Two.", "Three."]


@pytest.mark.parametrize(("text", "name"), [('Hello!\tHi "you"\n', "a.tsv"), ('Hello!,"Hi ""you"""\n', "a.csv")])
def test_two_columns_are_message_and_reply(tmp_path: Path, text: str, name: str) -> None:
    assert _texts(_write(tmp_path / name, text)) == [["Hello!", 'Hi "you"']]


def test_a_header_names_the_columns_of_a_wide_table(tmp_path: Path) -> None:
    text = 'id,Answer,Question,src\n1,"Hi,\nyou",Hello!,x\n\n2,b,a,y\n'
    assert _texts(_write(tmp_path / "a.csv", text)) == [["Hello!", "Hi,\nyou"], ["a", "b"]]
    assert [found.source for found in read_corpus(tmp_path / "a.csv")] == ["x", "y"]


def _cornell(folder: Path) -> None:
    separator = " +++$+++ "
    lines = [
        ("L1", "u0", "m0", "ANNA", "Hello!"),
        ("L2", "u1", "m0", "BEN", "Hi, h\xf4w are you?"),
        ("L3", "u0", "m0", "ANNA", ""),
    ]
    (folder / "movie_lines.txt").write_bytes("\n".join(separator.join(line) for line in lines).rstrip().encode("iso-8859-1"))
    (folder / "movie_conversations.txt").write_text(separator.join(("u0", "u1", "m0", "['L1', 'L2', 'L3']")) + "\n")


def test_the_cornell_corpus_is_two_files_in_its_own_encoding(tmp_path: Path) -> None:
    _cornell(tmp_path)
    assert _texts(tmp_path) == [["Hello!", "Hi, hôw are you?"]]
    assert _texts(tmp_path / "movie_lines.txt") == [["Hello!", "Hi, hôw are you?"]]


def test_a_cornell_conversation_of_unknown_lines_names_them(tmp_path: Path) -> None:
    _cornell(tmp_path)
    (tmp_path / "movie_conversations.txt").write_text("u0 +++$+++ u1 +++$+++ m0 +++$+++ ['L1', 'L9']\n")
    with pytest.raises(InvalidCorpus, match=r"movie_conversations\.txt, line 1: line id L9 is not in movie_lines\.txt"):
        _texts(tmp_path)


def test_half_of_the_cornell_corpus_is_refused(tmp_path: Path) -> None:
    _cornell(tmp_path)
    (tmp_path / "movie_conversations.txt").unlink()
    with pytest.raises(InvalidCorpus, match=r"movie_conversations\.txt: the Cornell corpus is two files"):
        _texts(tmp_path / "movie_lines.txt")


def _utterance(number: int, parent: int | None) -> str:
    answered = None if parent is None else f"u{parent}"
    return json.dumps({"id": f"u{number}", "conversation_id": "u0", "speaker": f"s{number % 2}", "text": f"t{number}",
                       "reply-to": answered})  # fmt: skip


def test_convokit_follows_who_answers_whom_whatever_the_order_of_lines(tmp_path: Path) -> None:
    lines = [_utterance(2, 1), _utterance(0, None), _utterance(1, 0), _utterance(3, 0)]
    _write(tmp_path / "utterances.jsonl", "\n".join(lines))
    _write(tmp_path / "corpus.json", "{}")
    assert _texts(tmp_path) == [["t0", "t1", "t2"], ["t0", "t3"]]


def test_convokit_utterances_that_answer_one_another_are_refused(tmp_path: Path) -> None:
    lines = [_utterance(0, 1), _utterance(1, 0), _utterance(2, 1)]
    with pytest.raises(InvalidCorpus, match="answers itself"):
        _texts(_write(tmp_path / "a.jsonl", "\n".join(lines)))


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_compressed_files_are_read_as_they_are(tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]) -> None:
    (tmp_path / f"a.tsv{suffix}").write_bytes(compress(b"Hello!\tHi!\n"))
    assert _texts(tmp_path) == [["Hello!", "Hi!"]]
    (tmp_path / f"a.tsv{suffix}").write_bytes(compress(b"Hello!\tHi!\n" * 100)[:-20])
    with pytest.raises(InvalidCorpus, match="compressed and damaged"):
        _texts(tmp_path)


def test_a_folder_is_read_in_name_order_and_its_notices_are_not(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name, text in (("b/2.tsv", "c\td\n"), ("1.tsv", "a\tb\n"), ("NOTICE", "words"), ("LICENSE.md", "more words")):
        _write(tmp_path / name, text)
    assert _texts(tmp_path) == [["a", "b"], ["c", "d"]]
    assert [file.name for file in corpus_files(tmp_path)] == ["1.tsv", "2.tsv"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ('{"messages": []}\n{"messages"', r"a\.jsonl, line 2: is not JSON"),
        ('{"words": []}', r"line 1: expected an object with a list named messages"),
        ('{"messages": [{"role": "A"}]}', "line 1: message 1 is neither a text nor an object"),
        ("[1]", "line 1: expected an object with a list"),
        ("[{]", "is not JSON"),
        ("a\tb\nc\n", "line 2: expected 2 fields, found 1"),
        ("a\tb\tc\td\n", "found 4 fields"),
        ('a,"b\n', "is not a table"),
        ("one column\n", "found 1 fields"),
        ('{"messages": [{"role": "A", "text": "alone"}]}', "holds no conversation of two turns"),
        ('{"id": "1", "reply-to": null, "text": "a"}\n{"id": "2", "reply-to": "1"}', "line 2: expected an utterance"),
    ],
)
def test_what_is_wrong_with_a_corpus_is_said(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InvalidCorpus, match=problem):
        _texts(_write(tmp_path / "a.jsonl", text))


def test_bytes_that_are_no_utf_8_are_located(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(b"a\tb\nc\t\xffd\n")
    with pytest.raises(InvalidCorpus, match=r"line 2: is not UTF-8 \(byte 0xff\)"):
        _texts(tmp_path / "a.tsv")


def test_a_missing_path_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCorpus, match="no such file"):
        _texts(tmp_path / "nowhere")
    with pytest.raises(InvalidCorpus, match="holds no file that ends in"):
        _texts(tmp_path)


@pytest.mark.data
@pytest.mark.parametrize(("name", "conversations"), [("mrmp", 960), ("spc-valid-test", 1962), ("topical-chat-eval", 2156)])
def test_the_real_corpora_are_read_whole(shared_data: Path, name: str, conversations: int) -> None:
    assert sum(1 for _ in read_corpus(shared_data / "dialogue" / name)) == conversations
