"""The door of corpora: a file or a folder becomes conversations, whatever its format; content decides, not the name."""

import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trainer.dialogue.corpus.conversation import Conversation, InvalidCorpus
from trainer.dialogue.corpus.convokit import is_convokit, read_convokit
from trainer.dialogue.corpus.cornell import SEPARATOR, read_cornell
from trainer.dialogue.corpus.messages import read_messages
from trainer.dialogue.corpus.pairs import read_pairs

__all__ = ["corpus_files", "read_corpus"]

_SUFFIXES: Final = frozenset({".jsonl", ".json", ".tsv", ".csv", ".txt"})
_UNPACKED_BYTES: Final = 64 * 2**20
_UNPACKED_TIMES: Final = 100
"""Texts pack to a fifth; what unpacks to a hundred times its size is none."""
_CORNELL: Final = ("movie_lines.txt", "movie_conversations.txt")


def read_corpus(path: Path) -> Iterator[Conversation]:
    """The conversations of a file or of all corpus files below a folder, in name order.

    Raises:
        InvalidCorpus: for the first thing that is not as its format demands; iteration may have begun.
    """
    if not path.exists():
        raise InvalidCorpus(path, "there is no such file or folder")
    found = False
    for conversation in _read_any(path):
        found = True
        yield conversation
    if not found:
        raise InvalidCorpus(path, "holds no conversation of two turns or more")


def corpus_files(path: Path) -> list[Path]:
    """The files that `read_corpus` reads, in the order of reading."""
    if path.is_file():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.is_file() and _suffix(file) in _SUFFIXES)
    if not files:
        raise InvalidCorpus(path, f"holds no file that ends in {', '.join(sorted(_SUFFIXES))} (or those with .gz or .xz)")
    return files


def _read_any(path: Path) -> Iterator[Conversation]:
    if path.is_dir():
        if all((path / name).is_file() for name in _CORNELL):
            yield from _read_cornell(path)
            return
        utterances = next((path / name for name in ("utterances.jsonl", "utterances.json") if (path / name).is_file()), None)
        files = [utterances] if utterances is not None else corpus_files(path)
        for file in files:
            yield from _read_file(file)
        return
    yield from _read_file(path)


def _read_file(file: Path) -> Iterator[Conversation]:
    data = _bytes(file)
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise InvalidCorpus(file, "is empty")
    if SEPARATOR.encode() in start:
        yield from _read_cornell(file.parent)
        return
    text = _text(data, file)
    if start[:1] in (b"{", b"["):
        yield from read_convokit(text, file) if is_convokit(text) else read_messages(text, file)
    else:
        yield from read_pairs(text, file)


def _read_cornell(folder: Path) -> Iterator[Conversation]:
    lines, conversations = (folder / name for name in _CORNELL)
    for file in (lines, conversations):
        if not file.is_file():
            raise InvalidCorpus(file, "the Cornell corpus is two files, and this one is not here")
    # ISO-8859-1 maps every byte, so this cannot fail; it is the encoding the corpus is published in.
    texts = (file.read_bytes().decode("iso-8859-1") for file in (lines, conversations))
    yield from read_cornell(*texts, lines_file=lines, conversations_file=conversations)


def _bytes(file: Path) -> bytes:
    with file.open("rb") as packed:
        start = packed.read(6)
        packed.seek(0)
        opened = gzip.open if start.startswith(b"\x1f\x8b") else lzma.open if start == b"\xfd7zXZ\x00" else None
        if opened is None:
            return packed.read()
        most = max(_UNPACKED_BYTES, _UNPACKED_TIMES * file.stat().st_size)
        try:
            with opened(packed) as unpacked:
                data = unpacked.read(most + 1)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as damaged:
            raise InvalidCorpus(file, f"is compressed and damaged: {damaged}") from damaged
    if len(data) > most:
        raise InvalidCorpus(file, f"unpacks to more than {most:,} bytes, which no text of its size does")
    return data


def _text(data: bytes, file: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as invalid:
        line = data.count(b"\n", 0, invalid.start) + 1
        raise InvalidCorpus(file, f"is not UTF-8 (byte {data[invalid.start]:#04x})", line) from invalid


def _suffix(file: Path) -> str:
    return Path(file.stem).suffix if file.suffix in (".gz", ".xz") else file.suffix
