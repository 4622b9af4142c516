from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.factorization.counts.checkpoint import Checkpoint, InvalidCheckpoint, load_checkpoint, save_checkpoint
from trainer.similarity.factors import Factors

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    st.integers(0, 2**32 - 1),
    st.lists(names, min_size=1, max_size=6),
    st.lists(names, min_size=1, max_size=6),
    st.integers(1, 4),
)
def test_what_is_saved_is_loaded_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, seed: int, fragments: list[str], targets: list[str], rank: int
) -> None:
    rng = np.random.default_rng(seed)
    factors = Factors.from_product(rng.normal(size=(len(fragments), rank)), rng.normal(size=(len(targets), rank)))
    path = tmp_path_factory.mktemp("checkpoint") / "factors.npz"
    save_checkpoint(Checkpoint("factors-1", factors, tuple(fragments), tuple(targets)), path)
    loaded = load_checkpoint(path)
    assert (loaded.run, loaded.fragments, loaded.targets) == ("factors-1", tuple(fragments), tuple(targets))
    for name in ("fragments_FK", "targets_TK", "singular_K"):
        ours, theirs = getattr(loaded.factors, name), getattr(factors, name)
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)
    first = path.read_bytes()
    save_checkpoint(loaded, path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x93NUMPY"])
def test_another_file_is_no_checkpoint(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "factors.npz").write_bytes(content)
    with pytest.raises(InvalidCheckpoint, match=r"factors\.npz is no checkpoint"):
        load_checkpoint(tmp_path / "factors.npz")


def test_an_archive_of_something_else_is_no_checkpoint(tmp_path: Path) -> None:
    np.savez(tmp_path / "factors.npz", weights=np.ones(3))
    with pytest.raises(InvalidCheckpoint, match="facts"):
        load_checkpoint(tmp_path / "factors.npz")


def test_a_later_schema_is_refused_by_name(tmp_path: Path) -> None:
    facts = np.frombuffer(b'{"schema": "ntdemo.checkpoint/9"}', dtype=np.uint8)
    one = np.ones((1, 1))
    np.savez(tmp_path / "factors.npz", facts=facts, fragments_FK=one, targets_TK=one, singular_K=one)
    with pytest.raises(InvalidCheckpoint, match=r"its schema is 'ntdemo\.checkpoint/9'"):
        load_checkpoint(tmp_path / "factors.npz")


def test_an_absent_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "absent.npz")
