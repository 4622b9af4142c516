import numpy as np
import pytest
import scipy.sparse
import torch

from trainer.factorization.activity.link import Link


def test_the_mean_is_ridge_regression_and_a_draw_is_exact_about_what_it_was_given() -> None:
    generator = np.random.default_rng(0)
    A = (generator.random((80, 15)) < 0.2).astype(np.float64)
    U = generator.standard_normal((80, 3))
    link = Link(scipy.sparse.csr_array(A), device=torch.device("cpu"))
    U_t = torch.from_numpy(U.astype(np.float32))
    found = link.solve(U_t, precision_K=torch.full((3,), 0.7), normals=None).numpy()
    inverse = np.linalg.inv(A.T @ A + 0.7 * np.eye(15))
    np.testing.assert_allclose(found, inverse @ A.T @ U, atol=1e-3)
    noise_C, noise_F = generator.standard_normal((80, 3)), generator.standard_normal((15, 3))
    normals = (torch.from_numpy(noise_C.astype(np.float32)), torch.from_numpy(noise_F.astype(np.float32)))
    drawn = link.solve(U_t, precision_K=torch.full((3,), 0.7), normals=normals).numpy()
    np.testing.assert_allclose(drawn, inverse @ (A.T @ (U + noise_C) + 0.7**0.5 * noise_F), atol=1e-3)


def test_fragments_that_always_come_together_and_fragments_in_no_compound_are_no_trouble() -> None:
    A = scipy.sparse.csr_array(np.array([[1.0, 1.0, 0.0]] * 5))
    found = Link(A, device=torch.device("cpu")).solve(torch.ones(5, 2), precision_K=torch.ones(2), normals=None)
    torch.testing.assert_close(found, torch.tensor([[5 / 11] * 2, [5 / 11] * 2, [0.0] * 2]), atol=1e-4, rtol=1e-4)


def test_a_precision_known_beforehand_gives_what_any_other_way_gives() -> None:
    generator = np.random.default_rng(0)
    A = scipy.sparse.csr_array((generator.random((80, 15)) < 0.2).astype(np.float64))
    U = torch.from_numpy(generator.standard_normal((80, 3)).astype(np.float32))
    first, second = (
        Link(A, device="cpu", precision=precision).solve(U, precision_K=torch.full((3,), 7.0), normals=None)
        for precision in (None, 7.0)
    )
    torch.testing.assert_close(second, first, atol=1e-5, rtol=1e-4)
    with pytest.raises(ValueError, match="factorised for the precision"):
        Link(A, device="cpu", precision=7.0).solve(U, precision_K=torch.full((3,), 8.0), normals=None)
