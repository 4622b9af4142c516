"""Compounds as bags of the leaves that BRICS cuts them into."""

from trainer.data.leaves import leaf_bags


def test_a_bag_holds_leaves_alone_and_tells_apart_those_that_are_not_modelled() -> None:
    anisole, phenol, tolyl, unknown = leaf_bags(["COc1ccccc1", "CCOc1ccccc1", "CC(=O)Nc1ccccc1", None], ["*OC", "*c1ccccc1"])
    assert set(anisole) == {0, 1}
    assert 1 in phenol
    assert 0 not in phenol
    strange = [set(bag) - {0, 1} for bag in (phenol, tolyl)]
    assert all(number < 0 for found in strange for number in found)
    assert not strange[0] & strange[1]
    assert not unknown
