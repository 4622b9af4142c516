import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from tests.support.counts import planted

from trainer.factorization.counts.fit import fit_counts
from trainer.factorization.counts.network import FactorNetwork
from trainer.factorization.onnx.factor_graph import InvalidGraph, ParityError, export, load_onnx
from trainer.similarity.factors import Factors

FRAGMENTS = [f"fragment {index}" for index in range(11)] + ["c1ccccc1/C=C#日本"]
TARGETS = [f"t{index}" for index in range(9)]


def exported(factors: Factors, path: Path, *, run: str, fragments: list[str] = FRAGMENTS) -> float:
    return export(FactorNetwork.from_factors(factors), path, fragments=fragments, targets=TARGETS, run=run)


@pytest.fixture
def factors() -> Factors:
    return fit_counts(planted(0, 12, 9, [8, 5, 3, 1]), rank=3, seed=0).factors


@pytest.fixture
def graph(factors: Factors, tmp_path: Path) -> Path:
    exported(factors, tmp_path / "factors.onnx", run="factors-1")
    return tmp_path / "factors.onnx"


@pytest.mark.parametrize("ids", [[], [3], [11, 0, 0, 7], list(range(12))])
def test_any_number_of_fragments_gives_their_profiles_and_vectors(graph: Path, factors: Factors, ids: list[int]) -> None:
    session = onnxruntime.InferenceSession(graph)
    profiles, vectors = session.run(["profiles", "vectors"], {"fragments": np.array(ids, dtype=np.int64)})
    np.testing.assert_allclose(profiles, factors.profiles_FT[ids], atol=1e-5)
    np.testing.assert_allclose(vectors, factors.fragments_FK[ids], atol=1e-5)


def test_the_metadata_name_schema_run_fragments_and_targets(graph: Path) -> None:
    metadata = onnxruntime.InferenceSession(graph).get_modelmeta().custom_metadata_map
    assert metadata["schema"] == "ntdemo.factors/1"
    assert metadata["run"] == "factors-1"
    assert json.loads(metadata["fragments"]) == FRAGMENTS
    assert json.loads(metadata["targets"]) == TARGETS


@pytest.mark.filterwarnings("ignore")  # of torch's exporter, about itself
def test_torchs_own_exporter_makes_the_same_graph(graph: Path, factors: Factors, tmp_path: Path) -> None:
    network = FactorNetwork.from_factors(factors).eval()
    path = tmp_path / "theirs.onnx"
    names = ["profiles", "vectors"]
    torch.onnx.export(
        network, (torch.arange(2),), path, output_names=names, dynamic_shapes={"fragments": {0: "N"}}, dynamo=True
    )
    ours, theirs = onnxruntime.InferenceSession(graph), onnxruntime.InferenceSession(path)
    assert [(put.name, put.type, put.shape) for put in ours.get_inputs()] == [("fragments", "tensor(int64)", ["N"])]
    assert [(put.name, put.type, put.shape) for put in theirs.get_inputs()] == [("fragments", "tensor(int64)", ["N"])]
    assert [(put.name, put.shape) for put in ours.get_outputs()] == [(put.name, put.shape) for put in theirs.get_outputs()]
    ids = {"fragments": np.arange(12)}
    for one, other in zip(ours.run(names, ids), theirs.run(names, ids), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_export_returns_how_near_onnx_runtime_and_torch_are(factors: Factors, tmp_path: Path) -> None:
    assert 0 <= exported(factors, tmp_path / "again.onnx", run="r") <= 1e-5


def test_the_same_factors_give_the_same_bytes(factors: Factors, graph: Path, tmp_path: Path) -> None:
    exported(factors, tmp_path / "again.onnx", run="factors-1")
    assert (tmp_path / "again.onnx").read_bytes() == graph.read_bytes()


def test_a_graph_that_differs_from_torch_is_refused(factors: Factors, tmp_path: Path) -> None:
    beyond_float32 = Factors(factors.fragments_FK * 1e40, factors.targets_TK, factors.singular_K * 1e40)
    with pytest.raises(ParityError, match="differs from torch"):
        exported(beyond_float32, tmp_path / "factors.onnx", run="r")


def test_names_that_are_not_one_a_row_are_refused(factors: Factors, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="11 and 9 names"):
        exported(factors, tmp_path / "factors.onnx", fragments=FRAGMENTS[1:], run="r")
    assert not (tmp_path / "factors.onnx").exists()


def test_the_graph_comes_back_to_torch_with_the_same_outputs(graph: Path, factors: Factors) -> None:
    network, original = load_onnx(graph), FactorNetwork.from_factors(factors)
    ids_N = torch.tensor([4, 0, 11])
    for ours, theirs in zip(network(ids_N), original(ids_N), strict=True):
        assert torch.equal(ours, theirs)
    np.testing.assert_allclose(network.to_factors().fragments_FK, factors.fragments_FK, atol=1e-5)


def test_a_graph_that_came_back_can_be_trained_on(graph: Path) -> None:
    network = load_onnx(graph)
    counts_FT = torch.from_numpy(planted(9, 12, 9, [6, 4, 2])).float()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    first = network.loss(counts_FT).item()
    for _ in range(60):
        optimiser.zero_grad()
        loss = network.loss(counts_FT)
        loss.backward()  # type: ignore[no-untyped-call]  # torch
        optimiser.step()
    assert network.loss(counts_FT).item() < 0.3 * first
    fit = fit_counts(counts_FT.numpy().astype(np.float64), rank=3, seed=0, start=network)
    assert fit.curve[0][1] == pytest.approx(network.loss(counts_FT).item(), rel=1e-4)
    assert fit.curve[-1][1] < 1e-10


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x00" * 100])
def test_another_file_is_no_graph(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "factors.onnx").write_bytes(content)
    with pytest.raises(InvalidGraph, match=r"factors\.onnx"):
        load_onnx(tmp_path / "factors.onnx")


def test_another_graph_is_no_graph_of_a_factor_run(graph: Path) -> None:
    model = onnx.load(graph)
    del model.graph.initializer[:]
    onnx.save(model, graph)
    with pytest.raises(InvalidGraph, match="has no weights fragments_FK, targets_TK"):
        load_onnx(graph)
    del model.metadata_props[:]
    onnx.save(model, graph)
    with pytest.raises(InvalidGraph, match="its schema is None"):
        load_onnx(graph)


def test_an_absent_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_onnx(tmp_path / "absent.onnx")
