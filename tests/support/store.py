"""Builder of a small real store: runs in the form that the trainer publishes, without Spark and without tables.

`Publisher` writes; `five_fragments` and `many_fragments` make what it publishes. The five-fragment set is the seed's built-in
data at its optimum; the other has thousands of fragments with the characters that SMILES put into addresses.
"""

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.evidence import MATRIX_FRAGMENTS, NEIGHBOURS, SHOWN_SCAFFOLDS, SHOWN_SUPPORT
from contracts.kinds import RANKINGS, ActivityKind, Objective, RunKind, SimilarityKind
from contracts.store import Store
from contracts.tables import TABLES
from published.changes import Change
from published.publications import Publication
from replacement.replacements import Replacements
from trainer.data.seed_table import built_in
from trainer.replacements.tables import neighbour_rows, score_rows
from trainer.similarity.environments import tanimoto
from trainer.store.artifacts import StagedArtifact
from trainer.store.form.documents import write_map
from trainer.store.form.writing import MEDIA_TYPES, write_form
from trainer.store.publications import append

__all__ = ["Contents", "Publisher", "contents_of", "five_fragments", "many_fragments", "named_fragments", "smiles_like"]

_EPOCH = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Contents:
    """What one run publishes."""

    data: str
    source: str
    activity_kind: ActivityKind
    facts: Mapping[str, pa.Table]
    canonical_FK: _Floats
    canonical_TK: _Floats
    balanced_FK: _Floats
    balanced_TK: _Floats
    replaced: tuple[Mapping[str, npt.NDArray[Any]], Mapping[str, str]] | None = None
    """What an activity run states of replacements; None where it measured none."""
    likeness: Mapping[str, pa.Table] = field(default_factory=dict)
    """The table `likeness`, where the run publishes it."""
    structure_FF: _Floats | None = None
    """Percents that neighbours state, where the run has structures."""
    is_mapped: bool = False
    """Whether it has a map of its shown fragments: here their first two factors."""
    steps: int = 5
    """Recorded steps of the trajectory and the curve."""
    ingest: Mapping[str, int] = field(default_factory=lambda: {"rows_read": 10, "rows_used": 10, "rows_rejected": 0})
    metrics: Mapping[str, float] = field(default_factory=lambda: {"loss": 0.25})
    files: Mapping[str, bytes] = field(default_factory=lambda: {"factors.onnx": b"not a network, but bytes\n" * 100})

    @property
    def names(self) -> list[str]:
        """Fragment names in order of id."""
        names: list[str] = self.facts["fragments"]["name"].to_pylist()
        return names

    @property
    def shown(self) -> list[int]:
        """Ids of the shown fragments."""
        return [place for place, shown in enumerate(self.facts["fragments"]["shown"].to_pylist()) if shown]

    def percents(self, similarity: SimilarityKind) -> _Floats:
        """All similarities in percent, shape (F, F)."""
        rows_FK = self.canonical_FK if similarity is SimilarityKind.FUNCTION else self.balanced_FK
        unit_FK = _unit(rows_FK)
        percent_FF = 100 * unit_FK @ unit_FK.T
        np.fill_diagonal(percent_FF, 100)
        return percent_FF

    def scaled(self, factor: float) -> "Contents":
        """The same facts with other factors: the balanced similarities change with `factor`."""
        stretch_K = np.array([factor, *([1.0] * (self.canonical_FK.shape[1] - 1))])
        return replace(self, canonical_FK=self.canonical_FK * stretch_K, balanced_FK=self.balanced_FK * stretch_K)


def contents_of(
    facts: Mapping[str, pa.Table], counts_FT: _Floats, *, rank: int, data: str, source: str, kind: ActivityKind
) -> Contents:
    """The optimum of rank `rank` for counts, with signs fixed by the largest entry of a column."""
    u_FK, singular_K, v_KT = np.linalg.svd(counts_FT, full_matrices=False)
    u_FK, singular_K, v_TK = u_FK[:, :rank], singular_K[:rank], v_KT[:rank].T
    sign_K = np.sign(u_FK[np.abs(u_FK).argmax(axis=0), np.arange(u_FK.shape[1])])
    u_FK, v_TK = u_FK * sign_K, v_TK * sign_K
    root_K = np.sqrt(singular_K)
    return Contents(
        data=data,
        source=source,
        activity_kind=kind,
        facts=facts,
        canonical_FK=u_FK * singular_K,
        canonical_TK=v_TK,
        balanced_FK=u_FK * root_K,
        balanced_TK=v_TK * root_K,
    )


def five_fragments() -> Contents:
    """The built-in data at its optimum: fA–fB 42, fA–fC 24, fA–fD 80, fB–fC 98, fB–fD 87, fC–fD 74 percent."""
    activity = built_in()
    counts_FT = activity.counts_FT().toarray()
    return contents_of(activity.tables, counts_FT, rank=3, data=activity.digest, source=activity.source, kind=activity.kind)


def named_fragments(names: Sequence[str], *, seed: int = 0) -> Contents:
    """Fragments of any names, all shown, without structures."""
    draw = np.random.default_rng(seed)
    count, targets = len(names), 4
    facts = {
        "fragments": {
            "id": np.arange(count, dtype=np.int32),
            "name": names,
            "smiles": [None] * count,
            "support": draw.integers(1, 9, count).astype(np.int32),
            "scaffolds": [None] * count,
            "shown": [True] * count,
        },
        "compounds": {"id": [0], "name": ["c0"], "smiles": [None], "scaffold": [None], "rows": [1]},
        "targets": {
            "id": range(targets),
            "name": [f"t{place}" for place in range(targets)],
            "cells": [1] * targets,
            "title": [None] * targets,
            "unit": [None] * targets,
        },
    }
    tables = {name: pa.table(columns, schema=TABLES[name].schema) for name, columns in facts.items()}
    data = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
    counts_FT = draw.normal(size=(count, targets))
    return contents_of(tables, counts_FT, rank=2, data=data, source="named.json", kind=ActivityKind.SIGNED)


def many_fragments(count: int, *, shown: int, targets: int = 5, rank: int = 5, seed: int = 0) -> Contents:
    """`count` fragments with SMILES-like names, of which `shown` have the evidence to be shown."""
    draw = np.random.default_rng(seed)
    names = smiles_like(count, seed=seed)
    is_shown = np.zeros(count, dtype=bool)
    is_shown[draw.choice(count, size=shown, replace=False)] = True
    compounds = 50
    facts = {
        "fragments": {
            "id": np.arange(count, dtype=np.int32),
            "name": names,
            "smiles": names,
            "support": np.where(is_shown, draw.integers(SHOWN_SUPPORT, 500, count), SHOWN_SUPPORT - 1).astype(np.int32),
            "scaffolds": np.where(is_shown, draw.integers(SHOWN_SCAFFOLDS, 90, count), 1).astype(np.int32),
            "shown": is_shown,
        },
        "compounds": {
            "id": np.arange(compounds, dtype=np.int32),
            "name": [f"compound {place}" for place in range(compounds)],
            "smiles": names[:compounds],
            "scaffold": ["c1ccccc1"] * compounds,
            "rows": np.ones(compounds, dtype=np.int32),
        },
        "targets": {
            "id": np.arange(targets, dtype=np.int32),
            "name": [f"target {place}" for place in range(targets)],
            "cells": np.full(targets, compounds, dtype=np.int64),
            "title": [None] * targets,
            "unit": [None] * targets,
        },
    }
    centres_GK = draw.normal(size=(12, rank))
    balanced_FK = centres_GK[draw.integers(0, 12, count)] + 0.4 * draw.normal(size=(count, rank))
    root_K = np.sqrt(np.sort(draw.uniform(1, 9, rank))[::-1])
    balanced_TK = draw.normal(size=(targets, rank))
    return Contents(
        data=hashlib.sha256(f"many {count} {shown} {targets} {seed}".encode()).hexdigest()[:16],
        source="assays.csv.gz",
        activity_kind=ActivityKind.REAL,
        facts={name: pa.table(columns, schema=TABLES[name].schema) for name, columns in facts.items()},
        canonical_FK=balanced_FK * root_K,
        canonical_TK=balanced_TK / root_K,
        balanced_FK=balanced_FK,
        balanced_TK=balanced_TK,
        steps=3,
    )


def smiles_like(count: int, *, seed: int = 0) -> list[str]:
    """Distinct strings with everything that SMILES use: `#`, `/`, `\\`, `%`, `=`, `*`, `+`, `@`, brackets."""
    atoms = "C CC N O S C=C C#N c1ccccc1 c1ccncc1 C(=O) [N+](=O)[O-] [C@@H] [nH] /C=C/ \\C=C\\ C%10CC%10 * F Cl Br"
    parts = atoms.split()
    draw = random.Random(seed)  # noqa: S311 - names for tests
    names: dict[str, None] = {}
    while len(names) < count:
        names["".join(draw.choices(parts, k=draw.randint(1, 8)))] = None
    return list(names)


class Publisher:
    """Publishes runs into the store of a state directory, one atomic append a run."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.store = Store.under(state)
        self._count = 0

    def publish(
        self,
        contents: Contents,
        *,
        run: str | None = None,
        objective: Objective = Objective.COUNTS,
        published: datetime | None = None,
        change: Change | None = None,
    ) -> str:
        """Write the artifact of a run, then its publication with a change of the registry; the run's id."""
        at = published or self._now()
        run = run or f"factors-{at:%Y%m%dT%H%M%SZ}-{self._count:06x}"
        artifact = self._begun("factors", contents.files, run)
        if contents.is_mapped:
            shown, columns_FD = contents.shown, contents.balanced_FK[:, :2]
            reach = np.linalg.norm(columns_FD[shown], axis=1).max()
            names = [contents.names[place] for place in shown]
            write_map(artifact.directory, run, names, (columns_FD[shown] / reach).astype(np.float32))
        facts = {"rejects": TABLES["rejects"].schema.empty_table(), **contents.facts}
        write_form(artifact.directory, run, facts, _results(contents, objective, at))
        self._announce(artifact, RunKind.FACTORS, contents.data, at, set(contents.files), change)
        return run

    def publish_files(self, artifact: str, run: str, files: Mapping[str, bytes], kind: RunKind = RunKind.DIALOGUE) -> str:
        """Publish a run that is one artifact of bare files; the run's id."""
        self._announce(self._begun(artifact, files, run), kind, "0" * 64, self._now(), set(files))
        return run

    def announce(self, run: str, artifacts: Mapping[str, str], kind: str = RunKind.FACTORS.value) -> None:
        """Append a publication, whether or not what it names is there."""
        append(self.store, Publication(run, kind, "d", {}, artifacts, self._now(), dict.fromkeys(artifacts, "0" * 64)))

    def _now(self) -> datetime:
        self._count += 1
        return _EPOCH + timedelta(seconds=self._count - 1)

    def _begun(self, name: str, files: Mapping[str, bytes], run: str) -> StagedArtifact:
        artifact = StagedArtifact(self.store, name, run)
        directory = artifact.begin()
        for file, content in files.items():
            (directory / file).write_bytes(content)
        return artifact

    def _announce(
        self,
        artifact: StagedArtifact,
        kind: RunKind,
        data: str,
        at: datetime,
        files: set[str],
        change: Change | None = None,
    ) -> None:
        media_types = MEDIA_TYPES | dict.fromkeys(files, "application/octet-stream")
        artifact.seal(kind=kind.value, created=at, description="Factors as a network.", media_types=media_types)
        manifests = {artifact.name: artifact.digest()}
        artifact.place()
        artifacts = {artifact.name: artifact.run}
        append(self.store, Publication(artifact.run, kind.value, data, {}, artifacts, at, manifests), change)


def _results(contents: Contents, objective: Objective, finished: datetime) -> dict[str, pa.Table]:
    columns = {
        "runs": _run_row(contents, objective, finished),
        "factors": _factor_rows(contents),
        "trajectory": _trajectory_rows(contents),
        "neighbours": _neighbour_rows(contents),
    }
    if len(contents.shown) <= MATRIX_FRAGMENTS and objective is Objective.COUNTS:
        percent_FF = contents.percents(SimilarityKind.BALANCED)[np.ix_(contents.shown, contents.shown)]
        columns["scores"] = {"fragment": contents.shown, "percents": list(percent_FF)}
    tables = {name: pa.table(rows, schema=TABLES[name].schema) for name, rows in columns.items()} | dict(contents.likeness)
    if contents.replaced is not None:
        stated = Replacements(dict(contents.replaced[0]), dict(contents.replaced[1]))
        shown_F = contents.facts["fragments"]["shown"].to_numpy()
        scores = score_rows(stated, shown_F)
        smiles = contents.facts["fragments"]["smiles"].to_pylist()
        rows = neighbour_rows(stated, shown_F)
        percents_N = tanimoto(smiles, rows["fragment"].to_numpy(), rows["other"].to_numpy())
        place = rows.schema.get_field_index("structure")
        structure = pa.array(percents_N.astype(np.float32), from_pandas=True)
        tables["neighbours"] = rows.set_column(place, rows.schema.field(place), structure)
        tables["replacements"] = TABLES["replacements"].schema.empty_table()
        tables |= {} if scores is None else {"scores": scores}
    return tables


def _run_row(contents: Contents, objective: Objective, finished: datetime) -> dict[str, list[Any]]:
    spec = {"objective": objective.value, "engine": "torch", "rank": contents.canonical_FK.shape[1], "seed": 0}
    return {
        "kind": [RunKind.FACTORS.value],
        "data": [contents.data],
        "source": [contents.source],
        "activity_kind": [contents.activity_kind.value],
        "objective": [objective.value],
        "spec": [json.dumps(spec)],
        "ingest": [json.dumps(dict(contents.ingest))],
        "plan": [None],
        "change_unit": [None if contents.replaced is None else contents.replaced[1]["unit"]],
        "metrics": [json.dumps(dict(contents.metrics))],
        "code_version": ["0.1.0"],
        "device": ["cpu"],
        "started": [finished - timedelta(seconds=2)],
        "finished": [finished],
        "seconds": [0.05],
        "curve": [[{"step": step * 10, "loss": 2.0**-step + 0.25} for step in range(contents.steps)]],
    }


def _factor_rows(contents: Contents) -> dict[str, list[Any]]:
    fragments, targets = len(contents.canonical_FK), len(contents.canonical_TK)
    return {
        "side": ["fragments"] * fragments + ["targets"] * targets,
        "id": [*range(fragments), *range(targets)],
        "vector": [*contents.canonical_FK, *contents.canonical_TK],
        "balanced": [*contents.balanced_FK, *contents.balanced_TK],
    }


def _trajectory_rows(contents: Contents) -> dict[str, list[Any]]:
    """From a point towards the optimum, for the first 200 shown fragments."""
    recorded = contents.shown[:200]
    shares = np.linspace(0, 1, contents.steps)
    return {
        "step": [step * 10 for step in range(contents.steps) for _ in recorded],
        "fragment": recorded * contents.steps,
        "vector": [row[:3] for share in shares for row in share * contents.balanced_FK[recorded]],
    }


def _neighbour_rows(contents: Contents) -> dict[str, Any]:
    blocks = [_nearest(contents, similarity) for similarity in RANKINGS]
    ranking = np.repeat([similarity.value for similarity in RANKINGS], [len(block["fragment"]) for block in blocks])
    joined = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    order = np.argsort(ranking, kind="stable")
    rows = {name: pa.array(column[order]) for name, column in joined.items()}
    nulls: dict[str, pa.Array] = dict.fromkeys(
        ("low", "high", "structure", "coassay", "change", "change_low", "change_high"), pa.nulls(len(order), pa.float32())
    )
    nulls["swaps"] = pa.nulls(len(order), pa.int32())
    if contents.structure_FF is not None:
        structure = contents.structure_FF[joined["fragment"][order], joined["other"][order]]
        nulls["structure"] = pa.array(structure.astype(np.float32))
    return {"ranking": pa.array(ranking[order]), **rows, **nulls}


def _nearest(contents: Contents, similarity: SimilarityKind) -> dict[str, npt.NDArray[Any]]:
    """The nearest shown fragments of every fragment by one similarity, with both percents."""
    shown = np.array(contents.shown)
    units = {SimilarityKind.FUNCTION: _unit(contents.canonical_FK), SimilarityKind.BALANCED: _unit(contents.balanced_FK)}
    count, limit = len(contents.canonical_FK), min(NEIGHBOURS, len(shown))
    found: dict[str, list[npt.NDArray[Any]]] = {"fragment": [], "rank": [], "other": [], "function": [], "balanced": []}
    for first in range(0, count, 500):
        block = np.arange(first, min(first + 500, count))
        percents = {kind: 100 * unit[block] @ unit[shown].T for kind, unit in units.items()}
        order = np.where(block[:, None] == shown[None, :], -np.inf, percents[similarity])
        nearest = np.argsort(-order, axis=1, kind="stable")[:, :limit]
        is_other = np.isfinite(np.take_along_axis(order, nearest, axis=1))
        found["fragment"].append(np.broadcast_to(block[:, None], nearest.shape)[is_other].astype(np.int32))
        found["rank"].append(np.broadcast_to(np.arange(1, limit + 1), nearest.shape)[is_other].astype(np.int32))
        found["other"].append(shown[nearest][is_other].astype(np.int32))
        for kind, percent in percents.items():
            found[kind.value].append(np.take_along_axis(percent, nearest, axis=1)[is_other].astype(np.float32))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _unit(rows_NK: _Floats) -> _Floats:
    norm_N1 = np.linalg.norm(rows_NK, axis=1, keepdims=True)
    unit_NK: _Floats = np.divide(rows_NK, norm_N1, out=np.zeros_like(rows_NK), where=norm_N1 > 0)
    return unit_NK
