"""Databases: a table or query of PostgreSQL, read by ADBC in one transaction into parts that Spark's workers share."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from trainer.data.offences import InvalidData, Offence

if TYPE_CHECKING:
    from trainer.settings import Settings

__all__ = ["Database", "fetch", "is_database"]

_SCHEMES: Final = ("postgresql", "postgres")
_PART_ROWS: Final = 500_000
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?")
_SHOWN: Final = 200


def is_database(source: str) -> bool:
    """Whether a source names a database."""
    return source.split("://", 1)[0].casefold() in _SCHEMES and "://" in source


@dataclass(frozen=True)
class Database:
    """A source `postgresql://[user@]host[:port]/database?table=[schema.]table`, or `?query=SELECT …`."""

    host: str
    port: int
    name: str
    user: str | None
    table: str | None
    query: str | None

    @classmethod
    def read(cls, source: str) -> Self:
        """What a source names; raises ValueError with a sentence that repeats no password."""
        parts = urlsplit(source)
        if parts.password is not None:
            raise ValueError("a source holds no password: TRAINER_DATABASE_PASSWORD or TRAINER_DATABASE_PASSWORD_FILE does")
        asked = parse_qs(parts.query, keep_blank_values=True)
        if not set(asked) <= {"table", "query"} or len(asked) != 1 or any(len(values) > 1 for values in asked.values()):
            raise ValueError("a database is read by ?table=NAME or by ?query=SELECT …, one of them")
        table, query = asked.get("table", [None])[0], asked.get("query", [None])[0]
        if table is not None and not _NAME.fullmatch(table):
            raise ValueError(
                f"{table[:_SHOWN]!r} is no name of a table: a letter, then letters and digits, with its schema before a dot"
            )
        if query is not None and not query.strip():
            raise ValueError("the query is empty")
        if not parts.hostname or not parts.path.strip("/"):
            raise ValueError("a database is named postgresql://host/database")
        return cls(parts.hostname, parts.port or 5432, unquote(parts.path.strip("/")), parts.username, table, query)

    @property
    def address(self) -> str:
        """The database without what is read of it, and without who reads it."""
        return f"postgresql://{self.host}:{self.port}/{self.name}"

    @property
    def label(self) -> str:
        """What offences and the run's record call it; of a query with a mark of its text, since others ask for other data."""
        asked = self.table or f"query-{hashlib.blake2b(str(self.query).encode(), digest_size=4).hexdigest()}"
        return re.sub(r"[^A-Za-z0-9._-]", "_", f"{self.name}.{asked}")

    def statement(self) -> str:
        """The SQL that gives the rows."""
        if self.table is not None:
            return "SELECT * FROM " + ".".join(f'"{part}"' for part in self.table.split("."))  # noqa: S608 - names of letters and digits
        return str(self.query).strip().rstrip(";") + "\n"  # which ends a comment

    def uri(self, settings: "Settings") -> str:
        """What the driver connects to; with the password, and so for the driver alone."""
        user = self.user or settings.database_user
        password = settings.password_of_database()
        who = "" if user is None else quote(user, safe="") + ("" if password is None else f":{quote(password, safe='')}") + "@"
        options = urlencode({"connect_timeout": 10, "application_name": "ntdemo-trainer", "keepalives_idle": 30})
        return f"postgresql://{who}{self.host}:{self.port}/{quote(self.name, safe='')}?{options}"


def fetch(source: str, settings: "Settings", directory: Path) -> Path:
    """Read a database whole and put its rows down as Parquet parts in a new directory of its name within `directory`.

    One transaction, which only reads and sees one state of the database, gives all rows: what is lost in the middle is told,
    and nothing of it is used.

    Raises:
        InvalidData: The source, the connection or the query cannot be used, or the connection ends before all rows were read.
    """
    try:
        database = Database.read(source)
    except ValueError as error:
        raise InvalidData([Offence("postgresql", None, None, None, str(error))]) from None
    from adbc_driver_manager import Error  # noqa: PLC0415 - few data come from databases
    from adbc_driver_postgresql import dbapi  # type: ignore[import-untyped]  # noqa: PLC0415 - the same

    place = directory / database.label
    place.mkdir(parents=True)
    read = 0
    try:
        with dbapi.connect(database.uri(settings)) as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(database.statement())
            with cursor.fetch_record_batch() as reader:
                for part, rows in enumerate(_parts(reader)):
                    pq.write_table(rows, place / f"{database.label}-{part:05}.parquet", compression="zstd")
                    read += len(rows)
                if not read:
                    pq.write_table(reader.schema.empty_table(), place / f"{database.label}-00000.parquet")
    except (Error, pa.ArrowException, OSError) as error:
        when = f"after {read:,} rows, of which none is used" if read else "before a row was read"
        reason = f"could not be read: {_told(error, settings)} ({when})"
        raise InvalidData([Offence(f"{database.address} {database.table or 'query'}", None, None, None, reason)]) from None
    return place


def _parts(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Tables of some hundred thousand rows."""
    waiting: list[pa.RecordBatch] = []
    for batch in reader:
        waiting.append(batch)
        if sum(map(len, waiting)) >= _PART_ROWS:
            yield pa.Table.from_batches(waiting, reader.schema)
            waiting = []
    if waiting and sum(map(len, waiting)):
        yield pa.Table.from_batches(waiting, reader.schema)


def _told(error: BaseException, settings: "Settings") -> str:
    """What the driver says, in one line and without the password."""
    text = " ".join(str(error).split())
    password = settings.password_of_database()
    for secret in (password, None if password is None else quote(password, safe="")):
        if secret:
            text = text.replace(secret, "***")
    return text[:_SHOWN]
