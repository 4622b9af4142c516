"""Projecting: from the tables of one publication to the files of its projection."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from contracts.kinds import RANKINGS
from scores_api import layout
from scores_api.builder.damage import StoreDamaged
from scores_api.builder.documents import write_curve, write_scores, write_trajectory
from scores_api.builder.draw_files import write_draws
from scores_api.builder.factor_files import write_factors
from scores_api.builder.likeness_files import write_likeness
from scores_api.builder.neighbour_files import write_neighbours
from scores_api.builder.reject_files import write_rejects
from scores_api.builder.tables import PublishedTables
from scores_api.layout import ProjectedFile, ProjectedFragments, ProjectedTargets, ProjectionHead

__all__ = ["write_projection"]


def write_projection(tables: PublishedTables, directory: Path) -> None:
    """Write every file of a run's projection to an empty directory, the head last.

    Raises:
        StoreDamaged: the tables contradict each other.
    """
    run = tables.publication.run
    fragments = _columns(tables)
    names = {"fragments": fragments.names, "targets": _dense(tables, "targets")["name"].to_pylist()}
    shown = [place for place, is_shown in enumerate(fragments.shown) if is_shown]
    (directory / layout.FRAGMENTS).write_text(fragments.model_dump_json(), encoding="utf-8")
    (directory / layout.TARGETS).write_text(ProjectedTargets(names=names["targets"]).model_dump_json(), encoding="utf-8")
    for side in layout.SIDES:
        write_factors(directory, run, side, names[side], tables.rows("factors", side=side))
    for ranking in RANKINGS:
        write_neighbours(directory, run, ranking, len(fragments.names), tables.rows("neighbours", ranking=ranking.value))
    write_likeness(
        directory,
        run,
        len(fragments.names),
        len(names["targets"]),
        tables.rows_if_named("likeness"),
        tables.rows_if_named("ranks"),
    )
    write_draws(directory, run, len(fragments.names), tables.rows_if_named("draws"))
    write_scores(directory, run, fragments.names, shown, tables.rows_if_named("scores"))
    write_curve(directory, run, tables.rows("runs")["curve"][0].as_py())
    write_trajectory(directory, run, fragments.names, tables.rows_if_named("trajectory"))
    write_rejects(directory, tables.rows_if_named("rejects"))
    _write_head(directory, run)


def _columns(tables: PublishedTables) -> ProjectedFragments:
    rows = _dense(tables, "fragments")
    if len(rows["name"].unique()) < len(rows):
        raise StoreDamaged(f"{tables.publication.run}: names in the table 'fragments' are not unique")
    return ProjectedFragments(
        names=rows["name"].to_pylist(),
        smiles=rows["smiles"].to_pylist(),
        support=rows["support"].to_pylist(),
        scaffolds=rows["scaffolds"].to_pylist(),
        shown=rows["shown"].to_pylist(),
    )


def _dense(tables: PublishedTables, name: str) -> pa.Table:
    rows = tables.rows(name)
    if not np.array_equal(rows["id"].to_numpy(), np.arange(len(rows))):
        raise StoreDamaged(f"{tables.publication.run}: the ids of the table {name!r} are not 0 to {len(rows) - 1}")
    return rows


def _write_head(directory: Path, run: str) -> None:
    files = {
        path.name: ProjectedFile(size_bytes=path.stat().st_size, blake2b=layout.digest(path))
        for path in sorted(directory.iterdir())
    }
    head = ProjectionHead(format=layout.FORMAT, run=run, files=files)
    (directory / layout.HEAD).write_text(head.model_dump_json(), encoding="utf-8")
