"""What a run found fits the store's schemas, whatever its size."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from contracts.kinds import ActivityKind
from contracts.tables import TABLES
from trainer.data.activity import Activity
from trainer.similarity.factors import Factors
from trainer.store import results
from trainer.store.results import MOVING_FRAGMENTS, RunRecord

NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


@dataclass(frozen=True)
class _Positions:
    steps_S: npt.NDArray[np.int64]
    positions_SFD: npt.NDArray[np.float32]


def _activity(fragments: int, *, shown: npt.NDArray[np.bool_]) -> Activity:
    facts = {name: table.schema.empty_table() for name, table in TABLES.items()}
    rows = {
        "id": np.arange(fragments, dtype=np.int32),
        "name": [f"f{index}" for index in range(fragments)],
        "smiles": [None] * fragments,
        "support": np.arange(fragments, dtype=np.int32),
        "scaffolds": [None] * fragments,
        "shown": shown,
    }
    return Activity(
        digest="d",
        source="a.csv",
        kind=ActivityKind.REAL,
        fragments=pa.table(rows, schema=TABLES["fragments"].schema),
        compounds=facts["compounds"],
        targets=facts["targets"],
        membership=facts["membership"],
        cells=facts["activity"],
        rejects=facts["rejects"],
        ingest={"rows_read": 7},
    )


def _tables(
    fragments: int,
    *,
    shown: npt.NDArray[np.bool_],
    rank: int = 2,
    steps: int = 3,
    places_FE: npt.NDArray[np.float32] | None = None,
) -> dict[str, pa.Table]:
    draw = np.random.default_rng(0)
    factors = Factors.from_product(draw.normal(size=(fragments, rank)), draw.normal(size=(4, rank)))
    positions = _Positions(np.arange(steps, dtype=np.int64) * 10, draw.normal(size=(steps, fragments, 2)).astype(np.float32))
    record = RunRecord(
        kind="factors",
        objective="counts",
        spec="{}",
        code_version="0.1.0",
        device="cpu",
        started=NOW,
        finished=NOW,
        seconds=0.5,
        metrics={"mean_squared_error": 0.25},
        curve=[(0, 1.0), (1, 0.25)],
    )
    return results.tables(_activity(fragments, shown=shown), factors, positions, record, places_FE=places_FE)


@pytest.mark.parametrize(("fragments", "rank"), [(1, 1), (5, 3), (7, 512)])
def test_every_table_has_the_schema_that_the_contracts_declare(fragments: int, rank: int) -> None:
    found = _tables(fragments, shown=np.ones(fragments, dtype=bool), rank=rank)
    assert found.keys() == {"runs", "factors", "trajectory"}
    for name, table in found.items():
        assert table.schema.equals(TABLES[name].schema), name
        table.validate(full=True)
    assert len(found["factors"]) == fragments + 4
    assert {len(vector) for vector in found["factors"]["vector"].to_pylist()} == {rank}


def test_the_way_through_the_fit_is_that_of_the_shown_fragments_in_most_compounds() -> None:
    fragments = MOVING_FRAGMENTS + 10
    shown = np.ones(fragments, dtype=bool)
    shown[-1] = False  # the one in most compounds
    found = _tables(fragments, shown=shown, steps=2)["trajectory"]
    first = found.slice(0, MOVING_FRAGMENTS)
    assert first["fragment"].to_pylist() == list(range(9, fragments - 1))
    assert set(first["step"].to_pylist()) == {0}
    assert len(found) == 2 * MOVING_FRAGMENTS


def test_places_of_fragments_stand_for_their_factors() -> None:
    places_FE = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = _tables(3, shown=np.ones(3, dtype=bool), places_FE=places_FE)["factors"].to_pylist()
    assert [row["vector"] for row in found if row["side"] == "fragments"] == places_FE.tolist()
    assert {len(row["balanced"]) for row in found} == {2}
