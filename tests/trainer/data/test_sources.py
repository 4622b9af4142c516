"""Sources stand for files, and callers over HTTP name only files that are open to them."""

from pathlib import Path

import pytest

from trainer.data.datasets import Datasets
from trainer.data.sources import DataNotAllowed, DataNotFound, locate, permit
from trainer.settings import Settings


@pytest.fixture
def open_directory(tmp_path: Path) -> Path:
    directory = tmp_path / "open"
    directory.mkdir()
    (directory / "a.csv").write_text("")
    return directory


def test_the_built_in_data_need_no_file(tmp_path: Path) -> None:
    assert locate(("built-in",), Settings(state=tmp_path)) == ()


def test_default_is_what_the_trainer_was_started_with(tmp_path: Path, open_directory: Path) -> None:
    assert locate(("default",), Settings(state=tmp_path, data=open_directory / "a.csv")) == (open_directory / "a.csv",)


def test_data_that_were_set_and_are_gone_are_not_replaced_by_others(tmp_path: Path) -> None:
    with pytest.raises(DataNotFound, match=r"gone\.json: there is no such file"):
        locate(("default",), Settings(state=tmp_path, data=tmp_path / "gone.json"))


def test_an_upload_is_named_by_its_digest(tmp_path: Path) -> None:
    upload = Datasets(tmp_path).receive("a.csv")
    upload.write(b"x")
    upload.finish()
    dataset, _ = upload.keep()
    assert locate((f"dataset:{dataset.sha256}",), Settings(state=tmp_path)) == (dataset.path,)
    with pytest.raises(DataNotFound, match="no such data set was uploaded"):
        locate(("dataset:../../etc",), Settings(state=tmp_path))


def test_several_sources_keep_their_order(tmp_path: Path, open_directory: Path) -> None:
    (open_directory / "b.csv").write_text("")
    names = (str(open_directory / "b.csv"), str(open_directory / "a.csv"))
    assert locate(names, Settings(state=tmp_path)) == tuple(Path(name) for name in names)


@pytest.mark.parametrize("opened", ["as data directory", "as the start's data"])
def test_callers_may_name_files_in_open_directories(tmp_path: Path, open_directory: Path, opened: str) -> None:
    settings = {
        "as data directory": Settings(state=tmp_path, data_dirs=(open_directory,)),
        "as the start's data": Settings(state=tmp_path, data=open_directory),
    }[opened]
    permit((str(open_directory / "a.csv"), str(open_directory / "not-there.csv"), str(open_directory)), settings)


def test_the_file_of_the_start_opens_itself_and_not_what_lies_beside_it(tmp_path: Path, open_directory: Path) -> None:
    (open_directory / "passwords.csv").write_text("user,password\nada,sesame\n")
    settings = Settings(state=tmp_path, data=open_directory / "a.csv")
    permit((str(open_directory / "a.csv"),), settings)
    for other in ("passwords.csv", ".", "a.csv/../passwords.csv", "a.csv/x", "not-there.csv"):
        with pytest.raises(DataNotAllowed, match="lies outside"):
            permit((str(open_directory / other),), settings)


@pytest.mark.parametrize("place", ["link.csv", "below/deep/link.csv", "below/link"])
def test_links_below_a_named_directory_lead_nowhere_else(tmp_path: Path, open_directory: Path, place: str) -> None:
    settings = Settings(state=tmp_path, data_dirs=(open_directory,))
    outside = tmp_path / "home"
    outside.mkdir()
    (outside / "secret.csv").write_text("smiles,value\n")
    link = open_directory / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside if place.endswith("link") else outside / "secret.csv")
    with pytest.raises(DataNotAllowed, match=r"holds a link, .*link"):
        permit((str(open_directory),), settings)
    link.unlink()
    link.symlink_to(open_directory / "a.csv")
    permit((str(open_directory),), settings)


def test_callers_may_name_no_other_files(tmp_path: Path, open_directory: Path) -> None:
    settings = Settings(state=tmp_path, data_dirs=(open_directory,))
    (tmp_path / "secret.csv").write_text("")
    (open_directory / "link.csv").symlink_to(tmp_path / "secret.csv")
    for path in ("secret.csv", "open/../secret.csv", "open/link.csv", "opener", "."):
        with pytest.raises(DataNotAllowed, match="lies outside"):
            permit((str(tmp_path / path),), settings)
    with pytest.raises(DataNotAllowed):
        permit(("/etc/passwd",), Settings(state=tmp_path))
    with pytest.raises(DataNotAllowed):
        permit((str(open_directory / "a.csv"), "~/x.csv"), settings)


def test_data_that_are_not_paths_are_open_to_everyone(tmp_path: Path) -> None:
    permit(("built-in",), Settings(state=tmp_path))
    permit(("default",), Settings(state=tmp_path))
    permit((f"dataset:{'0' * 64}",), Settings(state=tmp_path))
