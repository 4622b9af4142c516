"""A stranger's ten minutes: clone, start, install the client, train on a table, follow one question, build the documentation.

`make setup` in the clone would install for minutes what is installed here already, so the interpreter of this environment
starts the services, whose packages are this checkout's; what is built of the clone is the client's wheel and the documentation.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.spark, pytest.mark.timeout(900)]
_ROOT = Path(__file__).parents[2]
_SCRIPT = Path(__file__).with_name("stranger.py")
_TRACE = "7c1f0c3be1a84f0e9d6f2b5a48e3d901"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (_ROOT / ".git").exists():
        pytest.skip("this is no checkout, so nothing can be cloned")
    into = tmp_path_factory.mktemp("stranger") / "ntdemo"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{_ROOT}", into], check=True)
    return into


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    told = {"NTDEMO_LOG_FORMAT": "json", "NTDEMO_LOG_LEVEL": "debug"}  # which tells of reads as well
    with Product(tmp_path_factory.mktemp("product") / "state", told) as product:
        product.wait_for_line("Ctrl-C stops everything", timeout_s=240)
        yield product


@pytest.fixture(scope="module")
def python(clone: Path) -> Path:
    """An interpreter of its own that has the client of the clone, from its wheel, and what the registry gives with it."""
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(clone.parent)]
    subprocess.run(build, cwd=clone / "clients" / "python", check=True, capture_output=True)
    (wheel,) = clone.parent.glob("ntdemo-*.whl")
    subprocess.run([sys.executable, "-m", "venv", clone.parent / "venv"], check=True)
    python = clone.parent / "venv" / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--retries", "1", str(wheel)]
    installed = subprocess.run(command, check=False, capture_output=True, text=True)
    if installed.returncode and not os.environ.get("CI"):
        pytest.skip(f"no package index answers here: {installed.stderr[-300:]}")
    assert installed.returncode == 0, installed.stderr
    return python


def test_one_trace_stands_in_the_logs_of_page_chatbot_and_scores_api(product: Product) -> None:
    chatbot, page = (f"http://127.0.0.1:{product.ports[name]}" for name in ("CHATBOT_PORT", "VIZ_DASH_PORT"))
    asked = {"model": "ntdemo-en", "messages": [{"role": "user", "content": "what is like fB?"}]}
    with httpx.Client(trust_env=False, timeout=60, headers={"traceparent": f"00-{_TRACE}-{'b' * 16}-01"}) as client:
        client.post(f"{chatbot}/v1/chat/completions", json=asked).raise_for_status()
        client.get(f"{page}/exports/neighbours.csv", params={"fragment": "fC"}).raise_for_status()
    until_s = time.monotonic() + 20
    seen = _requests(product.log)
    while not {"chatbot", "viz", "scores-api"} <= {service for service, _ in seen}:
        assert time.monotonic() < until_s, seen
        time.sleep(0.1)  # a line is written behind its answer, and comes through the pipe of whoever started all
        seen = _requests(product.log)
    looked_up = " ".join(path for service, path in seen if service == "scores-api")
    assert "/fragments/fC/neighbours" in looked_up, seen  # for the page
    assert "/fragments/fB" in looked_up, seen  # for the chatbot


def _requests(log: Path) -> set[tuple[str, str]]:
    """Services and paths of the requests of the trace."""
    lines = [line for line in log.read_text().splitlines() if _TRACE in line]
    return {(line.split()[0], told["path"]) for line in lines if (told := _event(line)).get("event") == "request"}


def _event(line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line[line.index("{") :])
    return found


def test_a_table_is_trained_on_and_neighbours_come_back_as_a_table(product: Product, python: Path, clone: Path) -> None:
    shell = {name: str(port) for name, port in product.ports.items()}
    done = subprocess.run(
        [python, _SCRIPT], cwd=clone.parent, env=shell, check=False, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert Path(told["from"]).is_relative_to(python.parents[1])
    assert told["kind"] == "DataFrame"
    assert {"*N1CCNCC1", "*N1CCCCC1"} <= set(told["names"])


def test_the_documentation_of_the_clone_is_built_without_a_warning(clone: Path) -> None:
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "--clean"]
    built = subprocess.run(command, cwd=clone, check=False, capture_output=True, text=True, timeout=200)
    told = built.stdout + built.stderr
    assert built.returncode == 0, told
    assert "arning" not in told, told
    assert (clone / "build" / "site" / "index.html").is_file()
