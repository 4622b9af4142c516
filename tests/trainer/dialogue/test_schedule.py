"""The schedule and the spec: what is asked for is what happens, and nonsense is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dialogue.bundle import Architecture, Language
from trainer.dialogue.schedule import schedule_of
from trainer.dialogue.spec import CorpusChoice, DialogueSpec, Recipe, Sizes

_SHARES = st.floats(0, 1.2)


@given(_SHARES, _SHARES)
def test_the_rate_rises_then_falls_and_batches_only_grow(first: float, second: float) -> None:
    schedule = schedule_of(Recipe(), Architecture.TRANSFORMER, on_gpu=False)
    first, second = sorted((first, second))
    assert 0 < schedule.learning_rate(first) <= schedule.highest_rate
    assert schedule.budget(first) <= schedule.budget(second)
    if first >= schedule.warm_up:
        assert schedule.learning_rate(second) <= schedule.learning_rate(first)
    elif second <= schedule.warm_up:
        assert schedule.learning_rate(first) <= schedule.learning_rate(second)


def test_the_schedule_begins_and_ends_where_the_recipe_says() -> None:
    schedule = schedule_of(Recipe(learning_rate=0.01, first_tokens=100, last_tokens=900), Architecture.GRU, on_gpu=True)
    assert (schedule.budget(0), schedule.budget(0.5), schedule.budget(1)) == (100, 300, 900)
    assert schedule.learning_rate(schedule.warm_up) == pytest.approx(0.01)
    assert schedule.learning_rate(1) == pytest.approx(0.0002)


def test_batches_never_shrink_when_only_the_first_is_given() -> None:
    assert schedule_of(Recipe(first_tokens=99_999), Architecture.GRU, on_gpu=False).budget(1) == 99_999


def test_no_warm_up_begins_at_the_highest_rate() -> None:
    assert schedule_of(Recipe(warm_up=0, learning_rate=0.5), Architecture.GRU, on_gpu=False).learning_rate(0) == 0.5


@pytest.mark.parametrize(
    "wrong",
    [{}, {"iterations": 5, "minutes": 1.0}, {"iterations": 0}, {"minutes": -1.0}, {"iterations": 1, "held_out_share": 0},
     {"iterations": 1, "colour": "blue"}],
)  # fmt: skip
def test_a_spec_says_one_length_and_nothing_unknown(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DialogueSpec.model_validate({"language": "en", **wrong})


def test_a_width_that_its_heads_cannot_share_is_refused() -> None:
    with pytest.raises(ValidationError, match="width 100 cannot be shared by 3 heads"):
        Sizes(width=100, heads=3)


def test_a_spec_survives_json() -> None:
    spec = DialogueSpec(language=Language.JAPANESE, corpora=(CorpusChoice.parse("a/b.jsonl#friendly"),), minutes=2.5)
    assert spec.corpora[0].source == "friendly"
    assert DialogueSpec.model_validate_json(spec.model_dump_json()) == spec
