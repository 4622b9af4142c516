"""What a release needs: one version everywhere, its section, its documents, and wheels that come out the same again."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from helm_python import HelmError
from helm_python import chart as helm
from tests.support.with_node import needs_node
from tools import audit, node, release
from tools.signing import Signer

_VERSION = release.versions()["shared/pyproject.toml"]
_CHANGELOG = f"# Changelog\n\n## {_VERSION} – 2026-11-30\n"


def test_every_place_states_one_version() -> None:
    assert len(release.versions()) >= 13
    assert set(release.versions().values()) == {_VERSION}
    assert release.faults(_VERSION, _CHANGELOG) == []


def test_another_version_is_told_by_the_places_that_state_it() -> None:
    told = release.faults("9.9.9", _CHANGELOG)
    assert f"shared/pyproject.toml says {_VERSION}, not 9.9.9" in told
    assert "CHANGELOG.md has no section of 9.9.9 with its date" in told
    assert any("docs/released/9.9.9/trainer.json is missing" in each for each in told)


@pytest.mark.slow
def test_wheels_come_out_the_same_again_and_the_client_stands_alone(tmp_path: Path) -> None:
    first, second = release.wheels(tmp_path / "first"), release.wheels(tmp_path / "second")
    assert len(first) == len(release.DISTRIBUTIONS)
    assert release.differing(first, second) == []
    client = next(path for path in first if path.name.startswith("ntdemo-"))
    names = zipfile.ZipFile(client).namelist()
    assert {name.split("/")[0] for name in names if not name.startswith("ntdemo-")} == {"ntdemo"}
    for service in ("scores", "trainer", "chatbot"):
        assert f"ntdemo/generated/{service}/client.py" in names


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_a_tagged_clone_all_parts_of_one_version_are_made_and_without_its_tag_nothing_is(tmp_path: Path) -> None:
    if not (release.ROOT / ".git").exists():
        pytest.skip("this is no checkout, so nothing can be cloned")
    with needs_node():
        node.tool("tsc")
    clone = tmp_path / "ntdemo"
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@ntdemo.example"]
    subprocess.run(["git", "clone", "--quiet", "--no-local", "--depth", "1", f"file://{release.ROOT}", clone], check=True)
    (clone / "clients" / "typescript" / "node_modules").symlink_to(node.HOME / "node_modules")
    (clone / "CHANGELOG.md").write_text(_CHANGELOG)
    subprocess.run([*git, "commit", "--quiet", "--all", "--message", "release"], cwd=clone, check=True)
    shell = {**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}  # images are the deployment's tests'

    def released(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tools.release", *arguments]
        return subprocess.run(command, cwd=clone, env=shell, capture_output=True, text=True, check=False)

    checked = released("--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{_VERSION} can be released" in checked.stdout
    untagged = released()
    assert (untagged.returncode, untagged.stderr) == (1, f"this commit has no tag v{_VERSION}\n")
    subprocess.run(["git", "tag", f"v{_VERSION}"], cwd=clone, check=True)
    made = released()
    assert made.returncode == 0, made.stdout + made.stderr
    assert "SKIPPED: no images" in made.stdout
    folder = clone / "build" / "release"
    assert release.lacking(folder, _VERSION) == []
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False).returncode == 0
    (folder / "sbom" / "viz.cdx.json").unlink()
    assert release.lacking(folder, _VERSION) == ["sbom/viz.cdx.json is missing"]


def test_a_wheel_with_other_bytes_is_told(tmp_path: Path) -> None:
    for folder, text in (("one", "a"), ("other", "b")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.whl").write_text(text)
    assert release.differing([tmp_path / "one" / "x.whl"], [tmp_path / "other" / "x.whl"]) == ["x.whl"]


_ADDRESS = "release@ntdemo.example"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """With a key that lives a day, under a passphrase."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    home, keyring, passphrase = tmp_path / "gnupg", tmp_path / "secret.gpg", tmp_path / "passphrase"
    home.mkdir(mode=0o700)
    passphrase.write_text("correct horse\n")
    gpg = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback"]
    gpg += ["--passphrase-file", str(passphrase)]
    for action in (
        ["--quick-generate-key", f"ntdemo <{_ADDRESS}>", "rsa2048", "sign", "1d"],
        ["--output", str(keyring), "--export-secret-keys"],
    ):
        subprocess.run([*gpg, *action], check=True, capture_output=True, timeout=120)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
    return Signer(keyring, _ADDRESS, passphrase)


def _gpgv(folder: Path) -> int:
    command = ["gpgv", "--keyring", "./KEY.gpg", "SHA256SUMS.asc", "SHA256SUMS"]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode


def test_a_signed_release_is_verified_by_its_key_and_no_other_bytes_are(signer: Signer, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    for part in ("chart", "python"):
        (folder / part).mkdir(parents=True)
    helm.package(str(release.CHART), destination=str(folder / "chart"))
    (folder / "python" / "one.whl").write_bytes(b"a wheel")
    archive = folder / "chart" / f"ntdemo-{_VERSION}.tgz"

    files = {path.relative_to(folder).as_posix() for path in release.finish(folder, signer)}

    chart = {f"chart/{archive.name}", f"chart/{archive.name}.prov"}
    assert files == {*chart, "python/one.whl", "SHA256SUMS", "SHA256SUMS.asc", "KEY.gpg"}
    assert helm.verify(archive, folder / "KEY.gpg")
    assert _gpgv(folder) == 0
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=False).returncode == 0
    archive.write_bytes(archive.read_bytes() + b"more")
    with pytest.raises(HelmError):
        helm.verify(archive, folder / "KEY.gpg")
    (folder / "SHA256SUMS").write_text((folder / "SHA256SUMS").read_text().replace("a", "b"))
    assert _gpgv(folder) != 0


def test_without_a_key_a_release_has_checksums_and_no_signature(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"a wheel")
    assert [path.name for path in release.finish(tmp_path, None)] == ["SHA256SUMS", "x.whl"]


def test_half_a_key_is_refused() -> None:
    command = [sys.executable, "-m", "tools.release", "--keyring", "secret.gpg"]
    told = subprocess.run(command, cwd=release.ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "--keyring and --key go together" in told.stderr


class _Osv(BaseHTTPRequestHandler):
    """A database that knows one vulnerability."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = {
            "id": "TEST-1",
            "summary": "It lets anybody in.",
            "affected": [{"package": {"name": "idna", "ecosystem": "PyPI"}, "versions": ["3.0"]}],
        }
        answer = {"vulns": [known]} if asked["package"]["name"] == "idna" and asked["version"] == "3.0" else {}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def osv() -> Iterator[list[str]]:
    """Arguments of pip-audit that ask a database of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Osv) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield ["-s", "osv", "--osv-url", f"http://127.0.0.1:{server.server_port}/v1/query"]
        server.shutdown()


def test_a_known_vulnerability_of_a_pin_is_found_and_of_another_version_is_not(osv: list[str]) -> None:
    (found,), unknown = audit.look_up(["anyio==4.16.0", "idna==3.0"], osv)
    assert unknown == []
    assert (found.package, found.id, found.fixed) == ("idna==3.0", "TEST-1", ())
    assert audit.look_up(["idna==3.20"], osv) == ([], [])


def test_an_audit_says_what_it_found_and_ends_with_1_unless_it_is_accepted(
    osv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "DATABASES", {"ours": osv})
    assert audit.audit(["anyio==4.16.0", "idna==3.0"]) == 1
    assert "idna==3.0: TEST-1: fixed in no version; It lets anybody in." in capsys.readouterr().out
    monkeypatch.setattr(audit, "ACCEPTED", {"TEST-1": "nobody resolves names here"})
    assert audit.audit(["anyio==4.16.0", "idna==3.0"]) == 0
    assert "TEST-1: nobody resolves names here" in capsys.readouterr().out


def test_what_one_database_does_not_know_takes_nothing_of_what_it_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    grave = audit.Vulnerability("idna==3.0", "TEST-1", (), "It lets anybody in.")
    asked: list[tuple[str, list[str]]] = []

    def look_up(wanted: list[str], database: list[str]) -> tuple[list[audit.Vulnerability], list[str]]:
        asked.append((database[0], wanted))
        if database == ["second"]:
            raise audit.Unreachable("nobody answers")
        return [grave] if "idna==3.0" in wanted else [], [pin for pin in wanted if pin == "ours==1"]

    monkeypatch.setattr(audit, "look_up", look_up)
    monkeypatch.setattr(audit, "DATABASES", {"first": ["first"], "second": ["second"]})
    assert audit.audit(["anyio==4.16.0", "idna==3.0", "ours==1"]) == 1
    assert asked[-1] == ("second", ["ours==1"])
    told = capsys.readouterr().out
    assert "2 packages of Python 3.11 looked up at first: 1 vulnerabilities" in told
    assert "UNKNOWN: nobody knows ours==1\n  second: nobody answers" in told


def test_an_audit_without_a_database_skips_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "DATABASES", {"none": ["-s", "osv", "--osv-url", "http://127.0.0.1:9/"]})
    assert audit.audit(["idna==3.20"]) == 0
    assert capsys.readouterr().out.startswith("SKIPPED: no database of vulnerabilities answers here\n  none: ")


def test_everything_that_is_installed_is_looked_up() -> None:
    names = {pin.partition("==")[0] for pin in audit.pins()}
    assert {"torch", "nvidia-nccl-cu13", "pyspark", "dash", "fastapi", "pytest", "pip", "hatchling"} <= names
