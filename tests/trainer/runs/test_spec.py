"""A run's spec is complete, strict and the same for every door; ids sort by time."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.kinds import RunKind
from trainer.runs.identity import code_version, new_run
from trainer.runs.ingest import IngestOptions, Layout, OnError
from trainer.runs.spec import FactorsSpec


def test_kind_alone_is_a_spec() -> None:
    spec = FactorsSpec(kind="factors")
    assert (spec.sources, spec.objective, spec.rank, spec.seed, spec.device) == (("default",), None, None, 0, "auto")
    assert spec.ingest == IngestOptions(layout=Layout.AUTO, on_error=OnError.FAIL)


def test_a_spec_travels_as_json() -> None:
    spec = FactorsSpec(kind="factors", sources=("a.csv", "b.csv"), rank=8, ingest=IngestOptions(target_columns=("t1", "t2")))
    assert FactorsSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("changes", "place", "reason"),
    [
        ({"kind": "factor"}, "kind", "'factors'"),
        ({"rank": 0}, "rank", "greater than or equal to 1"),
        ({"rank": 513}, "rank", "less than or equal to 512"),
        ({"rank": 2.5}, "rank", "valid integer"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"device": "tpu"}, "device", "'tpu' is no device: expected auto, cpu, cuda or cuda:N"),
        ({"objective": "similarity"}, "objective", "'counts' or 'activity'"),
        ({"engine": "spark"}, "engine", "'torch' or 'spark-als'"),
        ({"engine": "spark-als", "objective": "activity"}, "", "fits `objective` counts alone: take `engine` torch"),
        ({"sources": []}, "sources", "at least 1 item"),
        ({"sources": ["built-in", "a.csv"]}, "", "'built-in' cannot be combined"),
        ({"sources": ["a.csv", "a.csv"]}, "", "named twice"),
        ({"sources": ["a\x00b"]}, "sources", "match pattern"),
        ({"ranks": 3}, "ranks", "not permitted"),
        ({"ingest": {"layout": "wide", "value_column": "v"}}, "ingest", "value_column belong to long tables"),
        ({"ingest": {"layout": "long", "target_columns": ["t"]}}, "ingest", "target_columns belong to wide tables"),
        ({"ingest": {"target_columns": ["t"], "target_column": "x"}}, "ingest", "give one of them"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(changes: dict[str, Any], place: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FactorsSpec.model_validate({"kind": "factors", **changes})
    first = caught.value.errors()[0]
    assert str(first["loc"][0] if first["loc"] else "") == place
    assert reason in first["msg"]


def test_run_ids_name_kind_and_utc_time_and_differ() -> None:
    now = datetime(2026, 11, 24, 7, 30, tzinfo=timezone(timedelta(hours=9)))
    first, second = new_run(RunKind.FACTORS, now), new_run(RunKind.FACTORS, now)
    assert re.fullmatch(r"factors-20261123T223000Z-[0-9a-f]{6}", first)
    assert first != second
    assert first < new_run(RunKind.FACTORS, datetime(2026, 11, 23, 22, 30, 1, tzinfo=UTC))


def test_the_code_version_in_a_checkout_names_its_commit() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\+g[0-9a-f]{7,}(\.dirty)?)?", code_version())
