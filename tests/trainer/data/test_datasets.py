"""Uploads are kept whole, under the name of their bytes, or not at all."""

import hashlib
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trainer.data.datasets import Dataset, Datasets, UploadsFull


def _kept(datasets: Datasets, name: str, *chunks: bytes) -> tuple[Dataset, bool]:
    upload = datasets.receive(name)
    for chunk in chunks:
        upload.write(chunk)
    upload.finish()
    return upload.keep()


def test_an_upload_is_found_under_the_sha256_of_its_bytes(tmp_path: Path) -> None:
    datasets = Datasets(tmp_path)
    dataset, fresh = _kept(datasets, "assays.csv", b"smiles,t\n", b"CCO,1\n")
    assert fresh
    assert dataset.sha256 == hashlib.sha256(b"smiles,t\nCCO,1\n").hexdigest()
    assert (dataset.path.name, dataset.path.read_bytes(), dataset.size_bytes) == ("assays.csv", b"smiles,t\nCCO,1\n", 15)
    assert Datasets(tmp_path).get(dataset.sha256) == dataset


def test_the_same_bytes_are_one_data_set_under_their_first_name(tmp_path: Path) -> None:
    datasets = Datasets(tmp_path)
    first, _ = _kept(datasets, "first.csv", b"x")
    again, fresh = _kept(datasets, "second.csv", b"x")
    assert (again, fresh) == (first, False)
    assert [each.path.name for each in datasets.all()] == ["first.csv"]
    assert [entry.name for entry in datasets.root.iterdir()] == [first.sha256]


def test_equal_uploads_at_once_are_one_data_set(tmp_path: Path) -> None:
    datasets, together = Datasets(tmp_path), threading.Barrier(4)

    def kept(name: str) -> tuple[Dataset, bool]:
        upload = datasets.receive(name)
        upload.write(b"x")
        upload.finish()
        together.wait(10)
        return upload.keep()

    for _ in range(20):
        with ThreadPoolExecutor(4) as pool:
            uploads = list(pool.map(kept, ("a.csv", "b.csv", "c.csv", "d.csv")))
        assert [fresh for _, fresh in uploads].count(True) == 1
        assert len({dataset for dataset, _ in uploads}) == 1
        shutil.rmtree(datasets.root)


def test_a_name_that_the_disk_refuses_leaves_nothing(tmp_path: Path) -> None:
    datasets = Datasets(tmp_path)
    with pytest.raises(OSError, match="too long"):
        datasets.receive("x" * 300)
    assert list(datasets.root.iterdir()) == []


def test_what_is_not_finished_is_no_data_set_and_is_removed(tmp_path: Path) -> None:
    datasets = Datasets(tmp_path)
    given_up, left = datasets.receive("a.csv"), datasets.receive("b.csv")
    given_up.write(b"x")
    left.write(b"y")
    assert datasets.all() == []
    given_up.discard()
    left.finish()
    datasets.remove_unfinished()
    assert list(datasets.root.iterdir()) == []


def test_what_is_no_digest_names_no_data_set(tmp_path: Path) -> None:
    datasets = Datasets(tmp_path)
    _kept(datasets, "a.csv", b"x")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "file").write_text("")
    assert datasets.get("../secret") is None
    assert datasets.get("0" * 64) is None


def test_a_removed_data_set_is_gone_and_may_come_again(tmp_path: Path) -> None:
    datasets = Datasets(tmp_path)
    dataset, _ = _kept(datasets, "a.csv", b"x")
    assert datasets.remove(dataset.sha256)
    assert not datasets.remove(dataset.sha256)
    assert not datasets.remove("../../etc")
    assert list(datasets.root.iterdir()) == []
    assert _kept(datasets, "b.csv", b"x")[1]


def test_all_uploads_together_have_a_limit_also_those_that_come_at_once(tmp_path: Path) -> None:
    datasets = Datasets(tmp_path, limit_bytes=10)
    first, _ = _kept(datasets, "a.csv", b"12345")
    coming = datasets.receive("b.csv")
    coming.write(b"678")
    other = datasets.receive("c.csv")
    with pytest.raises(UploadsFull):
        other.write(b"901")
    other.discard()
    coming.discard()
    _kept(datasets, "d.csv", b"67890")
    full = datasets.receive("e.csv")
    with pytest.raises(UploadsFull):
        full.write(b"1")
    full.discard()
    datasets.remove(first.sha256)
    _kept(datasets, "f.csv", b"54321")
    late = Datasets(tmp_path, limit_bytes=10).receive("g.csv")
    with pytest.raises(UploadsFull):
        late.write(b"1")
    late.discard()


def test_an_upload_that_met_a_full_disk_leaves_nothing_though_its_last_bytes_cannot_be_written(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    datasets = Datasets(tmp_path)
    upload = datasets.receive("a.csv")
    upload.path.unlink()
    upload.path.symlink_to("/dev/full")
    with upload.path.open("wb") as full:
        upload._file.close()  # noqa: SLF001 - a disk cannot be filled in a test
        upload._file = full  # noqa: SLF001 - the same
        upload.write(b"x" * 100)
        with pytest.raises(OSError, match="No space left"):
            upload.finish()
        upload.discard()
    assert list(datasets.root.iterdir()) == []
