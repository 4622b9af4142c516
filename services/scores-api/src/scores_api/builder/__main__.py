"""The builder's command line, for the server and for curious people; errors are one sentence and exit status 1."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from contracts.store import Store
from scores_api.builder.damage import StoreDamaged
from scores_api.builder.indexing import read_index
from scores_api.builder.projecting import write_projection
from scores_api.builder.tables import Publication, PublishedTables
from scores_api.builder.workspace import Workspace
from scores_api.index import Index

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scores_api.builder", description=__doc__)
    parser.add_argument("command", choices=["refresh", "project", "check"])
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--kept-runs", type=int, default=4)
    parser.add_argument("--run", help="the run to project, by default the newest")
    options = parser.parse_args(arguments)
    if options.command == "check":
        return _check(options.state, options.cache)
    workspace = Workspace(options.cache)
    try:
        index = _refresh(Store.under(options.state), workspace) if options.command == "refresh" else Index.read(workspace.index)
        if index.runs:
            _project(Store.under(options.state), workspace, index, options.run, options.kept_runs)
        if options.command == "refresh":
            workspace.write_index(index.model_dump_json())
    except (StoreDamaged, OSError, ValueError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - a command line
        return 1
    return 0


def _check(state: Path, cache: Path) -> int:
    """Whether this release can serve the store of another: builds what it would serve, and keeps nothing of it."""
    if Store.under(state).version() < 0:
        print("Nothing is published yet.")  # noqa: T201 - a command line
        return 0
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        status = main(["refresh", "--state", str(state), "--cache", scratch])
        if status == 0:
            runs = len(Index.read(Workspace(Path(scratch)).index).runs)
            print(f"This release can serve the store: {runs} run{'s' if runs != 1 else ''}.")  # noqa: T201 - a command line
    return status


def _refresh(store: Store, workspace: Workspace) -> Index:
    try:
        known = Index.read(workspace.index)
    except (FileNotFoundError, ValueError):
        known = None
    return read_index(store, known)


def _project(store: Store, workspace: Workspace, index: Index, run: str | None, kept: int) -> None:
    by_id = {published.detail.id: published for published in index.runs}
    newest = index.runs[-1].detail.id
    chosen = by_id[run or newest]
    publication = Publication(run=chosen.detail.id, data=chosen.detail.data, versions=chosen.tables)
    if not workspace.is_projected(publication.run):
        workspace.place(publication.run, lambda directory: write_projection(PublishedTables(store, publication), directory))
    workspace.clear(by_id.keys(), newest=newest, kept=kept)


if __name__ == "__main__":
    os.nice(5)  # what is served comes first
    status = main()
    sys.stderr.flush()
    os._exit(status)  # Arrow's threads sometimes abort an orderly end, when all is written ("terminate called without ...")
