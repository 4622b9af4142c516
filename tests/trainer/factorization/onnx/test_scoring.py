"""scoring: the numbers of a run's graph, for molecules cut as the ingestion cuts them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from tests.support.posteriors import drawn

from chemistry import fragment
from contracts.predictions import Scale
from trainer.data.library import LIBRARY, SCORES
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.onnx.prediction_graph import export_predictor
from trainer.factorization.onnx.scoring import Scorer
from trainer.factorization.predictor import Predictor
from trainer.similarity.factors import Factors

KNOWN = sorted({*fragment("CCOc1ccccc1").fragments, *fragment("CCNc1ccccn1").fragments})
TARGETS = ["t1", "t2", "t3"]


@pytest.fixture
def predictor() -> Predictor:
    rng = np.random.default_rng(0)
    return Predictor.from_factors(Factors.from_product(rng.normal(size=(len(KNOWN), 2)), rng.normal(size=(3, 2))))


@pytest.fixture
def graph(tmp_path: Path, predictor: Predictor) -> Path:
    export_predictor(predictor, tmp_path / "predictions.onnx", fragments=KNOWN, targets=TARGETS, run="factors-1")
    return tmp_path / "predictions.onnx"


def library(*smiles: str) -> pa.RecordBatch:
    rows = [{"file": "l.csv", "row": row, "compound": f"m{row}", "smiles": each} for row, each in enumerate(smiles, start=1)]
    return pa.RecordBatch.from_pylist(rows, schema=LIBRARY)


def scored(scorer: Scorer, *batches: pa.RecordBatch) -> list[dict[str, Any]]:
    table = pa.Table.from_batches(scorer(batches), schema=SCORES)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def test_each_molecule_has_a_row_a_target_with_the_graphs_prediction(graph: Path, predictor: Predictor) -> None:
    rows = scored(Scorer(graph), library("CCOc1ccccc1", "CCNc1ccccn1"))
    for number, smiles in enumerate(("CCOc1ccccc1", "CCNc1ccccn1"), start=1):
        mine = [row for row in rows if row["row"] == number]
        ids = torch.tensor([KNOWN.index(name) for name in fragment(smiles).fragments])
        expected = predictor(ids, torch.zeros_like(ids), torch.zeros(1), torch.arange(3)).predictions[0]
        assert [row["prediction"] for row in mine] == pytest.approx(expected.tolist(), rel=1e-5)
        assert [row["target"] for row in mine] == TARGETS
        assert {(row["file"], row["compound"], row["smiles"], row["parent"]) for row in mine} == {
            ("l.csv", f"m{number}", smiles, fragment(smiles).parent)
        }
        assert {(row["known"], row["unseen"], row["low"], row["high"], row["reason"]) for row in mine} == {
            (len(ids), 0, None, None, None)
        }


def test_a_run_with_a_posterior_says_between_which_bounds(tmp_path: Path) -> None:
    draws = drawn(40, fragments=len(KNOWN), targets=3)
    predictor = Predictor.from_posterior(Posterior(draws=draws, centre=6.0, binary=False))
    export_predictor(predictor, tmp_path / "p.onnx", fragments=KNOWN, targets=TARGETS, run="factors-1")
    rows = scored(Scorer(tmp_path / "p.onnx"), library("CCOc1ccccc1", "CCOc1ccsc1"))
    ids = torch.tensor([KNOWN.index(name) for name in fragment("CCOc1ccccc1").fragments])
    expected = predictor(ids, torch.zeros_like(ids), torch.zeros(1), torch.arange(3))
    for name, values in (("prediction", expected.predictions), ("low", expected.low), ("high", expected.high)):
        assert values is not None
        assert [row[name] for row in rows[:3]] == pytest.approx(values[0].tolist(), rel=1e-4)
    assert all(row["low"] < row["prediction"] < row["high"] for row in rows)
    assert Scorer(tmp_path / "p.onnx").scale is Scale.VALUE


def test_targets_that_are_named_are_scored_alone_and_in_their_order(graph: Path) -> None:
    everything = {(row["row"], row["target"]): row["prediction"] for row in scored(Scorer(graph), library("CCOc1ccccc1"))}
    some = scored(Scorer(graph, ("t3", "t1")), library("CCOc1ccccc1"))
    assert [(row["target"], row["prediction"]) for row in some] == [
        ("t3", pytest.approx(everything[1, "t3"])),
        ("t1", pytest.approx(everything[1, "t1"])),
    ]


def test_fragments_that_the_run_does_not_know_are_counted(graph: Path) -> None:
    found = fragment("CCOc1ccsc1").fragments
    row = scored(Scorer(graph), library("CCOc1ccsc1"))[0]
    assert (row["known"], row["unseen"]) == (len(set(found) & set(KNOWN)), len(set(found) - set(KNOWN)))
    nothing = scored(Scorer(graph), library("FC(F)(F)Br"))[0]
    assert (nothing["known"], nothing["prediction"]) == (0, 0.0)


def test_what_is_no_molecule_keeps_its_place_with_the_reason(graph: Path) -> None:
    rows = scored(Scorer(graph), library("C(", "CCOc1ccccc1", ""))
    refused = [(row["row"], row["reason"], row["target"], row["prediction"]) for row in rows if row["reason"] is not None]
    assert refused == [(1, "not a SMILES", None, None), (3, "empty SMILES", None, None)]
    assert len(rows) == 2 + 3
    assert len(scored(Scorer(graph), library("C("))) == 1


def test_how_molecules_come_in_batches_changes_nothing(graph: Path) -> None:
    smiles = ["CCOc1ccccc1", "C(", "CCNc1ccccn1"] * 200
    together = scored(Scorer(graph), library(*smiles))
    whole = library(*smiles)
    parts = scored(Scorer(graph), *(whole.slice(first, 7) for first in range(0, len(smiles), 7)))

    def ordered(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        return sorted((row["row"], row["target"] or "", row["reason"] or "", round(row["prediction"] or 0, 4)) for row in rows)

    assert ordered(together) == ordered(parts)
    assert scored(Scorer(graph)) == []


def test_it_says_what_its_numbers_are_and_of_which_targets(graph: Path) -> None:
    assert (Scorer(graph).scale, Scorer(graph).known_targets) == (Scale.SUM, tuple(TARGETS))


def test_another_graph_is_refused(tmp_path: Path) -> None:
    from trainer.factorization.counts.network import FactorNetwork  # noqa: PLC0415 - the other graph of a run
    from trainer.factorization.onnx.factor_graph import export  # noqa: PLC0415 - the same

    factors = Factors.from_product(np.ones((1, 1)), np.ones((1, 1)))
    export(FactorNetwork.from_factors(factors), tmp_path / "factors.onnx", fragments=["f"], targets=["t"], run="factors-1")
    with pytest.raises(ValueError, match=r"factors\.onnx has the schema"):
        scored(Scorer(tmp_path / "factors.onnx"), library("C"))
