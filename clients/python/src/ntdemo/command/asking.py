"""Commands that ask the services: runs, jobs, train, inspect, neighbours, replace, predict."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ntdemo._sync.client import Client
from ntdemo._sync.jobs import Job
from ntdemo.command.printing import AsJson, answered, tell

__all__ = ["inspect", "jobs", "neighbours", "predict", "replace", "runs", "train"]

_RUNS: Final = ("id", "name", "aliases", "tags", "source", "objective", "fragments", "compounds", "targets", "published")
_JOBS: Final = ("id", "state", "kind", "sources", "run", "created", "problem")
_NEAR: Final = ("rank", "name", "support", "function", "low", "high", "expected_change", "swaps", "structure")
_REPLACED: Final = ("rank", "name", "support", "expected_change", "low", "high", "percent", "swaps", "basis")
_MADE: Final = ("rank", "smiles", "name", "expected_change", "low", "high", "percent", "swaps")
_THERE: Final = ("target", "shift", "shift_low", "shift_high", "unit", "chance_higher", "chance_kept", "measured")
_PREDICTED: Final = ("smiles", "target", "value", "low", "high", "measured", "domain", "flags")
_DIGEST: Final = len("dataset:") + 8
_COLUMNS: Final = ("file", "name", "role", "unit", "reason")
Run = Annotated[str, typer.Option(help="Id, name or alias of a run.")]
Limit = Annotated[int, typer.Option(min=1, help="So many at most.")]
Target = Annotated[list[str] | None, typer.Option("--target", help="A column of values; several are given several times.")]


def runs(
    run: Annotated[str | None, typer.Argument(help="Id, name or alias of a run.")] = None,
    *,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List published runs, the newest first, or show one."""
    with answered(as_json=as_json), Client() as client:
        if run is None:
            found = [each.detail().to_dict() for each in islice(client.runs(), limit)]
            listed = [{**each, **{name: ", ".join(each[name]) for name in ("aliases", "tags")}} for each in found]
            tell(found if as_json else listed, _RUNS, as_json=as_json)
            return
        detail = client.run(run).detail().to_dict()
        if as_json:
            tell([detail], (), as_json=True)
        else:
            tell([{"": name, " ": value} for name, value in _flat(detail)], ("", " "), as_json=False)


def jobs(
    job: Annotated[str | None, typer.Argument(help="Id of a job.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Wait until it has ended.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="End it.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Print what it printed.")] = False,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first; look at one, follow it or cancel it."""
    with answered(as_json=as_json), Client() as client:
        if job is None:
            if follow or cancel or log:
                raise ValueError("--follow, --cancel and --log are of one job: name it")
            tell([_job(each) for each in islice(client.jobs(), limit)], _JOBS, as_json=as_json)
            return
        found = client.job(job)
        if cancel:
            found.cancel()
        if follow:
            found.wait()
        if log:
            sys.stdout.write(found.log())
            return
        tell([_job(found)], _JOBS, as_json=as_json)


def train(
    data: Annotated[list[str], typer.Argument(help="Files, or sources that the trainer knows, `built-in` for instance.")],
    *,
    target: Target = None,
    objective: Annotated[str | None, typer.Option(help="`activity` or `counts`; the data decide where it is left out.")] = None,
    unit: Annotated[str | None, typer.Option(help="The unit of values whose columns do not say it: nM, uM, pX, …")] = None,
    holdout: Annotated[str | None, typer.Option(help="Judge the run: random, scaffold, …")] = None,
    skip: Annotated[bool, typer.Option("--skip", help="Leave out what cannot be used.")] = False,
    promote: Annotated[
        bool | None,
        typer.Option("--promote/--no-promote", help="Whether the run takes `current`; a policy decides without either."),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Come back when the job is queued.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train on data of this machine at the trainer, and wait for the run."""
    asked = {"objective": objective, "holdout": holdout, "promote": promote}
    spec: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    read = {name: value for name, value in (("unit", unit), ("on_error", "skip" if skip else None)) if value is not None}
    with answered(as_json=as_json), Client() as client:
        run = client.train(data, target=target, read=read, **spec)
        if not no_wait:
            decision = run.wait().detail().decision
            sys.stderr.write(f"{decision}\n" if decision else "")
        assert run.job is not None  # noqa: S101 - a training has one
        tell([_job(run.job)], _JOBS, as_json=as_json)


def inspect(
    data: Annotated[str, typer.Argument(help="A table of this machine.")], *, target: Target = None, as_json: AsJson = False
) -> None:
    """Show what every column of a table would be taken for, and why, before anything is trained."""
    with answered(as_json=as_json), Client() as client:
        plan = client.inspect(data, target=target, on_error="skip")
        if as_json:
            tell([plan.to_dict()], (), as_json=True)
            return
        rows = [{"file": file.name, **column.to_dict()} for file in plan.files for column in file.columns]
        tell(rows, _COLUMNS, as_json=False)
        if plan.rows:
            sys.stdout.write(f"\n{plan.rows.used} of {plan.rows.rows} rows looked at can be used\n")
            sys.stdout.writelines(f"? {question}\n" for question in plan.rows.questions)


def neighbours(
    fragment: Annotated[str, typer.Argument(help="A fragment: its name or SMILES.")],
    *,
    by: Annotated[str | None, typer.Option(help="function, structure, coassay or balanced.")] = None,
    max_structure: Annotated[float | None, typer.Option(help="Only what looks no more alike than so many percent.")] = None,
    limit: Limit = 10,
    run: Run = "current",
    as_json: AsJson = False,
) -> None:
    """What acts like a fragment?"""
    with answered(as_json=as_json), Client() as client:
        found = client.run(run).neighbours(fragment, by=by, max_structure=max_structure, limit=limit)
        tell(_rows(found), _NEAR, as_json=as_json)


def replace(
    fragment: Annotated[str, typer.Argument(help="A fragment: its name or SMILES.")],
    *,
    molecule: Annotated[
        str | None, typer.Option("--in", help="A molecule, as SMILES: what it becomes where the fragment in it is replaced.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="What is expected at a target; with --in several may be given.")
    ] = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="With --in: this fragment instead; several may be given.")
    ] = None,
    limit: Limit = 10,
    run: Run = "current",
    as_json: AsJson = False,
) -> None:
    """What can take a fragment's place, and what is that expected to change?"""
    with answered(as_json=as_json), Client() as client:
        targets = target or []
        if molecule is not None:
            found = client.run(run).products(molecule, fragment, by=by, targets=targets, limit=limit)
            tell(_rows(found), _columns(_MADE, ("rank", "smiles"), targets), as_json=as_json)
            return
        if by or len(targets) > 1:
            raise ValueError("--by and several targets are of a molecule: name it by --in")
        found = client.run(run).replacements(fragment, *targets, limit=limit)
        tell(_rows(found), _columns(_REPLACED, ("rank", "name"), targets), as_json=as_json)


def predict(
    compounds: Annotated[list[str], typer.Argument(help="SMILES, or a table with a column `smiles`, or - for standard input.")],
    *,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="A target; the ten on which it stands out most if left out.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many targets a compound.")] = None,
    run: Run = "current",
    as_json: AsJson = False,
) -> None:
    """What to expect of compounds that nobody measured, with 90 % intervals."""
    with answered(as_json=as_json), Client() as client:
        found = client.run(run).predict(list(_smiles(compounds)), targets=target, limit=limit)
        tell(_rows(found), _PREDICTED, as_json=as_json)


def _columns(plain: tuple[str, ...], leading: tuple[str, ...], targets: Iterable[str]) -> tuple[str, ...]:
    """Those of a table that people read: at a target, what is expected there instead of over all."""
    return (*leading, *_THERE) if list(targets) else plain


def _smiles(compounds: Iterable[str]) -> Iterator[str]:
    for each in compounds:
        if each == "-":
            yield from filter(None, (line.strip() for line in sys.stdin))
        elif Path(each).is_file():
            import pandas as pd  # noqa: PLC0415 - a tenth of a second that no other command needs

            separator = "\t" if Path(each).suffix in {".tsv", ".smi"} else ","
            yield from pd.read_csv(each, sep=separator)["smiles"]
        else:
            yield each


def _rows(table: Any) -> list[dict[str, Any]]:
    """The rows of a DataFrame; what is missing is None, as JSON says it."""
    return [dict(row) for row in table.astype(object).where(table.notna(), None).to_dict("records")]


def _job(job: Job) -> dict[str, Any]:
    stated = job.resource.to_dict()
    problem = stated.get("problem")
    spec = stated["spec"]
    sources = (source[:_DIGEST] for source in spec.get("sources") or spec.get("corpora") or [])
    told = {"kind": spec["kind"], "sources": ", ".join(sources)}
    return {**stated, **told, "problem": None if problem is None else problem["detail"]}


def _flat(members: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in members.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{name}.")
        elif not isinstance(value, list):
            yield f"{before}{name}", value
