"""Nothing is taken from a file that is not as it was written, whichever bit it is that changed."""

from pathlib import Path

import pytest
from tests.support.damage import flip

from published.pages import PAGE_BYTES, FileDamaged, PagedFile, StatedFile

SIZES = (0, 1, PAGE_BYTES - 1, PAGE_BYTES, PAGE_BYTES + 1, 3 * PAGE_BYTES + 17)


def written(directory: Path, size: int) -> tuple[Path, bytes]:
    path, content = directory / "file", bytes(number * 31 % 251 for number in range(size))
    path.write_bytes(content)
    return path, content


@pytest.mark.parametrize("size", SIZES)
def test_what_was_written_is_read(tmp_path: Path, size: int) -> None:
    path, content = written(tmp_path, size)
    stated = StatedFile.of(path)
    file = PagedFile(path, StatedFile.model_validate_json(stated.model_dump_json()))
    file.check()
    assert (file.size_bytes, file.whole(), bytes(file.mapped())) == (size, content, content)
    for start in range(0, size, 997):
        for length in (0, 1, 500, 5000):
            end = min(start + length, size)
            assert file.read(start, end - start) == content[start:end]


def test_any_flipped_bit_is_found_when_its_page_is_read_and_no_other_page_is_refused(tmp_path: Path) -> None:
    path, content = written(tmp_path, 3 * PAGE_BYTES + 17)
    file = PagedFile(path, StatedFile.of(path))
    for bit in range(0, 8 * len(content), 1201):
        flip(path, bit)
        page = bit // 8 // PAGE_BYTES
        for start in range(0, len(content), PAGE_BYTES):
            if start == page * PAGE_BYTES:
                with pytest.raises(FileDamaged, match=f"page {page}"):
                    file.read(start, 1)
            else:
                assert file.read(start, 1) == content[start : start + 1]
        for read in (file.whole, file.mapped, file.check):
            with pytest.raises(FileDamaged, match="differs from its checksum"):
                read()
        flip(path, bit)
    assert file.whole() == content


def test_a_file_that_became_shorter_or_longer_is_damaged(tmp_path: Path) -> None:
    path, content = written(tmp_path, 2 * PAGE_BYTES)
    stated = StatedFile.of(path)
    file = PagedFile(path, stated)
    assert bytes(file.mapped()) == content
    for changed in (content[:100], content + b"x"):
        path.write_bytes(changed)
        for read in (file.mapped, file.check):
            with pytest.raises(FileDamaged):
                read()
        with pytest.raises(FileDamaged):
            PagedFile(path, stated)
    path.write_bytes(content[:100])
    with pytest.raises(FileDamaged, match="shorter"):
        file.read(PAGE_BYTES, 10)


def test_a_file_that_is_missing_is_damaged_and_one_that_is_open_outlives_its_entry(tmp_path: Path) -> None:
    path, content = written(tmp_path, 100)
    stated = StatedFile.of(path)
    file = PagedFile(path, stated)
    path.unlink()
    assert file.whole() == content
    with pytest.raises(FileDamaged, match="cannot be opened"):
        PagedFile(path, stated)


def test_checksums_that_are_not_as_many_as_the_pages_are_refused(tmp_path: Path) -> None:
    path, _ = written(tmp_path, PAGE_BYTES)
    pages = StatedFile.of(path).pages
    path, _ = written(tmp_path, 2 * PAGE_BYTES)
    with pytest.raises(ValueError, match="as many as its pages"):
        PagedFile(path, StatedFile.of(path).model_copy(update={"pages": pages}))
