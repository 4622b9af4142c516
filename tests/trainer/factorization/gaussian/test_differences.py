"""What two compounds differ by, told without the values of both."""

import numpy as np
from tests.support.gaussian import fitted, table

from trainer.factorization.gaussian.differences import left_out
from trainer.factorization.gaussian.kernel import LEVEL


def test_it_is_what_all_other_cells_say() -> None:
    given, fit = table(), fitted(table())
    target_N, first_N, second_N = np.array([1, 0, 1]), np.array([0, 3, 4]), np.array([2, 17, 30])
    found = left_out(fit, given.kernel, target_N, first_N, second_N)
    for place, (target, first, second) in enumerate(zip(target_N.tolist(), first_N.tolist(), second_N.tolist(), strict=True)):
        rows = fit.order_N[fit.at(target)]
        compound_M, value_M = fit.taught.compound[rows], fit.taught.value[rows]
        others = ~np.isin(compound_M, [first, second])
        known, pair = compound_M[others], np.array([first, second])
        kernel_MM = given.kernel.between(known, known, fit.share).astype(float) + LEVEL
        kernel_MM += fit.noise_T[target] * np.eye(len(known))
        cross_2M = given.kernel.between(pair, known, fit.share).astype(float) + LEVEL
        own_22 = given.kernel.between(pair, pair, fit.share).astype(float) + LEVEL
        mean_2 = cross_2M @ np.linalg.solve(kernel_MM, value_M[others] - fit.centre_T[target])
        left_22 = own_22 - cross_2M @ np.linalg.solve(kernel_MM, cross_2M.T)
        wanted = fit.signal_T[target] * (left_22[0, 0] + left_22[1, 1] - 2 * left_22[0, 1])
        np.testing.assert_allclose(found.expected_N[place], mean_2[1] - mean_2[0], rtol=1e-5)
        np.testing.assert_allclose(found.variance_N[place], wanted, rtol=1e-4)
        np.testing.assert_allclose(found.noise_N[place], 2 * fit.signal_T[target] * fit.noise_T[target])


def test_the_other_order_has_the_other_sign() -> None:
    given, fit = table(), fitted(table())
    pair = np.array([0, 5]), np.array([7, 11])
    there, back = (left_out(fit, given.kernel, np.array([0, 0]), *sides) for sides in (pair, pair[::-1]))
    np.testing.assert_allclose(there.expected_N, -back.expected_N)
    np.testing.assert_allclose(there.variance_N, back.variance_N)
