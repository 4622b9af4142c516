"""A bundle does what the network does, in 8 bits, row by row, and its card says where it comes from."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

import trainer
from dialogue.bundle import Architecture, Language, ModelCard, StateUpdate, read_bundle, read_card
from dialogue.graphs import Graphs
from dialogue.rows import Rows
from trainer.dialogue import export
from trainer.dialogue.corpus.reading import read_corpus
from trainer.dialogue.corpus.starter import openings_file, starter_file
from trainer.dialogue.export import BadExport, Provenance, export_bundle
from trainer.dialogue.graphs import write_graphs
from trainer.dialogue.networks.network import DialogueNetwork
from trainer.dialogue.scorecard import measure, openings
from trainer.dialogue.training import DialogueResult
from trainer.dialogue.wording import plain

_PROVENANCE = Provenance("ntdemo-train dialogue", "dialogue-1", "0123abc", datetime(2026, 11, 23, tzinfo=UTC))
_Trained = Callable[[Architecture], DialogueResult]


_Writer = Callable[[DialogueNetwork, Path, Path], None]


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> _Writer:
    """Writes graphs as the trainer does, those of a network that comes again by copying: torch's exporter takes seconds."""
    folder = tmp_path_factory.mktemp("graphs")

    def write(network: DialogueNetwork, encoder: Path, step: Path) -> None:
        kept = [folder / f"{id(network)}-{name}" for name in ("encoder", "step")]
        if not kept[1].exists():
            write_graphs(network, *kept)
        for source, target in zip(kept, (encoder, step), strict=True):
            shutil.copyfile(source, target)

    return write


@pytest.fixture(scope="session")
def exported(
    tmp_path_factory: pytest.TempPathFactory, trained: _Trained, writer: _Writer
) -> Callable[[Architecture], tuple[Path, ModelCard]]:
    """A bundle with its scorecard."""

    @cache
    def of(architecture: Architecture) -> tuple[Path, ModelCard]:
        directory = tmp_path_factory.mktemp(f"bundle-{architecture}")
        result = trained(architecture)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(export, "write_graphs", writer)
            card = export_bundle(
                result, directory, provenance=_PROVENANCE, scorecard=measure(result), openings=openings(result)
            )
        return directory, card

    return of


_Exported = Callable[[Architecture], tuple[Path, ModelCard]]
architectures = pytest.mark.parametrize("architecture", list(Architecture))


@pytest.mark.slow
@architectures
def test_a_bundle_is_read_back_and_its_graphs_are_close_to_the_network(exported: _Exported, architecture: Architecture) -> None:
    directory, card = exported(architecture)
    assert read_card(directory) == card
    assert card.export.parity <= 1e-4
    assert card.export.perplexity_int8 == pytest.approx(card.export.perplexity_float32, rel=0.02)
    assert card.training.steps == 60
    assert card.training.parameters > 10_000
    assert card.sources[0].name == "starter/en.jsonl"


@architectures
def test_the_graphs_have_the_names_and_shapes_of_the_contract(exported: _Exported, architecture: Architecture) -> None:
    directory, card = exported(architecture)

    def shapes(values: object) -> dict[str, list[object]]:
        found: dict[str, list[object]] = {}
        for value in values:  # type: ignore[attr-defined]  # onnx ships no types
            found[value.name] = [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        return found

    encoder, step = (onnx.load(directory / name).graph for name in ("encoder.onnx", "step.onnx"))
    by_update = {update: [state for state in card.states if state.update is update] for update in StateUpdate}
    assert shapes(encoder.input) == {"context": ["rows", "tokens"]}
    made = by_update[StateUpdate.FIXED] + by_update[StateUpdate.REPLACED]
    assert shapes(encoder.output) == {state.name: ["rows", *state.shape] for state in made}
    assert shapes(step.input) == {"token": ["rows"], "position": ["rows"]} | {
        state.name: ["rows", *state.shape] for state in card.states
    }
    successors: dict[str, list[object]] = {
        f"next_{state.name}": ["rows", *state.shape] for state in by_update[StateUpdate.REPLACED]
    }
    for state in by_update[StateUpdate.APPENDED]:
        shape: list[object] = ["rows", *state.shape]
        del shape[state.slot_axis or 0]
        successors[f"next_{state.name}"] = shape
    assert shapes(step.output) == {"logits": ["rows", card.sizes["vocabulary"]]} | successors


@architectures
def test_rows_of_a_bundle_do_not_influence_one_another(exported: _Exported, architecture: Architecture) -> None:
    directory, _ = exported(architecture)
    graphs = Graphs.of_bundle(*read_bundle(directory))
    random = np.random.default_rng(0)
    contexts = [random.integers(5, 400, 12 if row == 4 else 30).tolist() for row in range(9)]
    token_B = random.integers(5, 400, 9)
    logits_BV = _stepped(graphs, contexts, token_B)
    for row in (0, 4):
        alone_1V = _stepped(graphs, contexts[row : row + 1], token_B[row : row + 1])
        np.testing.assert_allclose(logits_BV[row : row + 1], alone_1V, atol=0.02)  # rounding in 8 bits of equal states
    together, alone = Rows(graphs), Rows(graphs)
    together.join(graphs.encode(contexts), 9)
    alone.join({name: states[:1] for name, states in together.states.items()})
    np.testing.assert_array_equal(alone.step(token_B[:1], [0]), logits_BV[:1])


def _stepped(graphs: Graphs, contexts: list[list[int]], token_B: NDArray[np.int64]) -> NDArray[np.float32]:
    rows = Rows(graphs)
    rows.join(graphs.encode(contexts), len(contexts))
    return rows.step(token_B, [0] * len(contexts)).copy()


@architectures
def test_a_row_may_join_a_batch_at_another_position(exported: _Exported, architecture: Architecture) -> None:
    directory, _ = exported(architecture)
    graphs = Graphs.of_bundle(*read_bundle(directory))
    first, second, both = Rows(graphs), Rows(graphs), Rows(graphs)
    for rows in (first, both):
        rows.join(graphs.encode([[9, 8, 7]]))
        for position, token in enumerate((2, 30, 31)):
            rows.step([token], [position])
    for rows in (second, both):
        rows.join(graphs.encode([[11, 12, 4, 13]]))
    together = both.step([32, 2], [3, 0])
    alone = [first.step([32], [3]), second.step([2], [0])]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-5)
    for name, states in both.states.items():
        np.testing.assert_allclose(states, np.concatenate([first.states[name], second.states[name]]), atol=1e-5)


@architectures
def test_the_scorecard_is_in_the_card_and_is_the_same_each_time(
    exported: _Exported, trained: _Trained, architecture: Architecture
) -> None:
    directory, card = exported(architecture)
    assert card.scorecard is not None
    assert card.scorecard == measure(trained(architecture))
    assert [row.name for row in card.scorecard.ranking] == ["log p", "mmi", "pmi", "tf-idf", "random"]
    assert [row.name for row in card.scorecard.replies] == ["greedy", "sampled", "tf-idf", "random", "human"]
    assert card.scorecard.coverage_percent == 100
    assert card.scorecard.unit == "word"
    written = json.loads((directory / "openings.json").read_text("utf-8"))
    assert len(written) == 20
    assert all(set(opening) == {"message", "reply", "reference"} for opening in written)


@architectures
def test_weights_are_stored_in_eight_bits(exported: _Exported, architecture: Architecture) -> None:
    for name, products in (("encoder", False), ("step", True)):
        small = onnx.load(exported(architecture)[0] / f"{name}.onnx").graph
        floats = [tensor for tensor in small.initializer if tensor.data_type == 1 and np.prod(tensor.dims) >= 2_048]
        # Position tables and scales aside, nothing large is left in float.
        assert sum(int(np.prod(tensor.dims)) for tensor in floats) < 12_000
        assert any(node.op_type == "MatMulNBits" for node in small.node) == products


@architectures
def test_a_bundle_says_nothing_of_the_machine_it_was_made_on(exported: _Exported, architecture: Architecture) -> None:
    directory, _ = exported(architecture)
    for home in {str(Path(package.__file__ or "").parents[1]).encode() for package in (trainer, torch)}:
        assert [path.name for path in directory.iterdir() if home in path.read_bytes()] == []


def test_graphs_that_differ_from_the_network_are_not_exported(
    tmp_path: Path, trained: _Trained, writer: _Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "write_graphs", writer)
    monkeypatch.setattr(export, "_PARITY", 1e-12)
    with pytest.raises(BadExport, match="the graphs differ from the network"):
        export_bundle(trained(Architecture.GRU), tmp_path, provenance=_PROVENANCE)
    assert not (tmp_path / "model-card.json").exists()


def test_eight_bits_that_cost_too_much_are_not_exported(
    tmp_path: Path, trained: _Trained, writer: _Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "write_graphs", writer)

    def ruin(source: Path, target: Path, *, products: bool) -> None:
        model = onnx.load(source)
        for tensor in model.graph.initializer:
            if tensor.data_type == 1 and len(tensor.dims) > 1:
                tensor.raw_data = torch.randn(*tensor.dims).numpy().tobytes()
        onnx.save(model, target)

    monkeypatch.setattr(export, "quantise", ruin)
    with pytest.raises(BadExport, match="8-bit weights raise the perplexity"):
        export_bundle(trained(Architecture.GRU), tmp_path, provenance=_PROVENANCE)
    assert not (tmp_path / "model-card.json").exists()


@pytest.mark.parametrize("language", list(Language))
def test_no_bot_learns_the_openings_it_is_asked(language: Language) -> None:
    asked = {plain(found.turns[0].text) for found in read_corpus(openings_file(language))}
    learned = {plain(turn.text) for found in read_corpus(starter_file(language)) for turn in found.turns}
    assert len(asked) == 20
    assert not asked & learned
