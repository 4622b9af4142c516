"""What a run's file states of replacements, from measured ones."""

from pathlib import Path

import numpy as np
import pytest

from chemistry.descriptors import described
from prediction.model_file import write_arrays
from replacement.features import Descriptions
from replacement.replacements import Replacements
from trainer.evaluation.agreement import agreement
from trainer.evaluation.halves import halves
from trainer.replacements.curve import Curve
from trainer.replacements.events import Events
from trainer.replacements.groups import Groups
from trainer.replacements.learned import Halves, judged_halves, learn, states, teach

NAMES = sorted(
    [
        "*Br",
        "*C",
        "*C#N",
        "*C(=O)O",
        "*CC",
        "*Cl",
        "*F",
        "*N",
        "*N1CCOCC1",
        "*O",
        "*OC",
        "*[H]",
        "*c1ccccc1",
        "*c1cccnc1",
        "*C*",
        "*CC*",
    ],
    key=str.encode,
)
COMPOUNDS = 600


@pytest.fixture(scope="module")
def groups() -> Groups:
    count = len(NAMES)
    listed = np.array([name != "*[H]" for name in NAMES])
    descriptions = Descriptions.of([described(name) for name in NAMES])
    return Groups(NAMES, np.arange(count, dtype=np.int32), np.full(count, 20, np.uint32), listed, descriptions)


@pytest.fixture(scope="module")
def events() -> Events:
    """Replacements whose size grows with the difference in heavy atoms."""
    random = np.random.default_rng(0)
    single = [place for place, name in enumerate(NAMES) if name.count("*") == 1]
    sizes = {place: described(NAMES[place]).numbers_D[0] for place in single}
    rows = []
    for _ in range(4000):
        first, second = sorted(random.choice(single, 2, replace=False).tolist())
        if {NAMES[first], NAMES[second]} == {"*Cl", "*F"}:
            continue  # never seen
        one, other = random.choice(COMPOUNDS, 2, replace=False).tolist()
        rows.append((first, second, one, other, 0, random.normal(0, 0.2 + 0.2 * abs(sizes[first] - sizes[second]))))
    columns = sorted(set(rows))
    first, second, one, other, target, difference = (np.array(column) for column in zip(*columns, strict=True))
    return Events(first, second, target, one, other, difference)


@pytest.fixture(scope="module")
def told(events: Events, groups: Groups) -> Halves:
    return judged_halves(events, groups, halves(COMPOUNDS, seed=0), binary=False)


@pytest.fixture(scope="module")
def stated(events: Events, groups: Groups, told: Halves, tmp_path_factory: pytest.TempPathFactory) -> Replacements:
    path: Path = tmp_path_factory.mktemp("file") / "replacements"
    write_arrays(path, *learn(events, groups, told))
    return Replacements.open(path)


def pair(one: str, other: str) -> tuple[np.ndarray, np.ndarray]:
    return np.array([NAMES.index(one)]), np.array([NAMES.index(other)])


def test_what_was_measured_outweighs_what_was_expected(stated: Replacements, events: Events) -> None:
    first, second = pair("*Br", "*N1CCOCC1")
    found = stated.expected(first, second)
    prior = stated.prior(first, second)[0]
    swaps = stated.swaps(int(first[0]), int(second[0]))
    count = int(found.measurements_N[0])
    assert count == len(set(zip(swaps.from_N.tolist(), swaps.to_N.tolist(), strict=True)))
    mean = np.abs(events.difference_N[(events.first_N == first[0]) & (events.second_N == second[0])]).mean()
    assert found.change_N[0] == pytest.approx((10 * prior + count * mean) / (10 + count), rel=1e-5)
    assert found.high_N[0] - found.low_N[0] == pytest.approx(2 * 1.645 * np.sqrt(stated.noise / (10 + count)), rel=1e-3)


def test_a_pair_that_was_never_seen_is_expected_by_what_like_ones_did(stated: Replacements) -> None:
    near, far = stated.expected(*pair("*Cl", "*F")), stated.expected(*pair("*F", "*c1ccccc1"))
    assert near.measurements_N[0] == 0
    assert near.change_N[0] < 0.45 < far.change_N[0]
    assert near.percent_N[0] > far.percent_N[0]


def test_both_orders_say_the_same_and_mirror_what_was_added(stated: Replacements) -> None:
    one, other = pair("*Br", "*OC")
    assert stated.expected(one, other).change_N[0] == stated.expected(other, one).change_N[0]
    there, back = (stated.swaps(int(a[0]), int(b[0])) for a, b in ((one, other), (other, one)))
    np.testing.assert_array_equal(there.from_N, back.to_N)
    assert stated.shift(int(one[0]), int(other[0]))[0] == -stated.shift(int(other[0]), int(one[0]))[0]


def test_a_fragment_in_its_own_place_changes_nothing(stated: Replacements) -> None:
    found = stated.expected(*pair("*Br", "*Br"))
    assert (found.change_N[0], found.low_N[0], found.high_N[0], found.percent_N[0]) == (0.0, 0.0, 0.0, 100.0)


def test_lists_are_of_comparable_offered_groups_the_least_change_first(stated: Replacements) -> None:
    for name in ("*Cl", "*C*"):
        group = NAMES.index(name)
        near = stated.nearest(group)
        wanted = [
            place
            for place, other in enumerate(NAMES)
            if other.count("*") == name.count("*") and place != group and other != "*[H]"
        ]
        assert sorted(near.tolist()) == wanted
        change_N = stated.expected(np.full(len(near), group), near).change_N
        assert (np.diff(change_N) >= -1e-6).all()
        np.testing.assert_array_equal(stated.closest(group, stated.listed_G, 100)[0], near)
    assert len(stated.nearest(NAMES.index("*[H]"))) == 0


def test_distances_of_places_follow_what_is_expected(stated: Replacements) -> None:
    first, second = np.triu_indices(len(NAMES), k=1)
    same = (stated.ends_G2[first] == stated.ends_G2[second]).all(axis=1)
    first, second = first[same], second[same]
    apart = ((stated.places_GE[first] - stated.places_GE[second]) ** 2).sum(axis=1)
    assert np.corrcoef(np.argsort(np.argsort(apart)), np.argsort(np.argsort(stated.prior(first, second))))[0, 1] > 0.9


def test_halves_judge_each_other(told: Halves, groups: Groups) -> None:
    found = agreement(told, groups)
    assert found["swap_test"] > 0.6
    assert found["split_half"] > 0.5
    assert 0.8 < found["interval_agreement"] <= 1.0


def test_changes_dealt_out_at_random_teach_nothing(events: Events, groups: Groups) -> None:
    random = np.random.default_rng(1)
    pairs = events.pairs()
    mixed = np.abs(random.permutation(events.difference_N))
    dealt = Events(events.first_N, events.second_N, events.target_N, events.first_compound_N, events.second_compound_N, mixed)
    found = agreement(judged_halves(dealt, groups, halves(COMPOUNDS, seed=0), binary=False), groups)
    assert abs(found["swap_test"]) < 0.35
    assert len(pairs) == len(dealt.pairs())


def test_learning_again_gives_the_same_file(events: Events, groups: Groups, told: Halves) -> None:
    one, other = (learn(events, groups, told)[0] for _ in range(2))
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)


def test_binary_changes_are_chances_of_another_outcome(events: Events, groups: Groups) -> None:
    flipped = Events(
        events.first_N,
        events.second_N,
        events.target_N,
        events.first_compound_N,
        events.second_compound_N,
        np.sign(events.difference_N) * (np.abs(events.difference_N) > 0.5),
    )
    told = judged_halves(flipped, groups, halves(COMPOUNDS, seed=0), binary=True)
    model = states(teach(flipped, groups), groups, told.noise, told.curve)
    found = model.expected(*pair("*Br", "*OC"))
    assert found.percent_N[0] == pytest.approx(100 * (1 - found.change_N[0]))


def test_nothing_measured_states_nothing(groups: Groups) -> None:
    none = np.zeros(0, dtype=np.int64)
    model = states(teach(Events(none, none, none, none, none, np.zeros(0)), groups), groups, 0.2, Curve.of_chances())
    assert model.expected(*pair("*Br", "*OC")).measurements_N[0] == 0
    assert len(model.swaps(0, 1).target_N) == 0
