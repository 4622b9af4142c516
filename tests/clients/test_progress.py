"""Progress in a terminal: a bar on standard error while a job lasts, and nothing where nobody looks."""

import os
import pty
import subprocess
import sys

_JOB = """
from ntdemo.progress import shown
with shown("job 7") as progress:
    progress.take("stage-started", {"stage": "fit"})
    progress.take("progress", {"done": 5, "total": 10, "loss": 0.25})
"""


def _shown(stderr: int) -> None:
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"}
    subprocess.run([sys.executable, "-c", _JOB], env=environment, stderr=stderr, check=True, timeout=120)


def test_a_terminal_shows_the_stage_and_a_bar_that_is_as_full_as_the_job_is_done() -> None:
    ours, theirs = pty.openpty()
    try:
        _shown(theirs)
        told = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    (line, *_) = told.split("job 7: fitting the factors, loss 0.25")[-1].split("\r")
    assert line.count("━") == 12, told


def test_a_file_gets_no_bar() -> None:
    ours, theirs = os.pipe()
    _shown(theirs)
    os.close(theirs)
    with os.fdopen(ours) as told:
        assert told.read() == ""
