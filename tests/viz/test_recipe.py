"""Recipes: addresses of the page of data, and what they ask of the trainer."""

from dataclasses import fields, replace
from typing import Any

import pytest

from trainer.runs.ingest import IngestOptions
from viz.language import speaking
from viz.recipe import ROLES, Answer, Recipe, answers

_WIDE = ["EGFR", "HER2", "logS"]
_OF_THE_PAGE = {"dataset", "job", "log", "objective", "holdout"}
"""What no refusal asks for."""


def test_an_address_holds_every_choice() -> None:
    recipe = Recipe(
        dataset="ab",
        objective="activity",
        holdout="scaffold",
        on_error="skip",
        smiles_column="SMILES & more",
        target_columns=("EGFR", "HER 2"),
        job="job-1",
    )
    assert Recipe.of(recipe.search) == recipe
    assert Recipe().search == ""


def test_a_choice_that_there_is_not_is_left_out() -> None:
    assert Recipe.of("?dataset=ab&objective=magic&on_error=ignore&unit=kg&other=1") == Recipe(dataset="ab")


def test_what_is_not_chosen_is_left_to_the_trainer() -> None:
    assert Recipe(dataset="ab").spec == {
        "kind": "factors",
        "sources": ["dataset:ab"],
        "holdout": "none",
        "ingest": {"on_error": "fail"},
    }


def test_every_option_is_one_that_the_trainer_knows() -> None:
    shared = Recipe(on_error="skip", activity_kind="real", endpoint=("IC50",), endpoint_in_target="yes")
    columns: dict[str, Any] = dict.fromkeys(ROLES.values(), "a column")
    long = replace(shared, **columns)
    options = IngestOptions.model_validate(dict(long.ingest))
    assert (options.endpoint_in_target, options.smiles_column) == (True, "a column")
    wide = IngestOptions.model_validate(dict(replace(shared, target_columns=("a", "b")).ingest))
    assert wide.target_columns == ("a", "b")


@pytest.mark.parametrize("role", [*ROLES, "left aside"])
def test_no_role_of_a_wide_table_asks_for_what_the_trainer_refuses(role: str) -> None:
    for first in (Recipe(), Recipe(target_columns=("EGFR",)), Recipe(value_column="logS")):
        IngestOptions.model_validate(dict(first.with_role("logS", role, wide=_WIDE).ingest))


def test_a_column_has_one_role() -> None:
    recipe = Recipe(smiles_column="drug")
    assert recipe.with_role("drug", "compound", wide=()) == Recipe(compound_column="drug")
    assert recipe.with_role("structure", "molecule", wide=()) == Recipe(smiles_column="structure")


def test_values_have_one_unit_or_one_each() -> None:
    of_all = Recipe(unit_column="units").answered(Answer("unit", "nM"))
    assert (of_all.unit, of_all.unit_column) == ("nM", None)
    of_each = of_all.with_role("units", "unit", wide=())
    assert (of_each.unit, of_each.unit_column) == (None, "units")


def test_columns_of_a_wide_table_are_targets_or_are_not() -> None:
    assert Recipe().with_role("logS", "left aside", wide=_WIDE).target_columns == ("EGFR", "HER2")
    assert Recipe().with_role("dose", "value", wide=_WIDE).target_columns == (*_WIDE, "dose")
    named = Recipe().with_role("logS", "compound", wide=_WIDE)
    assert (named.compound_column, named.target_columns) == ("logS", ("EGFR", "HER2"))
    assert Recipe(target_columns=("EGFR",)).with_role("logS", "unit", wide=_WIDE).target_columns == ()


def test_a_changed_choice_lets_go_of_the_job() -> None:
    recipe = Recipe(dataset="ab", job="job-1")
    assert all(other.job is None for _, other, _ in recipe.offers("on_error"))
    assert recipe.showing_log(True).job == "job-1"


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("has no target column: dose is a note on the measurement: --target-columns dose", [Answer("target_columns", "dose")]),
        (
            'mixed: --endpoint IC50, --endpoint Ki, or --endpoint-in-target; or --unit "nM" (see --help)',
            [Answer("endpoint", "IC50"), Answer("endpoint", "Ki"), Answer("endpoint_in_target", "yes"), Answer("unit", "nM")],
        ),
        ("--unit furlongs", []),
        ("has no SMILES column: name it with --smiles-column (there are T1, T2)", []),
        ("nothing", []),
    ],
)
def test_the_answers_of_a_refusal_are_found_in_its_words(sentence: str, found: list[Answer]) -> None:
    assert list(answers(sentence)) == found


def test_an_answer_is_added_to_what_was_chosen() -> None:
    recipe = Recipe(dataset="ab", endpoint=("IC50",))
    assert recipe.answered(Answer("endpoint", "Ki")).endpoint == ("IC50", "Ki")
    assert recipe.answered(Answer("unit", "nM")).unit == "nM"


@pytest.mark.parametrize(
    ("answer", "english", "japanese"),
    [
        (Answer("target_columns", "dose"), "dose is a target", "列 dose は標的"),
        (Answer("smiles_column", "drug"), "drug is the molecule", "列 drug は分子"),
        (Answer("endpoint", "Ki"), "Endpoint: Ki", "測定項目：Ki"),
        (Answer("endpoint", "activity"), "Endpoint: activity", "測定項目：activity"),
        (Answer("unit", "nM"), "Unit: nM", "単位：nM"),
        (Answer("on_error", "skip"), "Rows that cannot be used: skip", "使えない行：除外"),
        (
            Answer("endpoint_in_target", "yes"),
            "Endpoints of one target are targets of their own",
            "同じ標的でも測定項目ごとに別の標的とする",
        ),
    ],
)
def test_an_answer_is_said_in_the_words_of_the_page(answer: Answer, english: str, japanese: str) -> None:
    assert answer.words == english
    with speaking("ja"):
        assert answer.words == japanese


def test_every_answer_that_is_found_has_words() -> None:
    options = [f"--{field.name.replace('_', '-')}" for field in fields(Recipe)]
    found = [each for option in options for value in ("skip", "nM", "real", "") for each in answers(f"{option} {value}")]
    assert {each.option for each in found} == {field.name for field in fields(Recipe)} - _OF_THE_PAGE
    assert all(each.words for each in found)
