"""What a command says: one answer on standard output, as a table for people or as JSON for programs, or why there is none."""

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from ntdemo.errors import JobFailed, NtdemoError, Problem

__all__ = ["AsJson", "answered", "fail", "tell"]

FAILED: Final = 1
REFUSED: Final = 2
_CALLERS: Final = range(400, 500)
_WIDE: Final = 10_000
"""Where no terminal shows them, rows are never broken into lines."""
_TIME: Final = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(\+00:00|Z)$")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, to standard output.")]


def tell(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Rows: JSON has all that they hold, a table the named columns."""
    if as_json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, default=str, indent=2) + "\n")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_shown(row.get(column)) for column in columns))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


def fail(sentence: str, ending: int = FAILED, *, as_json: bool = False, **members: Any) -> NoReturn:
    """End with a sentence on standard error; `--json` has it on standard output as `{"error": …}`."""
    if as_json:
        sys.stdout.write(json.dumps({"error": {"detail": sentence, **members}}, ensure_ascii=False, default=str) + "\n")
    sys.stderr.write(sentence + "\n")
    raise typer.Exit(ending)


@contextmanager
def answered(*, as_json: bool) -> Iterator[None]:
    """What goes wrong inside ends the command: status 2 for what the caller can mend, 1 for everything else."""
    try:
        yield
    except JobFailed as failure:
        problem = failure.problem
        members = {} if problem is None else {"type": problem.slug, **problem.members}
        fail(str(failure), FAILED, as_json=as_json, **members)
    except Problem as problem:
        ending = REFUSED if problem.status in _CALLERS else FAILED
        fail(problem.detail, ending, as_json=as_json, type=problem.slug, status=problem.status, **problem.members)
    except NtdemoError as failure:
        fail(str(failure), FAILED, as_json=as_json)
    except (ValueError, OSError, TypeError, KeyError) as mistake:
        reason = (
            f"{mistake.filename}: {mistake.strerror}" if isinstance(mistake, OSError) and mistake.strerror else str(mistake)
        )
        fail(reason, REFUSED, as_json=as_json)


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return "" if math.isnan(value) else f"{value:.6g}"
        case _:
            return _TIME.sub(r"\1 \2", str(value))
