"""A model that is asked from its file, beside the fit it was made of."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from tests.support.gaussian import SMILES, Table, arrays_of, fitted, named, panel_of, table

from chemistry import fragment
from chemistry.fingerprints import fingerprint
from contracts.fingerprints import KINDS
from prediction.differences import alike
from prediction.model_file import InvalidModelFile, map_arrays, write_arrays
from prediction.predictor import NEAREST, Asked, Predictor
from prediction.similarities import FeatureIndex
from trainer.evaluation.foretold import asked_of as asked_of_api
from trainer.evaluation.standing import standing_of
from trainer.factorization.gaussian.fit import Gaussian
from trainer.factorization.gaussian.kernel import LEVEL
from trainer.factorization.gaussian.model import Calibration, Probit, Stretch, standing_arrays, write_model
from trainer.factorization.gaussian.molecules import Molecules

NAMED = named(table())


@pytest.fixture(scope="module")
def given() -> Table:
    return table()


@pytest.fixture(scope="module")
def fit(given: Table) -> Gaussian:
    return fitted(given, share=0.3)


@pytest.fixture
def predictor(given: Table, fit: Gaussian, tmp_path: Path) -> Predictor:
    write_model(tmp_path / "model", fit, panel_of(fit), given.kernel, NAMED, Calibration())
    return Predictor.open(tmp_path / "model")


def asked_of(given: Table, compound: int) -> Asked:
    """A compound of the table as if it were new."""
    rows = given.kernel.membership_CF
    return Asked(
        rows.indices[rows.indptr[compound] : rows.indptr[compound + 1]].astype(np.int64), fingerprint(SMILES[compound])
    )


def test_similarities_are_those_the_fit_learned_from(given: Table, predictor: Predictor) -> None:
    assert given.kernel.molecules is not None
    expected_C = given.kernel.molecules.tanimoto(np.array([7]), np.arange(len(SMILES)))[0]
    np.testing.assert_allclose(predictor.similarities_C(asked_of(given, 7)), expected_C, atol=1e-6)


def test_a_molecule_of_features_nobody_has_is_like_no_compound(predictor: Predictor) -> None:
    asked = Asked(np.zeros(0, np.int64), fingerprint("[Xe]"))
    assert predictor.similarities_C(asked).max() < 0.7
    assert np.isfinite(predictor.predict(asked).sum_M).all()


@pytest.mark.parametrize("compound", [0, 1, 17, 35])
def test_values_are_those_of_the_kernel_and_add_up(given: Table, fit: Gaussian, predictor: Predictor, compound: int) -> None:
    found = predictor.predict(asked_of(given, compound))
    for target in range(3):
        part = fit.at(target)
        compound_N = given.cells.compound[fit.order_N[part]]
        kernel_N = given.kernel.between(np.array([compound]), compound_N, fit.share)[0] + LEVEL
        expected = fit.centre_T[target] + kernel_N @ fit.weight_N[part]
        assert found.sum_M[target] == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(found.level_M + found.contributions_GM.sum(axis=0) + found.rest_M, found.sum_M, rtol=1e-12)


def test_variance_is_that_of_the_textbook_given_the_nearest_points(given: Table, fit: Gaussian, predictor: Predictor) -> None:
    found = predictor.predict(asked_of(given, 3), np.array([1]))
    part = fit.at(1)
    compound_N = given.cells.compound[fit.order_N[part]]
    kernel_N = given.kernel.between(np.array([3]), compound_N, fit.share)[0] + LEVEL
    near_K = np.argsort(-kernel_N)[:NEAREST]
    assert len(near_K) < len(compound_N)
    kernel_K, compound_K = kernel_N[near_K], compound_N[near_K]
    kernel_KK = given.kernel.between(compound_K, compound_K, fit.share) + LEVEL + fit.noise_T[1] * np.eye(len(compound_K))
    itself = given.kernel.itself(np.array([3]), fit.share)[0] + LEVEL
    variance = fit.signal_T[1] * (itself - kernel_K @ np.linalg.solve(kernel_KK, kernel_K) + fit.noise_T[1])
    half = 1.6448536 * np.sqrt(variance)
    assert (found.high_M - found.low_M)[0] == pytest.approx(2 * half, rel=0.03)  # pairs are kept in 8 bits


def test_a_target_of_few_points_is_judged_by_all_of_them(given: Table, fit: Gaussian, predictor: Predictor) -> None:
    found = predictor.predict(asked_of(given, 3), np.array([2, 0]))
    part = fit.at(2)
    compound_N = given.cells.compound[fit.order_N[part]]
    kernel_N = given.kernel.between(np.array([3]), compound_N, fit.share)[0] + LEVEL
    kernel_NN = given.kernel.between(compound_N, compound_N, fit.share) + LEVEL + fit.noise_T[2] * np.eye(len(compound_N))
    itself = given.kernel.itself(np.array([3]), fit.share)[0] + LEVEL
    variance = fit.signal_T[2] * (itself - kernel_N @ np.linalg.solve(kernel_NN, kernel_N) + fit.noise_T[2])
    assert found.sd_M[0] == pytest.approx(np.sqrt(variance), rel=0.03)


def test_what_is_unlike_everything_is_less_sure(given: Table, predictor: Predictor) -> None:
    near, far = predictor.predict(asked_of(given, 3)), predictor.predict(Asked(np.zeros(0, np.int64), fingerprint("[Xe]")))
    assert ((far.high_M - far.low_M) > (near.high_M - near.low_M)).all()
    assert (far.similarity_M < near.similarity_M).all()


def test_intervals_are_stretched_by_similarity(given: Table, fit: Gaussian, predictor: Predictor) -> None:
    arrays, about = arrays_of(given, fit, Calibration(Stretch(np.array([0.0, 1.0]), np.array([3.0, 3.0]))))
    wide, plain = Predictor(arrays, about).predict(asked_of(given, 3)), predictor.predict(asked_of(given, 3))
    np.testing.assert_allclose(wide.high_M - wide.low_M, 3 * (plain.high_M - plain.low_M), rtol=1e-9)


def test_the_nearest_measured_compounds_carry_their_values(given: Table, predictor: Predictor) -> None:
    asked = asked_of(given, 4)
    ids, similarity, value = predictor.nearest(predictor.similarities_C(asked), 0, 3)
    assert ids[0] == 4
    assert similarity[0] == 1.0
    assert value[0] == pytest.approx(given.cells.value[(given.cells.compound == 4) & (given.cells.target == 0)][0], rel=1e-6)
    assert (np.diff(similarity) <= 0).all()


@pytest.mark.parametrize("kept", [0, 4, 100, 5_000])
def test_a_cut_file_is_refused(given: Table, fit: Gaussian, tmp_path: Path, kept: int) -> None:
    write_model(tmp_path / "model", fit, panel_of(fit), given.kernel, NAMED, Calibration())
    whole = (tmp_path / "model").read_bytes()
    assert kept < len(whole)
    (tmp_path / "model").write_bytes(whole[:kept])
    with pytest.raises(InvalidModelFile, match="model"):
        map_arrays(tmp_path / "model")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    write_arrays(tmp_path / "other", {"a": np.ones(3)}, {"schema": "other"})
    with pytest.raises(ValueError, match="schema 'other'"):
        Predictor.open(tmp_path / "other")


def test_a_compound_of_the_data_is_found_by_its_structure_with_what_was_measured(given: Table, predictor: Predictor) -> None:
    found = predictor.compounds.find(fragment(SMILES[4]).parent)
    assert found == 4
    assert predictor.compounds.name(found) == "C4"
    target_M, value_M = predictor.compounds.measured(found)
    assert target_M.tolist() == [0, 1]
    np.testing.assert_array_equal(value_M, given.cells.value[given.cells.compound == 4])
    assert predictor.compounds.find("CCO") is None


def test_chances_lie_between_0_and_1_inside_their_intervals(given: Table, fit: Gaussian) -> None:
    arrays, about = arrays_of(given, fit, Calibration(probit=Probit(-6.0, 1.0)))
    found = Predictor(arrays, about).predict(asked_of(given, 3), np.array([0]))
    assert (found.low_M > 0).all()
    assert (found.low_M < found.prediction_M).all()
    assert (found.prediction_M < found.high_M).all()
    assert (found.high_M < 1).all()


def test_a_compound_of_the_data_is_completed_by_its_own_row(given: Table, fit: Gaussian, predictor: Predictor) -> None:
    asked = asked_of(given, 3)  # measured on the first target alone
    new, known = predictor.predict(asked), predictor.predict(replace(asked, matched=3))
    residual = (fit.residuals()[0])[(given.cells.compound == 3) & (given.cells.target == 0)][0]
    # One measurement and one factor: the textbook's regression of one normal variable on another.
    square, noise = 0.8**2 + 0.01, 0.4
    row = (residual * 0.8 / noise) / (1.0 + square / noise)
    expected = 0.9 * 0.8 * row * np.sqrt(fit.signal_T[1])
    assert known.panel_M[1] == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(known.sum_M - new.sum_M, known.panel_M, rtol=1e-9)
    assert known.panel_M[0] == 0.0  # what was measured there is known to the rest
    assert (known.sd_M[1:] < new.sd_M[1:]).all()
    assert known.sd_M[0] == new.sd_M[0]


def test_intervals_of_completions_have_their_own_stretch(given: Table, fit: Gaussian) -> None:
    wide = Stretch(np.zeros(1), np.full(1, 2.0))
    plain, stretched = (Predictor(*arrays_of(given, fit, each)) for each in (Calibration(), Calibration(known=wide)))
    asked = replace(asked_of(given, 3), matched=3)
    one, other = plain.predict(asked), stretched.predict(asked)
    np.testing.assert_allclose(other.sd_M, [one.sd_M[0], *(2.0 * one.sd_M[1:])], rtol=1e-9)


@pytest.mark.parametrize("compounds", [36, 5, 300])
def test_levels_that_many_reach_and_levels_that_few_reach_are_counted_alike(compounds: int) -> None:
    """Of 300 compounds, numbers take two bytes and most levels are kept as lists; of five, all are kept as bits."""
    chains = [f"{smiles}{'C' * (number // len(SMILES))}" for number, smiles in enumerate(SMILES * 9)][:compounds]
    molecules = Molecules.of([fragment(smiles).parent for smiles in chains])
    arrays: dict[str, np.ndarray] = {}
    for kind, codes_V, counts_CV, sizes_C in zip(KINDS, molecules.codes, molecules.counts, molecules.sizes_C, strict=True):
        counts_VC = scipy.sparse.csr_array(counts_CV.T)
        counts_VC.sort_indices()
        arrays |= FeatureIndex.arrays(kind, codes_V, counts_VC, sizes_C)
    index = FeatureIndex.of(arrays)
    for smiles in (chains[0], chains[-1], "CCCCCCCCCCCCCCCCCCO", "[Xe]"):
        asked = fingerprint(fragment(smiles).parent if smiles in chains else smiles)
        expected_C = [alike(asked, fingerprint(fragment(each).parent)) for each in chains]
        np.testing.assert_allclose(index.similarities_C(asked), expected_C, atol=1e-6)
    assert len(arrays["atom_pairs.crowded"]) > 0
    assert (len(arrays["atom_pairs.members"]) > 0) == (compounds > 5)


def test_compounds_are_compared_with_others_of_the_data(given: Table, fit: Gaussian, predictor: Predictor) -> None:
    """Over these, every target is as often above as below; by sureness alone some are always ahead."""
    standing = standing_of(predictor, given.kernel, NAMED, given.cells)
    arrays, about = arrays_of(given, fit)
    compared = Predictor(arrays | standing_arrays(standing), about)
    expected = [compared.expect(asked_of_api(compared, given.kernel, NAMED, compound)) for compound in range(len(SMILES))]
    standing_CT = np.array([compared.standing(each) for each in expected])
    np.testing.assert_allclose(np.median(standing_CT, axis=0), 0.0, atol=1e-9)
    np.testing.assert_allclose(np.quantile(standing_CT, 0.9, axis=0), 1.0, rtol=1e-9)
    assert np.ptp(np.array([compared.sureness(each) for each in expected]).std(axis=0)) > 0.1


def test_what_few_compounds_tell_is_compared_in_its_own_units(given: Table, fit: Gaussian) -> None:
    arrays, about = arrays_of(given, fit)
    alone = Predictor(arrays, about)
    standing = standing_of(alone, given.kernel, NAMED, given.cells.at(np.array([5])))
    np.testing.assert_array_equal(standing.spread_T, 1.0)
    assert np.isfinite(Predictor(arrays | standing_arrays(standing), about).standing(alone.expect(asked_of(given, 3)))).all()
