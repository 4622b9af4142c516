"""Everything that the OpenAPI document allows, and much that it does not, asked of a running server."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.scores_api.conftest import Published
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready

DOCUMENT = Path(__file__).parents[2] / "services" / "scores-api" / "openapi.json"
SECONDS = 25
BOUNDS = ["--max-time", str(SECONDS), "--max-examples", "20", "--generation-deterministic", "--request-timeout", "30"]
BY_DESIGN = "positive_data_acceptance"
"""A check that is left out: a cursor is a string to the document, but only those that were handed out are taken."""

REFUSED = """[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "415", "422", "428", "429", "431", "5xx"]
"""
"""As the check has it, and 431: an address that is too long for a server is refused before its parameters are looked at."""


@pytest.mark.slow
def test_no_request_breaks_the_service_or_its_document(published: Published, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(published.state), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}

    (tmp_path / "schemathesis.toml").write_text(REFUSED)
    url = f"http://127.0.0.1:{port}"
    with Served("ntdemo-scores-api", tmp_path / "log", environment, url) as served:
        wait_until_ready(served)
        command = [str(Path(sys.executable).with_name("st")), "run", str(DOCUMENT), "--url", url, *BOUNDS]
        command += ["--exclude-checks", BY_DESIGN, "--phases", "examples,coverage,fuzzing"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=10 * SECONDS, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr
    assert "internal-error" not in served.log.read_text()
    assert "request_failed" not in served.log.read_text()
