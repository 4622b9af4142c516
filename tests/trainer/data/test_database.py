"""A database is a source: read whole or not at all, and no password is told to anyone."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from tests.support.postgres import PASSWORD, USER, server, sql
from tests.support.tables import cells, read

from trainer.data.database import Database, fetch
from trainer.data.offences import InvalidData
from trainer.data.sources import DataNotAllowed, fetched, permit
from trainer.settings import Settings


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with server(tmp_path_factory.mktemp("postgres")) as number:
        sql(
            number,
            "CREATE TABLE assays (smiles text, target_id text, relation text, value numeric, unit text)",
            "INSERT INTO assays VALUES ('CCOC(=O)c1ccccc1', 'P1', '=', 100, 'nM'),"
            " ('CCNC(=O)c1ccccc1', 'P1', '>', 10000, 'nM'),"
            " ('CCOC(=O)c1ccccc1', 'P2', '=', 1, 'uM'), ('CCNC(=O)c1ccccc1', 'P2', '=', 0.5, 'uM')",
            "CREATE TABLE many AS SELECT 'CCO' || repeat('C', i % 50) AS smiles, repeat('x', 900) AS note, i % 97 / 10.0 AS px"
            " FROM generate_series(1, 20000) AS i",
        )
        yield number


def settings(state: Path, **more: Any) -> Settings:
    return Settings(state=state, database_user=USER, database_password=SecretStr(PASSWORD), **more)


def source(port: int, what: str = "table=assays") -> str:
    return f"postgresql://127.0.0.1:{port}/postgres?{what}"


def test_a_table_states_what_a_file_of_its_rows_states(port: int, tmp_path: Path) -> None:
    with fetched([source(port)], settings(tmp_path)) as (place,):
        found = read(place)
        assert cells(found)["CCOC(=O)c1ccccc1", "P1"] == 7.0
        assert (len(found.cells), len(found.bounds), found.source) == (3, 1, "postgres.assays")
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_query_is_read_and_the_password_may_stand_in_a_file(port: int, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{PASSWORD}\n")
    chosen = Settings(state=tmp_path, database_user=USER, database_password_file=tmp_path / "secret")
    asked = source(port, "query=" + quote("TABLE assays -- all of them"))
    with fetched([asked], chosen) as (place,):
        assert len(cells(read(place))) == 3


WRITING = quote("DELETE FROM assays RETURNING *")


def refused(asked: str, chosen: Settings, directory: Path) -> str:
    with pytest.raises(InvalidData) as caught:
        fetch(asked, chosen, directory)
    text = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert PASSWORD not in text
    assert quote(PASSWORD) not in text
    return str(caught.value)


def test_what_is_wrong_is_told_without_the_password(port: int, tmp_path: Path) -> None:
    assert 'relation "nothing" does not exist' in refused(source(port, "table=nothing"), settings(tmp_path), tmp_path / "a")
    wrong = Settings(state=tmp_path, database_user=USER, database_password=SecretStr("wrong-word"))
    told = refused(source(port), wrong, tmp_path / "b")
    assert "password authentication failed" in told
    assert "wrong-word" not in told
    assert "a source holds no password" in refused(source(port).replace("127", "a:b@127"), settings(tmp_path), tmp_path / "c")
    assert "read-only" in refused(source(port, "query=" + WRITING), settings(tmp_path), tmp_path / "d")


@pytest.mark.slow
def test_a_connection_that_ends_in_the_middle_gives_nothing(port: int, tmp_path: Path) -> None:
    with Cutting(port, after_bytes=2_000_000) as gate:
        told = refused(source(gate, "table=many"), settings(tmp_path), tmp_path)
    assert "could not be read" in told
    assert "none is used" in told or "before a row was read" in told


@pytest.mark.parametrize(
    "asked",
    [
        "postgresql://h/d",
        "postgresql://h/d?table=a;b",
        "postgresql:///d?table=a",
        "postgresql://h/d?table=a&query=b",
        "postgresql://h/d?query=",
    ],
)
def test_a_source_that_names_nothing_is_refused(asked: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Database.read(asked)


def test_another_query_is_other_data_and_the_same_one_is_the_same() -> None:
    labels = [Database.read(f"postgresql://h/d?query=SELECT+{columns}+FROM+assays").label for columns in ("a", "b", "a")]
    assert labels[0] == labels[2] != labels[1]
    assert all(label.startswith("d.query-") for label in labels)


def test_callers_name_the_trainers_own_database_alone(tmp_path: Path) -> None:
    chosen = settings(tmp_path, database="postgresql://db:5432/assays")
    permit(["postgresql://db/assays?table=a"], chosen)
    for asked in (
        "postgresql://elsewhere/assays?table=a",
        "postgresql://db/other?table=a",
        "postgresql://me@db/assays?table=a",
    ):
        with pytest.raises(DataNotAllowed):
            permit([asked], chosen)
    with pytest.raises(DataNotAllowed):
        permit(["postgresql://db/assays?table=a"], settings(tmp_path))


class Cutting:
    """A way to a port that ends after so many bytes have come back."""

    def __init__(self, port: int, *, after_bytes: int) -> None:
        self._port, self._left = port, after_bytes
        self._door = socket.create_server(("127.0.0.1", 0))

    def __enter__(self) -> int:
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._door.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._door.close()

    def _serve(self) -> None:
        caller, _ = self._door.accept()
        with caller, socket.create_connection(("127.0.0.1", self._port)) as there:
            threading.Thread(target=_pass_on, args=(caller, there), daemon=True).start()
            while self._left > 0 and (data := there.recv(65_536)):
                self._left -= len(data)
                caller.sendall(data)
            caller.shutdown(socket.SHUT_RDWR)


def _pass_on(caller: socket.socket, there: socket.socket) -> None:
    try:
        while data := caller.recv(65_536):
            there.sendall(data)
    except OSError:
        return
