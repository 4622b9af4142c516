"""The policy of `current`, a claim a test."""

from dataclasses import replace
from typing import Any

import pytest

from trainer.runs.promotion import Trial, verdict

SPEC: dict[str, Any] = {"sources": ["assays.csv"], "objective": "activity", "holdout": "scaffold", "seed": 0, "later": []}
SERVED = Trial("served", "assays.csv", "digest", SPEC, {"rmse": 0.700, "auc_macro": 0.8})
NEW = replace(SERVED, run="new")
BUILT_IN = Trial("first", "built-in", "five", {"sources": ["default"], "objective": "counts", "holdout": "none"}, {})


def test_the_first_run_takes_it_whatever_it_is() -> None:
    assert verdict(BUILT_IN, None, asked=None).promoted


def test_ones_first_own_table_takes_it_from_the_built_in_data_and_they_do_not_take_it_back() -> None:
    assert verdict(NEW, BUILT_IN, asked=None).promoted
    assert not verdict(BUILT_IN, SERVED, asked=None).promoted


def test_a_run_of_other_data_does_not_take_it_and_names_both() -> None:
    found = verdict(replace(NEW, source="others.csv", data="other"), SERVED, asked=None)
    assert not found.promoted
    assert found.reason == "served is of other data, assays.csv, and not of others.csv"


def test_newer_rows_of_the_same_file_are_the_same_data_and_judged_on_other_cells() -> None:
    assert verdict(replace(NEW, data="more rows", metrics={"rmse": 0.9}), SERVED, asked=None).promoted


def test_the_same_facts_under_another_name_are_the_same_data() -> None:
    assert verdict(replace(NEW, source="copy.csv"), SERVED, asked=None).promoted


def test_what_the_trainer_was_started_with_is_what_it_is_to_serve() -> None:
    started = replace(NEW, source="data.json", data="other", spec=SPEC | {"sources": ["default"]})
    assert verdict(started, SERVED, asked=None).promoted


@pytest.mark.parametrize(("rmse", "promoted"), [(0.60, True), (0.700, True), (0.703, True), (0.704, False), (0.9, False)])
def test_on_the_same_held_out_cells_a_worse_error_does_not_take_it(rmse: float, *, promoted: bool) -> None:
    found = verdict(replace(NEW, metrics={"rmse": rmse, "auc_macro": 0.1}), SERVED, asked=None)
    assert found.promoted is promoted
    assert f"rmse {rmse:.4f} against 0.7000 of served" in found.reason


@pytest.mark.parametrize("measure", ["auc_macro", "recall_at_10"])
def test_of_what_is_better_when_it_is_more_less_does_not_take_it(measure: str) -> None:
    served = replace(SERVED, metrics={measure: 0.8})
    assert not verdict(replace(NEW, metrics={measure: 0.79}), served, asked=None).promoted
    assert verdict(replace(NEW, metrics={measure: 0.797}), served, asked=None).promoted


@pytest.mark.parametrize("other", [{"holdout": "random"}, {"seed": 1}, {"objective": "counts"}, {"later": ["new.csv"]}])
def test_runs_that_were_judged_on_other_cells_are_not_compared(other: dict[str, Any]) -> None:
    assert verdict(replace(NEW, spec=SPEC | other, metrics={"rmse": 9.0}), SERVED, asked=None).promoted


def test_what_was_asked_for_overrules_the_policy() -> None:
    worse = replace(NEW, metrics={"rmse": 9.0})
    assert verdict(worse, SERVED, asked=True).promoted
    assert not verdict(NEW, SERVED, asked=False).promoted
    assert not verdict(BUILT_IN, None, asked=False).promoted
