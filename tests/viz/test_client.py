"""The command `ntdemo-client`."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.ports import free_ports
from tests.viz.conftest import Published

_NEEDS_TK = pytest.mark.skipif(importlib.util.find_spec("tkinter") is None, reason="this Python has no Tk")


def _client(scores_url: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    host, port = scores_url.removeprefix("http://").split(":")
    inherited = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"}}
    return subprocess.run(
        [str(Path(sys.executable).with_name("ntdemo-client")), *arguments],
        env={**inherited, "NTDEMO_HOST": host, "NTDEMO_PORT": port, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(("suffix", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF-")])
def test_a_file_is_written_without_a_display(scores_url: str, tmp_path: Path, suffix: str, head: bytes) -> None:
    target = tmp_path / f"map.{suffix}"
    ended = _client(scores_url, "--save", str(target))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"wrote {target}\n"
    assert target.read_bytes().startswith(head)


def test_1_adds_the_3d_page(scores_url: str, tmp_path: Path) -> None:
    assert _client(scores_url, "1", "--save", str(tmp_path / "map.png")).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map-3d.png", "map.png"]


def test_the_picture_states_the_known_numbers(scores_url: str, tmp_path: Path) -> None:
    target = tmp_path / "map.svg"
    assert _client(scores_url, "--save", str(target)).returncode == 0
    drawn = target.read_text()
    for name in ("fA", "fB", "fC", "fD", "fE", "100.0", "97.7", "86.8"):
        assert f"<!-- {name} -->" in drawn


def test_a_large_run_shows_the_fragments_with_most_support_and_says_so(
    published: Published, scores_url: str, tmp_path: Path
) -> None:
    target = tmp_path / "map.svg"
    ended = _client(scores_url, "--save", str(target), "--run", published.many)
    assert ended.returncode == 0, ended.stderr
    assert "the 40 of 3,400 fragments with most support" in target.read_text()


@pytest.mark.parametrize(("argument", "said"), [("--version", "ntdemo-client "), ("--help", "--save")])
def test_help_and_version_ask_nobody(argument: str, said: str) -> None:
    ended = _client("http://127.0.0.1:9", argument)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert said in ended.stdout


def test_without_a_display_a_sentence_says_what_to_do(scores_url: str) -> None:
    ended = _client(scores_url)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "--save" in ended.stderr


def test_without_tk_a_sentence_says_how_to_get_it(scores_url: str, tmp_path: Path) -> None:
    (tmp_path / "tkinter.py").write_text("raise ImportError('No module named _tkinter')\n")
    ended = _client(scores_url, PYTHONPATH=str(tmp_path))
    assert ended.returncode == 2
    assert "apt-get install python3-tk" in ended.stderr


def test_a_silent_scores_api_is_one_sentence_and_status_1(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    ended = _client(f"http://127.0.0.1:{port}", "--save", str(tmp_path / "a.png"))
    assert ended.returncode == 1
    assert ended.stderr == f"The scores API at http://127.0.0.1:{port} does not answer (nothing listens there).\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--save", "map.gif"), 2, "ends in none of .png, .svg, .pdf"),
        (("--save", "/nowhere/map.png"), 2, "no such file or directory"),
        (("--save", "map.png", "--run", "factors-nowhere"), 1, "factors-nowhere"),
        (("7",), 2, "is not in the range"),
    ],
)
def test_what_cannot_be_done_is_said(scores_url: str, arguments: tuple[str, ...], status: int, said: str) -> None:
    ended = _client(scores_url, *arguments)
    assert ended.returncode == status
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture
def screen() -> Iterator[str]:
    """A virtual screen that nothing else uses."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x1000x24", "-nolisten", "tcp"],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    with os.fdopen(read_end) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


@_NEEDS_TK
def test_two_windows_open_on_a_screen(scores_url: str, screen: str, tmp_path: Path) -> None:
    """The command itself, with a Tk that tells which windows it has mapped and then closes them."""
    (tmp_path / "sitecustomize.py").write_text(_WITNESS)
    ended = _client(scores_url, "1", DISPLAY=screen, PYTHONPATH=str(tmp_path), WITNESS=str(tmp_path / "windows.txt"))
    assert ended.returncode == 0, ended.stderr
    told = (tmp_path / "windows.txt").read_text().splitlines()
    assert sorted(line.split("|")[0] for line in told) == ["ntdemo 3-D", "ntdemo heat map"]
    for line in told:
        width, height, colours = (int(part) for part in line.split("|")[1:])
        assert width > 400
        assert height > 400
        assert colours > 20, "the window is blank"


_WITNESS = '''
"""Waits until matplotlib's windows are mapped and drawn, writes what they show, and closes them as a user would."""
import os, sys

if os.environ.get("WITNESS") and sys.argv and sys.argv[0].endswith("ntdemo-client"):
    import tkinter

    loop = tkinter.Misc.mainloop

    def watched(self, n=0):
        from matplotlib import pyplot

        def look():
            managers = [pyplot.figure(number).canvas.manager for number in pyplot.get_fignums()]
            if not all(manager.window.winfo_viewable() for manager in managers):
                self.after(50, look)
                return
            with open(os.environ["WITNESS"], "w") as file:
                for manager in managers:
                    manager.canvas.draw()
                    pixels = bytes(manager.canvas.buffer_rgba())
                    colours = len({pixels[at : at + 4] for at in range(0, len(pixels), 4)})
                    title, window = manager.get_window_title(), manager.window
                    file.write(f"{title}|{window.winfo_width()}|{window.winfo_height()}|{colours}\\n")
            pyplot.close("all")

        self.after(50, look)
        loop(self, n)

    tkinter.Misc.mainloop = watched
    tkinter.mainloop = lambda n=0: watched(tkinter._default_root, n)
'''
