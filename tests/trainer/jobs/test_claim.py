"""A state directory belongs to one trainer, and what is wrong with it is said in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.jobs.claim import StartRefused, claimed


def test_a_second_trainer_is_refused_with_the_process_that_holds_the_directory(tmp_path: Path) -> None:
    told = rf"belongs to a trainer that is running \(process {os.getpid()}\)"
    with claimed(tmp_path), pytest.raises(StartRefused, match=told), claimed(tmp_path):
        pass
    with claimed(tmp_path):
        pass


def test_the_claim_of_a_killed_trainer_is_free(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib, time\nfrom trainer.jobs.claim import claimed\n"
        "with claimed(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(StartRefused, match=str(process.pid)), claimed(tmp_path):
            pass
        process.kill()
    with claimed(tmp_path):
        pass


def test_the_directory_is_made_where_it_is_missing(tmp_path: Path) -> None:
    with claimed(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b" / "jobs.sqlite").is_file()


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StartRefused, match="cannot be used: File exists"), claimed(tmp_path / "state"):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StartRefused, match="cannot be used: Permission denied"), claimed(tmp_path / "state"):
        pass


def test_a_directory_of_the_kernel_is_refused_even_for_root() -> None:
    with pytest.raises(StartRefused, match="The state directory /proc/ntdemo cannot be used"), claimed(Path("/proc/ntdemo")):
        pass


def test_a_full_disk_is_refused(tmp_path: Path) -> None:
    told = r"is full: [\d.]+ MiB are free, 1099511627776 MiB are needed"
    with pytest.raises(StartRefused, match=told), claimed(tmp_path, room_bytes=2**60):
        pass


def test_a_job_table_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"x" * 4096)
    with pytest.raises(StartRefused, match="file is not a database"), claimed(tmp_path):
        pass


def test_a_failure_inside_the_claim_passes_unchanged(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="ours"), claimed(tmp_path):
        raise OSError("ours")
