import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from contracts.kinds import RANKINGS
from contracts.tables import TABLES
from trainer.data.seed_table import built_in
from trainer.factorization import nearest as module
from trainer.factorization.counts.fit import fit_counts
from trainer.factorization.nearest import nearest
from trainer.factorization.neighbours import neighbours
from trainer.similarity.cosines import TICKS, directions_FK, percents_FF, vectors_FK
from trainer.similarity.factors import Factors

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def brute_force(unit_FK: Array, shown_F: Flags, limit: int) -> npt.NDArray[np.int64]:
    ticks_FF = np.round(np.clip(unit_FK @ unit_FK.T, -1, 1) * TICKS).astype(np.int64)
    found_FL = np.full((len(unit_FK), limit), -1)
    for one in range(len(unit_FK)):
        others = sorted(
            (other for other in np.flatnonzero(shown_F) if other != one), key=lambda other: (-ticks_FF[one, other], other)
        )
        found_FL[one, : len(others[:limit])] = others[:limit]
    return found_FL


def made_rows(rng: np.random.Generator, kind: str, fragments: int, rank: int) -> Array:
    rows_FK = rng.normal(size=(fragments, rank))
    match kind:
        case "ties":
            rows_FK = rng.integers(-1, 2, size=(fragments, rank)).astype(np.float64)
        case "nearly equal":
            rows_FK = rows_FK[rng.integers(0, max(fragments // 4, 1), fragments)] * (1 + 1e-9 * rng.normal(size=(fragments, 1)))
            rows_FK += 1e-8 * rng.normal(size=rows_FK.shape)
        case "zeros":
            rows_FK[rng.random(fragments) < 0.5] = 0
    return rows_FK


@pytest.mark.parametrize("kind", ["random", "ties", "nearly equal", "zeros"])
@given(seed=st.integers(0, 2**32 - 1), rank=st.integers(1, 6), limit=st.integers(1, 20), share=st.sampled_from([0.0, 0.5, 1.0]))
def test_neighbours_are_those_of_brute_force(kind: str, seed: int, rank: int, limit: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    fragments = int(rng.integers(1, 150))
    unit_FK = np.round(directions_FK(made_rows(rng, kind, fragments, rank)), 12)
    shown_F = rng.random(fragments) < share
    found_FL = nearest(torch.from_numpy(unit_FK), shown_F, limit=limit).numpy()
    np.testing.assert_array_equal(found_FL, brute_force(unit_FK, shown_F, limit))


@pytest.mark.parametrize("kind", ["random", "ties", "nearly equal", "zeros"])
@pytest.mark.parametrize("side", [64, 128])
def test_many_tiles_find_what_brute_force_finds(kind: str, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SIDE", {"cpu": side})
    rng = np.random.default_rng(0)
    unit_FK = np.round(directions_FK(made_rows(rng, kind, 700, 4)), 12)
    shown_F = rng.random(700) < 0.8
    found_FL = nearest(torch.from_numpy(unit_FK), shown_F, limit=7).numpy()
    np.testing.assert_array_equal(found_FL, brute_force(unit_FK, shown_F, 7))


def test_one_and_two_threads_find_the_same() -> None:
    unit_FK = torch.from_numpy(directions_FK(np.random.default_rng(0).normal(size=(3000, 8))))
    shown_F = np.ones(3000, dtype=np.bool_)
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(nearest(unit_FK, shown_F, limit=10))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    assert torch.equal(*found)


def test_the_table_holds_both_rankings_in_the_declared_schema_and_order() -> None:
    factors = fit_counts(built_in().counts_FT(), rank=3, seed=0).factors
    table = neighbours(factors, shown_F=np.ones(5, dtype=np.bool_), limit=100)
    assert table.schema == TABLES["neighbours"].schema
    keys = list(zip(*(table[name].to_pylist() for name in TABLES["neighbours"].sort), strict=True))
    assert keys == [
        (ranking, fragment, rank) for ranking in ("balanced", "function") for fragment in range(5) for rank in range(1, 5)
    ]
    percents = {kind: percents_FF(vectors_FK(factors, kind)) for kind in RANKINGS}
    for row in table.to_pylist():
        assert row["fragment"] != row["other"]
        for kind in RANKINGS:
            assert row[kind.value] == pytest.approx(percents[kind][row["fragment"], row["other"]], abs=6e-5)
        assert {
            row[name] for name in ("low", "high", "structure", "coassay", "change", "change_low", "change_high", "swaps")
        } == {None}
    fa = [row["other"] for row in table.to_pylist() if (row["ranking"], row["fragment"]) == ("balanced", 0)]
    assert fa == [3, 4, 1, 2]


def test_every_fragment_has_a_list_but_only_shown_ones_are_in_it() -> None:
    factors = Factors.from_product(np.random.default_rng(0).normal(size=(9, 3)), np.eye(3))
    shown_F = np.isin(np.arange(9), [1, 4, 5, 8])
    table = neighbours(factors, shown_F=shown_F, limit=3).to_pandas()
    assert set(table["other"]) == {1, 4, 5, 8}
    counts = table.groupby(["ranking", "fragment"]).size()
    assert len(counts) == 18
    assert (counts == 3).all()


def test_nobody_shown_is_nobody_found() -> None:
    factors = Factors.from_product(np.ones((3, 1)), np.ones((2, 1)))
    table = neighbours(factors, shown_F=np.zeros(3, dtype=np.bool_), limit=5)
    assert table.num_rows == 0
    assert table.schema == TABLES["neighbours"].schema


def test_the_only_fragment_has_no_neighbour() -> None:
    factors = Factors.from_product(np.ones((1, 1)), np.ones((2, 1)))
    assert neighbours(factors, shown_F=np.ones(1, dtype=np.bool_), limit=5).num_rows == 0


def test_fragments_with_the_same_counts_are_100_percent_alike_and_ordered_by_id() -> None:
    rng = np.random.default_rng(0)
    table_FT = np.tile(rng.integers(0, 4, size=(40, 7)), (3, 1)).astype(np.float64)
    factors = fit_counts(table_FT, rank=3, seed=0).factors
    rows = neighbours(factors, shown_F=np.ones(120, dtype=np.bool_), limit=2).to_pylist()
    for row in rows:
        if table_FT[row["fragment"]].any():
            assert row["function"] == row["balanced"] == 100.0
            assert row["other"] % 40 == row["fragment"] % 40 or row["rank"] == 2
