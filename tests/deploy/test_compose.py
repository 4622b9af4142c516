"""docker-compose.yml and compose.gpu.yaml, as written."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.compose import COMPOSE, compose
from tests.support.deployed import SERVICES, Service
from tests.support.helm import CHART


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    written: dict[str, Any] = compose()["services"]
    return written


def test_every_container_is_held_to_what_it_needs(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["user"] == "10001:10001", name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"memory", "pids"}, name
        assert service["tmpfs"], name
        assert "privileged" not in service, name


def test_a_plain_up_starts_the_services_of_the_design(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "profiles" not in service} == {service.name for service in SERVICES}
    assert {name for name, service in services.items() if service.get("profiles") == ["cluster"]} == {
        "spark-master",
        "spark-worker-1",
        "spark-worker-2",
    }


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
@pytest.mark.parametrize(
    "variables", [{}, {"NTDEMO_ON_ERROR": "skip", "VIZ_PUBLISH_BOKEH_PORT": "15006", "NTDEMO_LOG_FORMAT": "text"}]
)
def test_its_environment_is_read_by_the_services_own_settings(
    service: Service, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = compose(variables)["services"][service.name]["environment"]
    assert set(environment) <= service.variables()
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value or "")
    settings = service.settings()
    if service.name == "viz":
        assert f"localhost:{variables.get('VIZ_PUBLISH_BOKEH_PORT', '5006')}" in settings.websocket_origins
    if service.asks:
        assert settings.scores_url == "http://scores-api:3030"
        assert settings.trainer_url == "http://trainer:3031"


def test_only_this_machine_reaches_the_doors_unless_told_otherwise(services: dict[str, Any]) -> None:
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert all(port.startswith("192.0.2.7:") for port in compose({"NTDEMO_PUBLISH": "192.0.2.7"})["services"]["viz"]["ports"])


def test_only_the_trainer_and_its_executors_write_the_store(services: dict[str, Any]) -> None:
    writers = {name for name, service in services.items() if "state:/state" in service.get("volumes", [])}
    assert writers == {"trainer", "spark-worker-1", "spark-worker-2"}
    assert "state:/state:ro" in services["scores-api"]["volumes"]
    assert all("./data:/data" not in service.get("volumes", []) for service in services.values())


def test_images_have_the_tag_of_the_chart(services: dict[str, Any]) -> None:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    assert {service["image"].rsplit(":", 1)[1] for service in services.values()} == {version}


def test_the_gpu_file_changes_the_trainer_alone() -> None:
    gpu = yaml.safe_load(COMPOSE.with_name("compose.gpu.yaml").read_text())
    assert list(gpu["services"]) == ["trainer"]
    (device,) = gpu["services"]["trainer"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert gpu["services"]["trainer"]["build"]["args"] == {"TORCH": "cuda"}
    assert gpu["services"]["trainer"]["environment"] == {"TRAINER_GPUS": "1"}  # never on the processor without a word


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_changed_source_or_lock_builds_its_service_anew(service: Service, services: dict[str, Any]) -> None:
    watched = services[service.name]["develop"]["watch"]
    assert {rule["action"] for rule in watched} == {"rebuild"}  # nothing is written into a read-only file system
    roots = [COMPOSE.parent / rule["path"] for rule in watched]
    copied = [
        COMPOSE.parent / place
        for place in ("shared/src", f"services/{service.name}/src", f"services/{service.name}/requirements.txt")
    ]
    assert all(path.exists() and any(path.is_relative_to(root) for root in roots) for path in copied)


def test_the_directory_of_data_is_there_before_an_engine_makes_it_as_root() -> None:
    if not (COMPOSE.parent / ".git").exists():
        pytest.skip("this is no checkout, so what git lists cannot be asked")
    listed = subprocess.run(["git", "ls-files", "data"], cwd=COMPOSE.parent, capture_output=True, text=True, check=True)
    assert listed.stdout.split() == ["data/README.md"]
    ignored = subprocess.run(["git", "check-ignore", "data/data.json"], cwd=COMPOSE.parent, capture_output=True, check=False)
    assert ignored.returncode == 0


def test_a_start_that_fails_shows_the_trainers_reason(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text('#!/bin/sh\ncase "$2" in up) exit 1;; logs) echo "data.json: row 3";; esac\n')
    (tmp_path / "docker").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["make", "up"], cwd=COMPOSE.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "data.json: row 3" in done.stderr


@pytest.mark.parametrize("files", [[], ["compose.gpu.yaml"]], ids=["plain", "gpu"])
def test_compose_itself_accepts_the_files(files: list[str]) -> None:
    command = ["docker", "compose", *(part for file in ["docker-compose.yml", *files] for part in ("--file", file))]
    if shutil.which("docker") is None or subprocess.run([*command, "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed")
    said = subprocess.run(
        [*command, "--profile", "*", "config", "--quiet"], cwd=COMPOSE.parent, capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")
