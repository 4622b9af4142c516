"""A new training may begin with what another bot has learned, and with no other bot's."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dialogue.bundle import Architecture, Language
from trainer.dialogue.evaluation import token_perplexity
from trainer.dialogue.failures import InvalidCheckpoint
from trainer.dialogue.preparation import prepare
from trainer.dialogue.training import DialogueResult, train
from trainer.dialogue.weights import Weights, read_weights, shipped_weights, write_weights

_Trained = Callable[[Architecture], DialogueResult]
architectures = pytest.mark.parametrize("architecture", list(Architecture))


def _weights(result: DialogueResult) -> Weights:
    return Weights(
        language=result.spec.language,
        architecture=result.spec.architecture,
        sizes=result.sizes,
        tokens=result.prepared.tokens.model,
        parameters={name: values.numpy() for name, values in result.network.state_dict().items()},
    )


@architectures
def test_weights_are_read_back_to_eight_bits(tmp_path: Path, trained: _Trained, architecture: Architecture) -> None:
    wrote = _weights(trained(architecture))
    write_weights(wrote, tmp_path / "weights.npz")
    read = read_weights(tmp_path / "weights.npz")
    assert replace(read, parameters={}) == replace(wrote, parameters={})
    assert read.parameters.keys() == wrote.parameters.keys()
    for name, values in wrote.parameters.items():
        np.testing.assert_allclose(read.parameters[name], values, atol=float(np.abs(values).max()) / 250)


@architectures
def test_a_training_that_begins_with_weights_knows_what_they_know(
    tmp_path: Path, trained: _Trained, architecture: Architecture
) -> None:
    before = trained(architecture)
    write_weights(_weights(before), tmp_path / "weights.npz")
    asked = before.spec.model_copy(update={"iterations": 1, "begin_with": tmp_path / "weights.npz"})
    prepared = prepare(asked)
    assert prepared.tokens.model == before.prepared.tokens.model
    begun = train(asked, directory=tmp_path / "begun", prepared=prepared)
    anew = train(asked.model_copy(update={"begin_with": None}), directory=tmp_path / "anew", prepared=prepared)
    assert begun is not None
    assert anew is not None
    rows = np.arange(len(prepared.held_out))
    known, nothing, wanted = (token_perplexity(result.network, prepared.held_out, rows) for result in (begun, anew, before))
    assert known == pytest.approx(wanted, rel=0.1)
    assert known < 0.8 * nothing


def test_weights_of_another_network_are_refused(tmp_path: Path, trained: _Trained) -> None:
    wrote = _weights(trained(Architecture.TRANSFORMER))
    write_weights(wrote, tmp_path / "weights.npz")
    asked = trained(Architecture.GRU).spec.model_copy(update={"begin_with": tmp_path / "weights.npz"})
    with pytest.raises(InvalidCheckpoint, match="architecture transformer, this training has gru"):
        train(asked, directory=tmp_path / "begun")
    write_weights(replace(wrote, language=Language.JAPANESE), tmp_path / "weights.npz")
    with pytest.raises(InvalidCheckpoint, match="language ja, this training has en"):
        train(asked, directory=tmp_path / "begun")


def test_a_training_is_not_resumed_with_other_weights(tmp_path: Path, trained: _Trained) -> None:
    before = trained(Architecture.TRANSFORMER)
    write_weights(_weights(before), tmp_path / "weights.npz")
    asked = before.spec.model_copy(update={"iterations": 1, "begin_with": tmp_path / "weights.npz"})
    train(asked, directory=tmp_path / "begun")
    more = asked.model_copy(update={"iterations": 2})
    assert train(more, directory=tmp_path / "begun", resume=True) is not None
    with pytest.raises(InvalidCheckpoint, match="begun_with"):
        train(more.model_copy(update={"begin_with": None}), directory=tmp_path / "begun", resume=True)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 and no more"])
def test_a_file_of_something_else_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(InvalidCheckpoint, match=r"mine\.npz does not hold the weights of a chatbot"):
        read_weights(tmp_path / "mine.npz")
    np.savez(tmp_path / "mine.npz", other=np.zeros(3))
    with pytest.raises(InvalidCheckpoint, match=r"mine\.npz does not hold"):
        read_weights(tmp_path / "mine.npz")


@pytest.mark.parametrize("language", list(Language))
def test_what_is_shipped_is_of_its_language_and_small(language: Language) -> None:
    file = shipped_weights(language)
    if not file.is_file():
        pytest.skip(f"no weights are shipped for {language}")
    assert read_weights(file).language is language
    assert file.stat().st_size < 6_000_000
