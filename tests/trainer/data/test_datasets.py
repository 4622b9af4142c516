"""Uploads are kept whole, under the name of their bytes, or not at all."""

import hashlib
from pathlib import Path

from trainer.data.datasets import Dataset, Datasets


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
