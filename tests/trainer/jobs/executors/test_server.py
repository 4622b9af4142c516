"""How a pod asks its own cluster: at the address, with the token and by the authority that it was given."""

import ipaddress
import ssl
from collections.abc import AsyncIterator
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

from trainer.jobs.executors.kubernetes import server
from trainer.jobs.executors.kubernetes.server import Away, Kind, KubernetesServer, way

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
