import socket
import subprocess
from pathlib import Path

import pytest

from trainer.lake import standalone
from trainer.lake.java import Java


def test_a_master_is_the_jvm_that_sparks_scripts_would_start(tmp_path: Path) -> None:
    line = standalone.command("master", None, tmp_path)
    assert "org.apache.spark.deploy.master.Master" in line
    assert line[line.index("--host") + 1] == socket.gethostname()
    assert line[line.index("--port") + 1] == "7077"
    assert any(part.endswith(".jar") for part in line[line.index("-cp") + 1].split(":"))


def test_a_worker_names_its_master_last_and_works_in_its_own_directory(tmp_path: Path) -> None:
    line = standalone.command("worker", "spark://spark-master:7077", tmp_path)
    assert "org.apache.spark.deploy.worker.Worker" in line
    assert line[line.index("--work-dir") + 1] == str(tmp_path)
    assert line[-1] == "spark://spark-master:7077"


def test_a_master_listens_where_it_is_told(tmp_path: Path) -> None:
    line = standalone.command("master", None, tmp_path, host="127.0.0.1", port=7, page=8)
    assert line[-6:] == ["--host", "127.0.0.1", "--webui-port", "8", "--port", "7"]


def test_executors_get_a_java_that_is_not_asked_for_the_module_it_lacks(tmp_path: Path) -> None:
    echo = tmp_path / "with space" / "java"
    echo.parent.mkdir()
    echo.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    echo.chmod(0o755)
    home = standalone.java_home(tmp_path / "home", Java(echo, "21"))
    command = [str(home / "bin" / "java"), "-cp", "a b", "--add-modules=jdk.incubator.vector", "Main"]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.splitlines() == [
        "-cp",
        "a b",
        "Main",
    ]


@pytest.mark.parametrize("arguments", [[], ["worker"], ["driver"]])
def test_what_is_neither_master_nor_worker_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        standalone.main(arguments)
