"""How a pod asks its own cluster: at the address, with the token and by the authority that it was given."""

import asyncio
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.support.ports import free_ports

from trainer.jobs.executors.executor import Away
from trainer.jobs.executors.kubernetes import server
from trainer.jobs.executors.kubernetes.server import Exists, Expired, Kind, KubernetesServer, Refused, way
from trainer.jobs.templates import Owner

pytestmark = pytest.mark.anyio


def certified(directory: Path) -> ssl.SSLContext:
    """A server's certificate for 127.0.0.1, which is put into `directory` as its own authority."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cluster")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory.mkdir()
    (directory / "ca.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "ca.crt", directory / "key")
    return context


@asynccontextmanager
async def cluster(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str | None]]:
    """A server over TLS that lists no pods, in the environment of a pod; the tokens that it was asked with."""
    told: list[str | None] = []

    async def pods(request: web.Request) -> web.Response:
        told.append(request.headers.get("Authorization"))
        return web.json_response({"items": [], "metadata": {"resourceVersion": "7"}})

    app = web.Application()
    app.router.add_get("/api/v1/namespaces/lab/pods", pods)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_ports(1)[0]
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(port))
    try:
        yield told
    finally:
        await runner.cleanup()


async def test_a_pod_asks_with_its_token_as_it_stands_at_each_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = tmp_path / "account"
    monkeypatch.setattr(server, "_ACCOUNT", account)
    async with cluster(certified(account), monkeypatch) as told:
        (account / "token").write_text("first\n")
        asked = KubernetesServer.opened("lab")
        assert await asked.listed(Kind.POD, "a=b") == ([], "7")
        (account / "token").write_text("second\n")
        await asked.listed(Kind.POD, "a=b")
        await asked.close()
    assert told == ["Bearer first", "Bearer second"]


async def test_a_server_that_another_authority_vouches_for_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certified(tmp_path / "account")
    monkeypatch.setattr(server, "_ACCOUNT", tmp_path / "account")
    (tmp_path / "account" / "token").write_text("secret")
    async with cluster(certified(tmp_path / "other"), monkeypatch) as told:
        asked = KubernetesServer.opened("lab")
        with pytest.raises(Away, match="certificate verify failed"):
            await asked.listed(Kind.POD, "a=b")
        await asked.close()
    assert told == []


async def test_who_has_no_token_and_who_is_no_pod_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(Away, match="no pod of a cluster"):
        way(None)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(server, "_ACCOUNT", tmp_path)
    with pytest.raises(Away, match=r"no ca\.crt and no token"):
        way(None)
    for name in ("ca.crt", "token"):
        (tmp_path / name).touch()
    assert way(None).address == "https://[fd00::1]:443"


HTML = "<html>Bad Gateway</html>"
FORBIDDEN = {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "jobs.batch is forbidden"}


@asynccontextmanager
async def answering(status: int, body: str | dict[str, object], headers: dict[str, str]) -> AsyncIterator[KubernetesServer]:
    """A server that answers everything alike."""

    async def answer(_: web.Request) -> web.Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(status=status, body=text.encode(), headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_ports(1)[0]
    await web.TCPSite(runner, "127.0.0.1", port).start()
    asked = KubernetesServer.opened("lab", f"http://127.0.0.1:{port}")
    try:
        yield asked
    finally:
        await asked.close()
        await runner.cleanup()


async def every(asked: KubernetesServer) -> list[BaseException | object]:
    """What becomes of every request."""

    async def watched() -> list[object]:
        return [event async for event in asked.watch(Kind.POD, "a=b", "7", 1)]

    requests: list[Awaitable[object]] = [
        asked.create_job({}),
        asked.delete_job("factors-r1"),
        asked.listed(Kind.JOB, "a=b"),
        watched(),
        asked.uid(Owner(api_version="apps/v1", kind="Deployment", name="ntdemo-trainer")),
    ]
    return await asyncio.gather(*requests, return_exceptions=True)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (403, HTML, {}),
        (404, HTML, {}),
        (409, HTML, {}),
        (410, "[]", {}),
        (302, "", {"Location": "https://login.example"}),
        (500, HTML, {}),
        (409, FORBIDDEN | {"code": 409, "reason": "Conflict"}, {}),
        (401, FORBIDDEN | {"code": 401, "reason": "Unauthorized"}, {}),
        (429, FORBIDDEN | {"code": 429, "reason": "TooManyRequests"}, {}),
        (403, FORBIDDEN | {"message": "exceeded quota: jobs"}, {}),
        (418, FORBIDDEN | {"code": 418, "reason": "Teapot"}, {}),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_no_api_server_says_for_good_is_asked_again(
    status: int, body: str | dict[str, object], headers: dict[str, str]
) -> None:
    async with answering(status, body, headers) as asked:
        assert [type(each) for each in await every(asked)] == [Away] * 5


@pytest.mark.parametrize(
    ("body", "headers"),
    [(HTML, {}), ("[]", {}), ("{}", {}), ("not zipped", {"Content-Encoding": "gzip"}), ('{"metadata": {}}', {})],
    ids=["a page", "no object", "nothing", "not what it is said to be", "no version"],
)
async def test_an_answer_that_is_not_understood_is_asked_for_again(body: str, headers: dict[str, str]) -> None:
    async with answering(200, body, headers) as asked:
        created, deleted, *others = await every(asked)
        assert [type(each) for each in (created, *others)] == [Away] * 4
        assert deleted is not False


async def test_what_the_api_server_refuses_is_refused_in_its_words() -> None:
    async with answering(403, FORBIDDEN, {}) as asked:
        for each in await every(asked):
            assert isinstance(each, Refused)
            assert "jobs.batch is forbidden" in str(each)


async def test_only_the_api_server_says_that_an_object_exists_is_not_there_or_is_too_old() -> None:
    for status, reason, kind in ((409, "AlreadyExists", Exists), (404, "NotFound", Refused), (410, "Expired", Expired)):
        said = FORBIDDEN | {"code": status, "reason": reason}
        async with answering(status, said, {}) as asked:
            created, deleted, *_ = await every(asked)
        assert isinstance(created, kind)
        assert (deleted is False) is (status == 404)


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ([{"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}], Expired),
        ([{"type": "ERROR", "object": {"kind": "Status", "code": 500, "reason": "InternalError", "message": "no"}}], Away),
        ([{"type": "ERROR", "object": {}}], Away),
        (["half of an obj"], Away),
    ],
    ids=["too old", "a fault", "nothing", "torn"],
)
async def test_a_watch_that_goes_wrong_says_how(lines: list[object], kind: type[Exception]) -> None:
    told = {"type": "ADDED", "object": {"metadata": {"name": "pod-1"}}}
    body = "\n".join(json.dumps(line) if isinstance(line, dict) else str(line) for line in (told, *lines))
    async with answering(200, body, {}) as asked:
        watching = asked.watch(Kind.POD, "a=b", "7", 1)
        assert await anext(watching) == ("ADDED", told["object"])
        with pytest.raises(kind):
            await anext(watching)


async def test_a_token_that_vanishes_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = tmp_path / "account"
    monkeypatch.setattr(server, "_ACCOUNT", account)
    async with cluster(certified(account), monkeypatch) as told:
        (account / "token").write_text("first")
        asked = KubernetesServer.opened("lab")
        (account / "token").unlink()
        with pytest.raises(Away, match="No such file"):
            await asked.listed(Kind.POD, "a=b")
        (account / "token").write_text("second")
        await asked.listed(Kind.POD, "a=b")
        await asked.close()
    assert told == ["Bearer second"]
