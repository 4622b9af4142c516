import socket
from pathlib import Path

import pytest

from trainer.lake import standalone


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


@pytest.mark.parametrize("arguments", [[], ["worker"], ["driver"]])
def test_what_is_neither_master_nor_worker_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        standalone.main(arguments)
