import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.factorization.activity.products import Products
from trainer.factorization.activity.rows import Rows

CPU = torch.device("cpu")


def side(seed: int, *, rows: int, others: int, cells: int, threads: int = 1) -> Rows:
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.choice(rows * others, cells, replace=False))
    return Rows(chosen // others, chosen % others, rows=rows, device=CPU, threads=threads)


def normals(seed: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 12),
    others=st.integers(1, 400),
    share=st.floats(0, 1),
    K=st.sampled_from([1, 7, 8, 33]),
    seed=st.integers(0, 9),
)
def test_machine_code_and_torch_sum_the_same_over_cells(rows: int, others: int, share: float, K: int, seed: int) -> None:
    cells = int(share * rows * others)
    by_row = side(seed, rows=rows, others=others, cells=cells)
    rows_RK, said_OK, left_OK = normals(seed, rows, K + 1), normals(seed + 1, others, K + 1), normals(seed + 2, others, K + 1)
    offset_N, values_N, weights_N = normals(seed + 3, 3, cells)
    compiled, by_torch = (Products(by_row, compiled=compiled) for compiled in (True, False))
    others_OK = said_OK + left_OK
    torch.testing.assert_close(
        compiled.expected_N(rows_RK, others_OK), by_torch.expected_N(rows_RK, others_OK), atol=2e-5, rtol=1e-4
    )
    given = {"offset_N": offset_N, "values_N": values_N, "weights_N": weights_N.abs()}
    found, expected = (products.moments_R55(rows_RK, said_OK, left_OK, **given) for products in (compiled, by_torch))
    np.testing.assert_allclose(found, expected, atol=1e-4 * (1 + cells * K), rtol=1e-4)
    np.testing.assert_array_equal(found, found.transpose(0, 2, 1))


def test_parts_of_a_cell_add_up_to_what_is_expected_of_it() -> None:
    by_row = side(0, rows=3, others=5, cells=9)
    rows_RK, said_OK, left_OK = normals(1, 3, 4), normals(2, 5, 4), normals(3, 5, 4)
    products = Products(by_row, compiled=True)
    expected_N = products.expected_N(rows_RK, said_OK + left_OK)
    rows, columns = np.repeat(np.arange(3), np.diff(by_row.starts_R)), by_row.columns_N.numpy()
    total_N = (
        (rows_RK[rows, :-1] * (said_OK + left_OK)[columns, :-1]).sum(1) + rows_RK[rows, -1] + (said_OK + left_OK)[columns, -1]
    )
    torch.testing.assert_close(expected_N, total_N)
    zeros_N, ones_N = torch.zeros(9), torch.ones(9)
    moments_R55 = products.moments_R55(rows_RK, said_OK, left_OK, offset_N=zeros_N, values_N=expected_N, weights_N=ones_N)
    np.testing.assert_allclose(moments_R55[:, 4, 4], 0.0, atol=1e-9)


def test_sums_are_the_same_bits_for_any_number_of_threads() -> None:
    found = []
    for threads in (1, 2, 5):
        products = Products(side(0, rows=40, others=300, cells=4_000, threads=threads), compiled=True)
        numbers = {name: normals(seed, 4_000).abs() for seed, name in enumerate(("offset_N", "values_N", "weights_N"))}
        found.append(products.moments_R55(normals(3, 40, 9), normals(4, 300, 9), normals(5, 300, 9), **numbers))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
