"""The prediction graph gives what the draws say, and comes back to torch."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
import torch
from scipy.special import ndtr
from tests.support.posteriors import drawn

from contracts.predictions import BOUNDS, FILE, OUTPUTS, SCHEMA, Scale
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.onnx.factor_graph import InvalidGraph, ParityError
from trainer.factorization.onnx.prediction_graph import export_predictor, load_predictor
from trainer.factorization.predictor import Predictor
from trainer.similarity.factors import Factors

FRAGMENTS = [f"fragment {index}" for index in range(6)] + ["c1ccccc1/C=C#日本"]
TARGETS = [f"t{index}" for index in range(5)]
QUESTION: dict[str, npt.NDArray[Any]] = {
    "fragments": np.array([3, 0, 6, 6, 2], dtype=np.int64),
    "compounds": np.array([0, 0, 1, 3, 3], dtype=np.int64),
    "unseen": np.array([0, 2, 1, 0], dtype=np.float32),
    "targets": np.array([4, 0, 2], dtype=np.int64),
}
"""The third compound has no known fragment."""


def posterior(*, binary: bool = False, draws: int = 300) -> Posterior:
    return Posterior(draws=drawn(draws, fragments=7, targets=5), centre=6.0, binary=binary)


def export(predictor: Predictor, path: Path, *, fragments: list[str] = FRAGMENTS) -> float:
    return export_predictor(predictor, path, fragments=fragments, targets=TARGETS, run="factors-1")


def ask(path: Path, question: dict[str, npt.NDArray[Any]] = QUESTION) -> dict[str, npt.NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(path)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, question), strict=True))


def sampled(found: Posterior, *, repeats: int = 400) -> npt.NDArray[np.float64]:
    """What the model of `trainer.factorization.activity.sampler` draws for the compounds of `QUESTION`: samples x B x M."""
    generator, samples = np.random.default_rng(1), []
    for s in range(len(found.draws)):
        P_FK, Q_TK = (side[s].astype(np.float64) for side in (found.draws.P_SFK, found.draws.Q_STK))
        residual_KK, fragments_KK = found.draws.residual_SKK[s], found.draws.fragments_SKK[s]
        u_RBK = generator.standard_normal((repeats, 4, 4)) @ residual_KK.T
        for compound, fragment in zip(QUESTION["compounds"], QUESTION["fragments"], strict=True):
            u_RBK[:, compound] += P_FK[fragment]
        for compound, count in enumerate(QUESTION["unseen"].astype(int)):
            u_RBK[:, compound] += (generator.standard_normal((repeats, count, 4)) @ fragments_KK.T).sum(axis=1)
        q_MK = Q_TK[QUESTION["targets"]]
        value_RBM = found.centre + u_RBK[..., :-1] @ q_MK[:, :-1].T + u_RBK[..., -1:] + q_MK[:, -1]
        noise_M = found.draws.noise_ST[s, QUESTION["targets"]] ** -0.5
        samples.append(value_RBM if found.binary else value_RBM + noise_M * generator.standard_normal(value_RBM.shape))
    return np.concatenate(samples)


def test_values_lie_where_nine_of_ten_draws_of_the_model_lie(tmp_path: Path) -> None:
    fit = posterior()
    export(Predictor.from_posterior(fit), tmp_path / FILE)
    found, samples_RBM = ask(tmp_path / FILE), sampled(fit)
    np.testing.assert_allclose(found["predictions"], samples_RBM.mean(axis=0), atol=0.05)
    inside_BM = np.mean((samples_RBM >= found["low"]) & (samples_RBM <= found["high"]), axis=0)
    np.testing.assert_allclose(inside_BM, 0.9, atol=0.02)
    np.testing.assert_array_equal(found["predictions"], found["sums"])


def test_chances_are_those_of_the_draws_and_their_bounds_too(tmp_path: Path) -> None:
    fit = replace(posterior(binary=True), centre=-0.5)
    export(Predictor.from_posterior(fit), tmp_path / FILE)
    found, chances_RBM = ask(tmp_path / FILE), ndtr(sampled(fit))
    np.testing.assert_allclose(found["predictions"], chances_RBM.mean(axis=0), atol=0.02)
    for name, quantile in (("low", 0.05), ("high", 0.95)):
        np.testing.assert_allclose(found[name], np.quantile(chances_RBM, quantile, axis=0), atol=0.05)


@pytest.mark.parametrize("binary", [False, True])
def test_contributions_levels_and_the_mean_add_up_to_the_sums(tmp_path: Path, *, binary: bool) -> None:
    export(Predictor.from_posterior(posterior(binary=binary)), tmp_path / FILE)
    found = ask(tmp_path / FILE)
    sums_BM = np.tile(found["mean"] + found["levels"], (4, 1))
    np.add.at(sums_BM, QUESTION["compounds"], found["contributions"])
    np.testing.assert_allclose(sums_BM, found["sums"], atol=1e-5)
    np.testing.assert_allclose(found["sums"][2], found["mean"] + found["levels"], atol=1e-6)


def test_each_unknown_fragment_widens_the_interval_and_moves_nothing(tmp_path: Path) -> None:
    export(Predictor.from_posterior(posterior()), tmp_path / FILE)
    alike = {**QUESTION, "compounds": QUESTION["compounds"] * 0, "unseen": np.array([0], dtype=np.float32)}
    answers = [ask(tmp_path / FILE, {**alike, "unseen": np.array([count], dtype=np.float32)}) for count in range(3)]
    widths = [answer["high"] - answer["low"] for answer in answers]
    assert (widths[0] < widths[1]).all()
    assert (widths[1] < widths[2]).all()
    np.testing.assert_array_equal(answers[0]["predictions"], answers[2]["predictions"])


def test_scores_of_positives_have_the_intervals_of_the_score_without_a_measurements_noise(tmp_path: Path) -> None:
    quiet = replace(drawn(300, fragments=7, targets=5), noise_ST=np.full((300, 5), 1e9))
    export(Predictor.from_posterior(posterior(), positives=True), tmp_path / FILE)
    export(Predictor.from_posterior(replace(posterior(), draws=quiet)), tmp_path / "quiet.onnx")
    assert onnxruntime.InferenceSession(tmp_path / FILE).get_modelmeta().custom_metadata_map["scale"] == Scale.SCORE.value
    scores, values = ask(tmp_path / FILE), ask(tmp_path / "quiet.onnx")
    for name in (*OUTPUTS, *BOUNDS):
        np.testing.assert_allclose(scores[name], values[name], atol=1e-5)


def test_sums_of_counts_are_those_of_the_profiles_without_bounds(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    factors = Factors.from_product(generator.normal(size=(7, 3)), generator.normal(size=(5, 3)))
    export(Predictor.from_factors(factors), tmp_path / FILE)
    found = ask(tmp_path / FILE)
    assert found.keys() == set(OUTPUTS)
    np.testing.assert_allclose(
        found["contributions"], factors.profiles_FT[QUESTION["fragments"]][:, QUESTION["targets"]], atol=1e-5
    )
    np.testing.assert_allclose(found["predictions"][1], found["contributions"][2], atol=1e-6)
    assert (found["predictions"][2] == 0).all()


@pytest.mark.parametrize(("fragments", "targets"), [([], [1]), ([2], []), ([], [])])
def test_nothing_asked_for_is_nothing_answered(tmp_path: Path, fragments: list[int], targets: list[int]) -> None:
    export(Predictor.from_posterior(posterior()), tmp_path / FILE)
    question: dict[str, npt.NDArray[Any]] = {
        "fragments": np.array(fragments, dtype=np.int64),
        "compounds": np.zeros(len(fragments), dtype=np.int64),
        "unseen": np.array([1], dtype=np.float32),
        "targets": np.array(targets, dtype=np.int64),
    }
    found = ask(tmp_path / FILE, question)
    assert found["predictions"].shape == (1, len(targets))
    assert found["contributions"].shape == (len(fragments), len(targets))


def test_the_metadata_name_schema_run_scale_fragments_and_targets(tmp_path: Path) -> None:
    export(Predictor.from_posterior(posterior(binary=True)), tmp_path / FILE)
    session = onnxruntime.InferenceSession(tmp_path / FILE)
    stated = session.get_modelmeta().custom_metadata_map
    assert (stated["schema"], stated["run"], stated["scale"]) == (SCHEMA, "factors-1", Scale.CHANCE.value)
    assert (json.loads(stated["fragments"]), json.loads(stated["targets"])) == (FRAGMENTS, TARGETS)
    assert [output.name for output in session.get_outputs()] == [*OUTPUTS, *BOUNDS]


@pytest.mark.parametrize("binary", [False, True])
def test_the_graph_comes_back_to_torch_with_the_same_outputs(tmp_path: Path, *, binary: bool) -> None:
    assert export(Predictor.from_posterior(posterior(binary=binary, draws=8)), tmp_path / FILE) <= 1e-5
    again = load_predictor(tmp_path / FILE)
    found = again(**{name: torch.from_numpy(array) for name, array in QUESTION.items()})
    for name, theirs in ask(tmp_path / FILE).items():
        np.testing.assert_allclose(getattr(found, name).numpy(), theirs, atol=1e-5)
    assert export(again, tmp_path / "again.onnx") <= 1e-5
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / FILE).read_bytes()


def test_a_graph_that_differs_from_torch_is_refused(tmp_path: Path) -> None:
    factors = Factors.from_product(np.full((7, 1), 1e20), np.full((5, 1), 1e20))
    beyond_float32 = Predictor.from_factors(factors)
    with pytest.raises(ParityError, match="differs from torch"):
        export(beyond_float32, tmp_path / FILE)


def test_names_that_are_not_one_a_row_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="6 and 5 names for 7 fragments and 5 targets"):
        export(Predictor.from_posterior(posterior(draws=2)), tmp_path / FILE, fragments=FRAGMENTS[1:])
    assert not (tmp_path / FILE).exists()


def test_other_files_are_no_prediction_graphs(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_bytes(b"hello")
    with pytest.raises(InvalidGraph, match="is no ONNX file"):
        load_predictor(path)
    export(Predictor.from_posterior(posterior(draws=2)), path)
    model = onnx.load(path)
    del model.graph.initializer[:]
    onnx.save(model, path)
    with pytest.raises(InvalidGraph, match="has no weights"):
        load_predictor(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(InvalidGraph, match="its schema is None"):
        load_predictor(path)
