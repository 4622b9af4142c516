"""Doors: by which name, from which page, with which key, what kind of body, how often; and what is written down of it."""

import base64
import json
import re
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from servicekit.application import create_application
from servicekit.doors.guard import Doors, Rule, require_keys
from servicekit.doors.keys import Caller, KeyFile, KeyRing, Scope
from servicekit.doors.origins import Names, foreign_page
from servicekit.doors.rates import Rates
from servicekit.doors.settings import DoorSettings

ANYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound
RULES = (
    Rule(frozenset({"POST"}), re.compile("/files"), Scope.TRAIN, raw=True),
    Rule(frozenset({"DELETE"}), re.compile("/files"), Scope.ADMIN),
    Rule(frozenset({"POST"}), re.compile("/water"), Scope.TRAIN),
)


def an_app(tmp_path: Path, host: str = "localhost", **settings: Any) -> FastAPI:
    async def ready() -> Mapping[str, str]:
        return {}

    doors = Doors(
        DoorSettings(**settings), host, keys=tmp_path / "keys.json", rules=RULES, origins=("https://pages.example",),
        audit=tmp_path / "audit.jsonl",
    )  # fmt: skip
    app = create_application(
        title="kettle", version="1", summary="", description="", ready=ready, problem_types=(), doors=doors
    )

    @app.get("/water")
    async def look() -> str:
        return "cold"

    @app.post("/water")
    async def heat(request: Request) -> int:
        return len(await request.body())

    @app.post("/files")
    async def keep(request: Request) -> int:
        return len(await request.body())

    @app.delete("/files")
    async def forget() -> str:
        return "gone"

    return app


def a_client(app: FastAPI, key: str | None = None) -> TestClient:
    client = TestClient(app, base_url="http://localhost:3031")
    if key is not None:
        client.headers["Authorization"] = f"Bearer {key}"
    return client


def a_key(tmp_path: Path, scope: Scope, *, days: int | None = None) -> str:
    now = datetime.now(UTC)
    expires = None if days is None else now + timedelta(days=days)
    return KeyFile(tmp_path / "keys.json").create("somebody", scope, now=now, expires=expires)[0]


def slug(response: Any) -> str:
    return str(response.json()["type"]).rpartition("/")[2]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:3031", "127.0.0.1:9", "[::1]:3031", "10.1.2.3", "kettle.example", "localhost."]
)
def test_a_service_answers_to_its_names_and_to_numbers(tmp_path: Path, host: str) -> None:
    client = a_client(an_app(tmp_path, allowed_hosts=("kettle.example",)))
    assert client.get("/water", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil", "", "a b", "localhost@evil.example"]
)
def test_a_name_that_somebody_pointed_here_gets_no_answer(tmp_path: Path, host: str) -> None:
    client = a_client(an_app(tmp_path))
    for method in ("GET", "POST", "DELETE"):
        response = client.request(method, "/water", headers={"Host": host})
        assert response.status_code == 421
        assert slug(response) == "host-unknown"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)  # fmt: skip
def test_a_foreign_page_changes_nothing_and_may_look_as_anybody(tmp_path: Path, headers: dict[str, str]) -> None:
    client = a_client(an_app(tmp_path))
    refused = client.post("/water", json={}, headers=headers)
    assert refused.status_code == 403
    assert slug(refused) == "origin-foreign"
    assert client.delete("/files", headers=headers).status_code == 403
    assert client.get("/water", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://localhost:3031"}, {"Origin": "https://pages.example"}, {"Sec-Fetch-Site": "same-origin"}]
)
def test_programs_own_pages_and_named_pages_may_change_something(tmp_path: Path, headers: dict[str, str]) -> None:
    assert a_client(an_app(tmp_path)).post("/water", json={}, headers=headers).status_code == 200


def test_behind_a_proxy_with_tls_the_page_is_the_services_own() -> None:
    assert foreign_page({"host": "kettle.example", "origin": "https://kettle.example"}) is None
    assert foreign_page({"host": "kettle.example:443", "origin": "https://kettle.example"}) is None
    assert foreign_page({"host": "kettle.example", "origin": "https://kettle.example.evil.example"}) is not None


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "text/html"]
)
def test_bodies_that_any_page_can_send_are_refused(tmp_path: Path, kind: str) -> None:
    client = a_client(an_app(tmp_path))
    refused = client.post("/water", content=b"{}", headers={"Content-Type": kind} if kind else {})
    assert refused.status_code == 415
    assert slug(refused) == "unsupported-media-type"
    raw = client.post("/files", content=b"{}", headers={"Content-Type": kind} if kind else {})
    assert raw.status_code == (415 if kind and kind != "text/html" else 200)


def test_a_method_that_there_is_not_is_none_whatever_it_brings(tmp_path: Path) -> None:
    traced = a_client(an_app(tmp_path)).request("TRACE", "/water", content=b"x", headers={"Content-Type": "text/plain"})
    assert traced.status_code == 405


def test_on_this_machine_nobody_is_asked_and_elsewhere_everybody_is(tmp_path: Path) -> None:
    assert a_client(an_app(tmp_path, "127.0.0.1")).post("/water", json={}).status_code == 200
    assert a_client(an_app(tmp_path, ANYWHERE, reached_at="127.0.0.1")).get("/water").status_code == 200
    for settings in ({"host": ANYWHERE}, {"host": "192.0.2.7"}, {"host": "127.0.0.1", "access": "keys"}):
        client = a_client(an_app(tmp_path, **settings))
        assert client.get("/water").status_code == 401
        assert client.get("/metrics").status_code == 401
        assert client.get("/openapi.json").status_code == 401
        assert client.get("/healthz").status_code == 200


def test_a_start_without_any_key_where_everybody_is_asked_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doors = Doors(DoorSettings(), ANYWHERE, keys=tmp_path / "keys.json")
    with pytest.raises(SystemExit) as refused:
        require_keys(doors)
    assert refused.value.code == 2
    assert "ntdemo-train keys create" in capsys.readouterr().err
    require_keys(Doors(DoorSettings(api_key="sesame"), ANYWHERE))
    require_keys(Doors(DoorSettings(access="open"), ANYWHERE))
    a_key(tmp_path, Scope.READ)
    require_keys(doors)


@pytest.mark.parametrize(
    ("scope", "statuses"), [(Scope.READ, (200, 403, 403)), (Scope.TRAIN, (200, 200, 403)), (Scope.ADMIN, (200, 200, 200))]
)
def test_a_key_does_what_its_scope_says(tmp_path: Path, scope: Scope, statuses: tuple[int, int, int]) -> None:
    client = a_client(an_app(tmp_path, ANYWHERE), a_key(tmp_path, scope))
    assert (
        client.get("/water").status_code,
        client.post("/water", json={}).status_code,
        client.delete("/files").status_code,
    ) == statuses


def test_keys_come_and_go_without_a_restart(tmp_path: Path) -> None:
    app = an_app(tmp_path, ANYWHERE)
    first, second = a_key(tmp_path, Scope.READ), a_key(tmp_path, Scope.READ)
    assert a_client(app, first).get("/water").status_code == 200
    assert a_client(app, second).get("/water").status_code == 200
    KeyFile(tmp_path / "keys.json").revoke(first.split("_")[1])
    refused = a_client(app, first).get("/water")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert a_client(app, second).get("/water").status_code == 200


def test_an_expired_key_is_none(tmp_path: Path) -> None:
    assert a_client(an_app(tmp_path, ANYWHERE), a_key(tmp_path, Scope.ADMIN, days=-1)).get("/water").status_code == 401


def test_the_file_holds_no_key_and_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    key = a_key(tmp_path, Scope.ADMIN)
    path = tmp_path / "keys.json"
    assert key not in path.read_text()
    assert key.split("_", 2)[2] not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "forged", ["", "x", "ntdemo_", "ntdemo__", "ntdemo_{id}_", "ntdemo_{id}_{secret}x", "ntdemo_{id}_\udcff", "é" * 99]
)
def test_what_resembles_a_key_is_none(tmp_path: Path, forged: str) -> None:
    _, identity, secret = a_key(tmp_path, Scope.ADMIN).split("_", 2)
    ring = KeyRing(tmp_path / "keys.json", "the environment's")
    assert ring.caller(forged.format(id=identity, secret=secret)) is None
    assert ring.caller("the environment's") == Caller("environment", Scope.ADMIN)


def test_a_browser_is_asked_and_its_password_is_the_key(tmp_path: Path) -> None:
    app, key = an_app(tmp_path, ANYWHERE), a_key(tmp_path, Scope.READ)
    asked = a_client(app).get("/water", headers={"Accept": "text/html"})
    assert asked.headers["WWW-Authenticate"].startswith("Basic")
    word = base64.b64encode(f"anybody:{key}".encode()).decode()
    assert a_client(app).get("/water", headers={"Authorization": f"Basic {word}"}).status_code == 200
    for broken in ("!!!", "", base64.b64encode(b"\xff").decode()):
        assert a_client(app).get("/water", headers={"Authorization": f"Basic {broken}"}).status_code == 401


def test_a_broken_file_of_keys_lets_nobody_in_and_says_so(tmp_path: Path) -> None:
    app = an_app(tmp_path, ANYWHERE)
    (tmp_path / "keys.json").write_text('{"keys": [{"id": 1}')
    response = a_client(app, "ntdemo_1_2").get("/water")
    assert response.status_code == 503
    assert slug(response) == "not-ready"


def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    app = an_app(tmp_path, ANYWHERE, rate_limit=8)
    often, other = a_key(tmp_path, Scope.READ), a_key(tmp_path, Scope.READ)
    statuses = [a_client(app, often).get("/water").status_code for _ in range(4)]
    assert statuses == [200, 200, 429, 429]
    refused = a_client(app, often).get("/water")
    assert 1 <= int(refused.headers["Retry-After"]) <= 8
    assert slug(refused) == "too-many-requests"
    assert a_client(app, other).get("/water").status_code == 200


def test_a_rate_fills_with_time() -> None:
    clock_s = [0.0]
    rates = Rates(60, lambda: clock_s[0])
    assert [rates.wait_s("a") for _ in range(15)] == [0.0] * 15
    assert rates.wait_s("a") == pytest.approx(1.0)
    clock_s[0] = 1.0
    assert rates.wait_s("a") == 0.0
    assert rates.wait_s("a") > 0


def test_every_change_is_written_down_without_secrets(tmp_path: Path) -> None:
    app, key = an_app(tmp_path, ANYWHERE), a_key(tmp_path, Scope.TRAIN)
    client = a_client(app, key)
    client.get("/water?secret=1")
    client.post("/water?secret=2", json={"secret": 3})
    client.delete("/files")
    a_client(app).post("/water", json={})
    a_client(app, key).post("/water", json={}, headers={"Origin": "https://evil.example"})
    text = (tmp_path / "audit.jsonl").read_text()
    entries = [json.loads(line) for line in text.splitlines()]
    assert [(entry["method"], entry["path"], entry["status"]) for entry in entries] == [
        ("POST", "/water", 200), ("DELETE", "/files", 403), ("POST", "/water", 401), ("POST", "/water", 403),
    ]  # fmt: skip
    assert entries[0]["caller"] == key.split("_")[1]
    assert entries[2]["caller"] is None
    assert entries[0]["request_id"]
    assert "secret" not in text
    assert key.split("_", 2)[2] not in text


def test_a_wrong_scope_or_issuer_of_tokens_is_refused_at_the_start(tmp_path: Path) -> None:
    app = an_app(tmp_path, oidc_issuer="https://login.example")
    with pytest.raises(ValueError, match="AUDIENCE"):
        a_client(app).get("/healthz")


def test_names_are_told_apart_whatever_they_look_like() -> None:
    names = Names("kettle", "Tea.Example.")
    assert all(name in names for name in ("kettle", "KETTLE:1", "tea.example", "tea.example.:80", "127.0.0.1", "[fe80::1]:80"))
    assert not any(
        name in names for name in ("kettle.evil.example", "tea", "tea.example:x", "999.1.1.1", "kettle:1:2", "kettle/x", None)
    )


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class TestTokens:
    """Of an identity provider."""

    @pytest.fixture
    def app(self, tmp_path: Path, key: rsa.RSAPrivateKey) -> Any:
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "k1", "use": "sig", "alg": "RS256"}
        asked: list[str] = []

        class Provider(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps({"keys": [jwk]}).encode())

        with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/jwks"
            app = an_app(tmp_path, ANYWHERE, oidc_issuer="https://login.example", oidc_audience="ntdemo", oidc_jwks_url=url)
            app.state.asked = asked
            yield app
            server.shutdown()

    def token(self, key: Any, algorithm: str = "RS256", kid: str = "k1", **claims: Any) -> str:
        now = int(time.time())
        stated = {
            "iss": "https://login.example",
            "aud": "ntdemo",
            "sub": "ada",
            "exp": now + 60,
            "scope": "openid ntdemo:train",
        }
        return jwt.encode({**stated, **claims}, key, algorithm=algorithm, headers={"kid": kid})

    def test_a_token_for_us_does_what_its_scope_says(self, app: FastAPI, key: rsa.RSAPrivateKey) -> None:
        client = a_client(app, self.token(key))
        assert client.post("/water", json={}).status_code == 200
        assert client.delete("/files").status_code == 403
        assert len(app.state.asked) == 1

    def test_any_other_token_is_refused_and_the_provider_is_not_asked_for_each(
        self, app: FastAPI, key: rsa.RSAPrivateKey
    ) -> None:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        past = int(time.time()) - 3600
        forged = [
            self.token(other),
            self.token(key, iss="https://evil.example"),
            self.token(key, aud="others"),
            self.token(key, exp=past),
            self.token(key, scope="openid"),
            self.token("a" * 64, algorithm="HS256"),
            jwt.encode({"sub": "ada", "aud": "ntdemo"}, "", algorithm="none"),
            *(self.token(key, kid=f"k{number}") for number in range(2, 9)),
        ]
        for token in forged:
            assert a_client(app, token).get("/water").status_code == 401
        assert len(app.state.asked) <= 2

    def test_a_provider_that_tells_no_keys_is_no_fault_of_the_token(self, tmp_path: Path, key: rsa.RSAPrivateKey) -> None:
        class Gateway(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<h1>Sign in to the network</h1>")

        with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            urls = (f"http://127.0.0.1:{server.server_port}/jwks", "http://127.0.0.1:9/jwks")
            for url in urls:
                app = an_app(tmp_path, ANYWHERE, oidc_issuer="https://login.example", oidc_audience="ntdemo", oidc_jwks_url=url)
                with structlog.testing.capture_logs() as logged:
                    answers = [a_client(app, self.token(key, kid=kid)).get("/water") for kid in ("k1", "k2")]
                for answer in answers:
                    assert (answer.status_code, slug(answer)) == (503, "not-ready")
                    assert answer.headers["Retry-After"] == "10"
                warned = [event for event in logged if event["event"] == "identity_provider_away"]
                assert [(event["log_level"], event["url"]) for event in warned] == [("warning", url)]
                assert a_client(app, "no token").get("/water").status_code == 401
                assert a_client(app, a_key(tmp_path, Scope.READ)).get("/water").status_code == 200
            server.shutdown()
