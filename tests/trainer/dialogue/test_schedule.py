"""The schedule and the spec: what is asked for is what happens, and nonsense is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dialogue.bundle import Architecture, Language
from trainer.dialogue.schedule import Schedule, schedule_of
from trainer.dialogue.spec import CorpusChoice, DialogueSpec, Recipe, Sizes

_SEEN = st.integers(0, 10**9)
_SHARES = st.floats(0, 1.2)


def _schedule(recipe: Recipe = Recipe(), *, on_gpu: bool = False) -> Schedule:  # noqa: B008 - frozen
    return schedule_of(recipe, Architecture.TRANSFORMER, on_gpu=on_gpu)


@given(_SEEN, _SEEN)
def test_the_rate_rises_then_stays_and_batches_only_grow(first: int, second: int) -> None:
    schedule = _schedule()
    first, second = sorted((first, second))
    assert 0 < schedule.learning_rate(first, 0) <= schedule.learning_rate(second, 0) <= schedule.highest_rate
    assert schedule.budget(first) <= schedule.budget(second)
    if first >= schedule.warm_up_tokens:
        assert schedule.learning_rate(first, 0) == schedule.highest_rate


@given(_SEEN, _SHARES, _SHARES)
def test_the_rate_falls_while_the_training_cools_down_to_a_hundredth(seen: int, first: float, second: float) -> None:
    schedule = _schedule()
    first, second = sorted((first, second))
    assert schedule.learning_rate(seen, 0) >= schedule.learning_rate(seen, first) >= schedule.learning_rate(seen, second) > 0
    assert schedule.learning_rate(seen, 1) == pytest.approx(schedule.learning_rate(seen, 0) / 100)


def test_batches_grow_with_the_root_of_what_was_seen_as_the_recipe_says() -> None:
    schedule = _schedule(Recipe(first_tokens=100, last_tokens=900, growth_tokens=1_000), on_gpu=True)
    assert [schedule.budget(seen) for seen in (0, 3_000, 8_000, 80_000, 10**9)] == [100, 200, 300, 900, 900]


def test_batches_never_shrink_when_only_the_first_is_given() -> None:
    assert _schedule(Recipe(first_tokens=99_999)).budget(10**9) == 99_999


def test_no_warm_up_begins_at_the_highest_rate() -> None:
    assert _schedule(Recipe(warm_up_tokens=0, learning_rate=0.5)).learning_rate(0, 0) == 0.5


def test_dropout_grows_with_epochs_unless_the_recipe_states_it() -> None:
    schedule = _schedule()
    assert [schedule.dropout(epochs) for epochs in (0, 0.99, 1, 4.9, 5, 100)] == [0, 0, 0.1, 0.1, 0.2, 0.2]
    assert _schedule(Recipe(dropout=0.3)).dropout(0) == 0.3


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
