# ruff: noqa: T201 - prints what was measured, for the report at the end
"""The product in containers, in the order in which it is used: doors, hardening, deaths, a restart, a screen, a cluster."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.deploy.engine.conftest import DATA, KEY, ROOT, Product
from tests.support.deployed import SERVICES

pytestmark = [pytest.mark.engine, pytest.mark.timeout(2400)]

UP_S = 60
"""From images that are there to all healthy, within a minute is what users expect; printed, for machines differ."""


def eventually(what: Callable[[], Any], *, within_s: float = 300) -> Any:
    """The first true answer; polls, and reports the last failure."""
    deadline_s, last = time.monotonic() + within_s, None
    while time.monotonic() < deadline_s:
        try:
            answer = what()
            if answer:
                return answer
        except (httpx.HTTPError, AssertionError, KeyError, RuntimeError) as error:
            last = error
        time.sleep(0.5)
    raise AssertionError(f"not within {within_s} s: {last}")


def handed_in(product: Product, spec: dict[str, Any], *, key: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(product.url("trainer", "/v1/jobs"), json={"spec": spec}, headers=headers, timeout=60, trust_env=False)


def current_run(product: Product) -> str:
    run: str = product.get("scores-api", "/v1/runs/current").json()["id"]
    return run


def test_all_are_healthy_soon_and_serve_the_data_that_was_mounted(product: Product) -> None:
    print(f"up in {product.up_s[0]:.0f} s (asked: {UP_S})")
    answer = product.get("scores-api", "/cosine/score").json()
    assert answer["names"] == list(DATA["fragment_comp"])
    assert [row[place] for place, row in enumerate(answer["scores"])] == [100.0] * 3


@pytest.mark.parametrize(
    ("door", "path", "holds"),
    [
        ("viz", "/", "dash"),
        ("bokeh", "/", "Bokeh"),
        ("chatbot", "/", "<html"),
        ("trainer", "/v1/jobs", "succeeded"),
        ("trainer", "/docs", "swagger"),
    ],
)
def test_every_door_opens_from_outside(product: Product, door: str, path: str, holds: str) -> None:
    answer = httpx.get(product.url(door, path), timeout=60, trust_env=False, follow_redirects=True)
    assert answer.status_code == 200
    assert holds.lower() in answer.text.lower()


def test_doors_are_open_to_this_machine_alone(product: Product) -> None:
    for service in SERVICES:
        bindings = product.inspect(service.name)["HostConfig"]["PortBindings"]
        assert {bound["HostIp"] for ports in bindings.values() for bound in ports} == {"127.0.0.1"}


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_a_running_container_is_held_to_what_it_needs(product: Product, service: str) -> None:
    found = product.inspect(service)
    host = found["HostConfig"]
    assert found["Config"]["User"] == "10001:10001"
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    said = product.compose("exec", "-T", service, "sh", "-c", "touch /opt/x /etc/x 2>&1 || true")
    assert said.count("Read-only file system") == 2


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_a_running_process_is_no_ones_root(product: Product, service: str) -> None:
    lines = Path(f"/proc/{product.process(service)}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["Uid"].split() == ["10001"] * 4
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_a_job_is_taken_from_those_who_know_the_key_alone(product: Product) -> None:
    assert handed_in(product, {"kind": "factors"}, key="wrong").status_code == 401


def test_the_scores_api_cannot_write_the_store(product: Product) -> None:
    said = product.compose("exec", "-T", "scores-api", "sh", "-c", "touch /state/x 2>&1 || true")
    assert "Read-only file system" in said


def test_the_seeds_commands_have_their_equivalents(product: Product) -> None:
    assert "--data" in product.compose("exec", "-T", "trainer", "ntdemo-train", "factors", "--help")
    saved = product.compose(
        "exec", "-T", "viz", "sh", "-c", "ntdemo-client --save /tmp/map.png && head -c 4 /tmp/map.png | tail -c 3"
    )
    assert "PNG" in saved
    assert "iterations" in product.compose("exec", "-T", "chatbot", "ntdemo-chat", "--help").lower()


def test_the_bots_of_the_checkout_talk(product: Product) -> None:
    languages = sorted(card.parent.name for card in (ROOT / "services" / "chatbot" / "models").glob("*/model-card.json"))
    models = [found["id"] for found in product.get("chatbot", "/v1/models").json()["data"]]
    assert sorted(models) == [f"ntdemo-{language}" for language in languages]
    for model in models:
        asked = {"model": model, "messages": [{"role": "user", "content": "Hello!"}], "temperature": 0}
        answer = httpx.post(product.url("chatbot", "/v1/chat/completions"), json=asked, timeout=60, trust_env=False)
        assert answer.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("service", ["trainer", "scores-api", "viz", "chatbot"])
def test_a_service_that_is_killed_comes_back(product: Product, service: str) -> None:
    before = product.inspect(service)
    run = current_run(product)
    os.kill(product.process(service), signal.SIGKILL)
    if service != "scores-api":
        assert product.get("scores-api", "/cosine/score").status_code == 200  # the others notice only what they must
    eventually(lambda: product.inspect(service)["RestartCount"] > before["RestartCount"])
    eventually(lambda: product.inspect(service)["State"]["Health"]["Status"] == "healthy", within_s=600)
    assert eventually(lambda: current_run(product)) == run


def test_state_survives_down_and_up(product: Product) -> None:
    run = current_run(product)
    jobs = [job["id"] for job in product.get("trainer", "/v1/jobs").json()["items"]]
    product.compose("down", "--timeout", "20")
    product.up()
    print(f"up again in {product.up_s[-1]:.0f} s")
    assert current_run(product) == run
    assert [job["id"] for job in product.get("trainer", "/v1/jobs").json()["items"]] == jobs


def test_a_backup_that_is_restored_is_the_product_again(product: Product) -> None:
    run = current_run(product)
    product.compose("stop", "trainer")
    assert current_run(product) == run  # who reads goes on meanwhile
    backup = product.archive("trainer:/state")
    product.compose("down", "--volumes", "--timeout", "20")
    product.compose("up", "--no-start")
    product.compose("cp", "-", "trainer:/state", given=backup)
    product.up()
    assert current_run(product) == run
    assert len(product.get("trainer", "/v1/jobs").json()["items"]) == 1


def test_the_client_draws_on_a_screen_of_this_machine(product: Product, tmp_path: Path) -> None:
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    read_end, write_end = os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(write_end),
        "-screen",
        "0",
        "1280x1000x24",
        "-nolisten",
        "tcp",
        "-ac",
        "-fbdir",
        str(tmp_path),
    ]
    screen = subprocess.Popen(command, pass_fds=(write_end,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        os.close(write_end)
        with os.fdopen(read_end) as told:
            display = told.readline().strip()
        product.engine.environment["DISPLAY"] = f":{display}"
        container = product.compose("run", "--detach", "--no-deps", "client").strip().splitlines()[-1]
        try:
            eventually(lambda: colours(tmp_path / "Xvfb_screen0") > 100)
        finally:
            print(product.engine.docker("logs", container, check=False)[-1000:])
            product.engine.docker("rm", "--force", container)
    finally:
        screen.terminate()
        screen.wait(20)


def colours(dump: Path) -> int:
    """How many colours a screen shows."""
    pixels = dump.read_bytes()[4096:]
    return len({pixels[place : place + 4] for place in range(0, len(pixels) - 4, 4)})


def test_a_spark_cluster_fits_and_writes_a_run(product: Product) -> None:
    product.engine.environment["TRAINER_SPARK_MASTER"] = "spark://spark-master:7077"
    product.up("--profile", "cluster")
    asked = handed_in(product, {"kind": "factors", "rank": 2, "engine": "spark-als"}, key=KEY)
    assert asked.status_code == 202, asked.text
    job = f"/v1/jobs/{asked.json()['id']}"
    try:
        ended = eventually(
            lambda: (got := product.get("trainer", job).json())["state"] in {"succeeded", "failed", "cancelled"} and got,
            within_s=1800,
        )
    finally:
        cluster = product.compose(
            "--profile", "cluster", "logs", "--no-color", "spark-master", "spark-worker-1", "spark-worker-2"
        )
        print(cluster[-6000:])
    assert ended["state"] == "succeeded", ended
    assert "Asked to launch executor" in cluster
    assert eventually(lambda: product.get("scores-api", "/v1/runs/current").json()["rank"] == 2)
