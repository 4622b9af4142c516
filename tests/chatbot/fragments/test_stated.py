"""What a run means by `function` is told in its own units."""

import pytest
from tests.chatbot.fragments.asked import EN, JA, RUN

from chatbot.fragments.lookups import Figures, Function
from chatbot.fragments.sentences import caution
from chatbot.fragments.stated import told
from chatbot.fragments.wording import FUNCTIONS, change
from scores_client.models import RunDetail

FIGURES: Figures = {
    "function": 61.0,
    "expected_change": 0.5,
    "change_low": 0.3,
    "change_high": 0.7,
    "swaps": 3,
    "basis": "measured and model",
}


@pytest.mark.parametrize(
    ("stated", "function"),
    [
        ({"change_unit": "log units"}, Function.KEPT),
        ({"change_unit": "standard deviations"}, Function.SPREAD),
        ({"change_unit": "log units or standard deviations"}, Function.MIXED),
        ({"change_unit": "chance", "activity_kind": "binary"}, Function.OUTCOME),
        ({"change_unit": None, "objective": "counts"}, Function.COSINE),
    ],
)
def test_the_unit_of_changes_says_what_is_kept(stated: dict[str, str | None], function: Function) -> None:
    assert told(RunDetail.from_dict({**RUN, **stated})).function is function


def test_nothing_is_threefold_where_values_are_no_logarithms() -> None:
    assert "within half a standard deviation in 61 %" in change(FIGURES, Function.SPREAD, EN)
    assert "標準偏差の半分以内に収まる割合61 %" in change(FIGURES, Function.SPREAD, JA)
    assert not any("threefold" in text or "3倍" in text for text in FUNCTIONS[Function.SPREAD])
    assert "within threefold in 61 %" in change(FIGURES, Function.KEPT, EN)
    assert "within threefold or half a standard deviation in 61 %" in change(FIGURES, Function.MIXED, EN)
    units = [function for function in Function if function not in {Function.OUTCOME, Function.COSINE}]
    assert [word in caution(each, EN) for each in units for word in ("log units", "standard deviations")] == [
        *(True, False),
        *(False, True),
        *(True, True),
    ]
