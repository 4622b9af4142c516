"""A PostgreSQL server of its own, from the binaries of Debian's package, for the length of a test session."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]
from tests.support.ports import free_ports

__all__ = ["PASSWORD", "USER", "server", "sql"]

USER, PASSWORD = "reader", "s3cret, with a comma"


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent


def _as_postgres() -> int | None:
    """Who runs it: PostgreSQL refuses to run as root."""
    return pwd.getpwnam("postgres").pw_uid if os.geteuid() == 0 else None


@contextmanager
def server(directory: Path) -> Iterator[int]:
    """A running server; its port."""
    binaries, who, port = _binaries(), _as_postgres(), free_ports(1)[0]
    directory.mkdir(parents=True, exist_ok=True)
    for place in (directory, *directory.parents):
        if who is not None and place.stat().st_uid == 0 and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o011)
    data = directory / "data"
    if who is not None:
        os.chown(directory, who, -1)
    secret = directory / "password"
    secret.write_text(PASSWORD)
    if who is not None:
        os.chown(secret, who, -1)
    made: list[str | Path] = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        USER,
        "--pwfile",
        secret,
        "-A",
        "scram-sha-256",
        "--no-sync",
    ]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=directory, user=who)
    options = [
        "-c",
        f"port={port}",
        "-c",
        f"unix_socket_directories={directory}",
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        "fsync=off",
    ]
    log = (directory / "log").open("wb")
    command: list[str | Path] = [binaries / "postgres", "-D", data, *options]
    running = subprocess.Popen(command, stdout=log, stderr=log, cwd=directory, user=who)
    try:
        ready: list[str | Path] = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "30"]
        for _ in range(300):
            if subprocess.run(ready, check=False).returncode == 0:
                break
            assert running.poll() is None, (directory / "log").read_text()
        yield port
    finally:
        running.terminate()
        running.wait(30)
        log.close()


def sql(port: int, *statements: str) -> None:
    """Run statements as the user of the server."""
    uri = f"postgresql://{USER}:{quote(PASSWORD)}@127.0.0.1:{port}/postgres"
    with dbapi.connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
