import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.cluster import cluster

from trainer.spark import standalone

_DRIVER = """
import sys
from pathlib import Path
from trainer.spark.session import Session
with Session(Path(sys.argv[1]), master=sys.argv[2]) as session:
    frame = session.spark().range(3).mapInArrow(lambda batches: batches, "id long")
    print(*sorted(row["id"] for row in frame.collect()))
"""


def test_a_master_is_what_sparks_own_script_starts(tmp_path: Path) -> None:
    line = standalone.command("master", None, tmp_path)
    assert line[0].endswith("/pyspark/bin/spark-class")
    assert line[1] == "org.apache.spark.deploy.master.Master"
    assert line[line.index("--host") + 1] == socket.gethostname()
    assert line[line.index("--port") + 1] == "7077"


def test_a_worker_names_its_master_last_and_works_in_its_own_directory(tmp_path: Path) -> None:
    line = standalone.command("worker", "spark://spark-master:7077", tmp_path)
    assert "org.apache.spark.deploy.worker.Worker" in line
    assert line[line.index("--work-dir") + 1] == str(tmp_path)
    assert line[-1] == "spark://spark-master:7077"


def test_a_master_listens_where_it_is_told(tmp_path: Path) -> None:
    line = standalone.command("master", None, tmp_path, host="127.0.0.1", port=7, page=8)
    assert line[-6:] == ["--host", "127.0.0.1", "--webui-port", "8", "--port", "7"]


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cluster_of_machines_without_java_works_on_the_packaged_one(tmp_path: Path) -> None:
    for name in ("bash", "dirname", "ps", "nice"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    bare = {"PATH": str(tmp_path), "HOME": str(tmp_path)}  # no java, and no JAVA_HOME
    with cluster(tmp_path, workers=1, environment=bare) as master:
        command = [sys.executable, "-c", _DRIVER, str(tmp_path / "cache"), master]
        done = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=300, check=False)
        launched = (tmp_path / "worker-0.log").read_text()
    assert done.stdout.split() == ["0", "1", "2"], done.stderr + launched
    assert f'Launch command: "{tmp_path}/spark-' in launched
    assert "/java/bin/java" in launched


@pytest.mark.parametrize("arguments", [[], ["worker"], ["driver"]])
def test_what_is_neither_master_nor_worker_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        standalone.main(arguments)
