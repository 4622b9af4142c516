import pytest

from scores_api.etag import is_held


@pytest.mark.parametrize("condition", ['"a"', 'W/"a"', '"b","a"', '"b" , W/"a"', "*", " * ", '"a,b", "a"'])
def test_it_is_held_by_who_names_it(condition: str) -> None:
    assert is_held(condition, '"a"')


@pytest.mark.parametrize("condition", ["", "a", '"b"', '"ab"', '"a', "**", '"*"', '"b, "a'])
def test_it_is_not_held_by_who_names_another_or_nothing(condition: str) -> None:
    assert not is_held(condition, '"a"')
