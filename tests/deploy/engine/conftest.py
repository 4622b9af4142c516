# ruff: noqa: T201 - prints what was measured, for the report at the end
"""The product in containers: built from the checkout, brought up once, taken down at the end."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml
from tests.support.deployed import SERVICES
from tests.support.engine import Engine, NoEngine, engine
from tests.support.ports import free_ports

ROOT: Final = Path(__file__).parents[3]
WANTED: Final = "NTDEMO_TEST_DEPLOY"
PUBLISHED: Final = {
    "SCORES_API_PUBLISH_PORT": "scores-api",
    "TRAINER_PUBLISH_PORT": "trainer",
    "CHATBOT_PUBLISH_PORT": "chatbot",
    "VIZ_PUBLISH_DASH_PORT": "viz",
    "VIZ_PUBLISH_BOKEH_PORT": "bokeh",
}
KEY: Final = "open-sesame"
NAMES: Final = {
    "scores-api": "scores.example.org",
    "viz": "fragments.example.org",
    "bokeh": "plots.example.org",
    "chatbot": "chat.example.org",
}
"""The doors' names behind the proxy of `deploy/nginx`."""
DATA: Final = {
    "fragment_comp": {"own-1": [1, 0, 1], "own-2": [0, 1, 1], "own-3": [1, 1, 0]},
    "comp_target_interaction": [[1, 0, 1], [0, 1, 1], [1, 1, 0]],
}


@dataclass
class Product:
    """The compose project under test."""

    engine: Engine
    override: Path
    ports: dict[str, int]
    up_s: list[float] = field(default_factory=list)
    """How long each `up --wait` took."""

    def compose(self, *arguments: str, timeout_s: float = 300, check: bool = True, given: bytes = b"") -> str:
        return self.engine.docker(*self._line(arguments), timeout_s=timeout_s, check=check, given=given)

    def archive(self, place: str) -> bytes:
        """A directory of a service as tar."""
        return self.engine.raw(*self._line(("cp", f"{place}/.", "-")), timeout_s=300)

    def _line(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        files = ("--file", str(ROOT / "docker-compose.yml"), "--file", str(self.override))
        return ("compose", "--project-name", "ntdemo-test", "--ansi", "never", *files, *arguments)

    def up(self, *arguments: str) -> None:
        begun_s = time.monotonic()
        try:
            self.compose(*arguments, "up", "--detach", "--wait", "--wait-timeout", "600", timeout_s=660)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{self.compose('logs', '--tail', '15', check=False)[-6000:]}") from None
        self.up_s.append(time.monotonic() - begun_s)

    def url(self, door: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[door]}{path}"

    def get(self, door: str, path: str) -> httpx.Response:
        return httpx.get(self.url(door, path), timeout=60, trust_env=False)

    def process(self, service: str) -> int:
        """The id of a container's first process; the test skips where the engine runs elsewhere, as a desktop's does."""
        pid: int = self.inspect(service)["State"]["Pid"]
        if os.geteuid() or not Path(f"/proc/{pid}").exists():
            pytest.skip("the containers' processes are not this machine's, or not ours to see")
        return pid

    def inspect(self, service: str) -> dict[str, Any]:
        container = self.compose("ps", "--all", "--quiet", service).strip()
        (found,) = json.loads(self.engine.docker("inspect", container))
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="session")
def built() -> Iterator[Engine]:
    """An engine with the four images, built one after the other from the checkout."""
    if not os.environ.get(WANTED):
        pytest.skip("`make test-deploy` runs the tests that need a Docker engine")
    with tempfile.TemporaryDirectory(prefix="ntdemo-engine-", dir="/var/tmp", ignore_cleanup_errors=True) as directory:
        try:
            with engine(Path(directory)) as found:
                for service in SERVICES:
                    begun_s = time.monotonic()
                    found.docker("compose", "build", "--quiet", service.name, timeout_s=1500, cwd=ROOT)
                    print(f"{service.name} built in {time.monotonic() - begun_s:.0f} s")
                yield found
        except NoEngine as reason:
            if os.environ.get("CI"):
                pytest.fail(f"CI proves the containers, and cannot here: {reason}")
            pytest.skip(str(reason))


@pytest.fixture(scope="session")
def product(built: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product on data of its own, which lie where `./data` would."""
    directory = tmp_path_factory.mktemp("deployed")
    directory.chmod(0o755)
    data = directory / "data"
    data.mkdir()
    (data / "data.json").write_text(json.dumps(DATA))
    override = directory / "override.yaml"
    mounted = {"volumes": [f"{data}:/data:ro"]}
    override.write_text(yaml.safe_dump({"services": dict.fromkeys(("trainer", "spark-worker-1", "spark-worker-2"), mounted)}))
    *ports, proxy = free_ports(len(PUBLISHED) + 1)
    built.environment |= {variable: str(port) for variable, port in zip(PUBLISHED, ports, strict=True)}
    built.environment |= {
        "VIZ_DASH_URL": f"https://{NAMES['viz']}:{proxy}",
        "VIZ_BOKEH_URL": f"https://{NAMES['bokeh']}:{proxy}",
        "VIZ_BOKEH_ORIGINS": f"{NAMES['bokeh']}:{proxy}",
        "NTDEMO_ALLOWED_HOSTS": ",".join(NAMES.values()),
        "TRAINER_API_KEY": KEY,
    }
    own = Product(built, override, {**dict(zip(PUBLISHED.values(), ports, strict=True)), "proxy": proxy})
    try:
        own.up()
        yield own
    finally:
        own.compose("--profile", "*", "down", "--volumes", "--timeout", "10", timeout_s=180, check=False)
