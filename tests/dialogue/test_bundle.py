"""The bundle's card: what it accepts, how it lays out a context, and what a damaged bundle is told."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dialogue.bundle import (
    CARD_FILE,
    ENCODER_FILE,
    STEP_FILE,
    TOKENS_FILE,
    Architecture,
    BrokenBundle,
    BundleFile,
    ExportRecord,
    Language,
    ModelCard,
    SpecialTokens,
    StateTensor,
    StateUpdate,
    TrainingRecord,
    read_card,
)


def _card(files: dict[str, bytes]) -> ModelCard:
    return ModelCard(
        language=Language.ENGLISH,
        architecture=Architecture.GRU,
        sizes={"vocabulary": 300, "width": 8},
        tokens=SpecialTokens(pad=0, unknown=1, start=2, end=3, separator=4),
        states=[StateTensor(name="hidden", dtype="float32", shape=(1, 8), update=StateUpdate.REPLACED)],
        licence="Apache-2.0",
        attribution=[],
        sources=[],
        training=TrainingRecord(
            command="ntdemo-train dialogue",
            run="dialogue-1",
            device="cpu",
            seconds=1.0,
            steps=1,
            epochs=0.1,
            target_tokens=10,
            exchanges=2,
            parameters=100,
            seed=0,
            code_version="0",
            finished=datetime(2026, 11, 23, tzinfo=UTC),
        ),
        scorecard=None,
        export=ExportRecord(parity=1e-6, perplexity_float32=60.0, perplexity_int8=60.1),
        files=[
            BundleFile(name=name, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest()) for name, data in files.items()
        ],
    )


_FILES = {ENCODER_FILE: b"encoder", STEP_FILE: b"step", TOKENS_FILE: b"tokens"}


def _bundle(directory: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (directory / name).write_bytes(data)
    (directory / CARD_FILE).write_text(_card(files).model_dump_json())
    return directory


def test_a_whole_bundle_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_card(_bundle(tmp_path, _FILES)) == _card(_FILES)


def test_an_altered_file_is_named(tmp_path: Path) -> None:
    _bundle(tmp_path, _FILES)
    (tmp_path / STEP_FILE).write_bytes(b"stop")
    with pytest.raises(BrokenBundle, match=r"step\.onnx has digest"):
        read_card(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    _bundle(tmp_path, _FILES)
    (tmp_path / TOKENS_FILE).unlink()
    with pytest.raises(BrokenBundle, match=r"tokens\.model is missing"):
        read_card(tmp_path)


def test_a_card_that_lists_too_little_is_refused(tmp_path: Path) -> None:
    _bundle(tmp_path, {ENCODER_FILE: b"encoder", STEP_FILE: b"step"})
    with pytest.raises(BrokenBundle, match=r"does not list tokens\.model"):
        read_card(tmp_path)


@pytest.mark.parametrize("text", ["", "{", '{"format": "other"}', "[]", "\ud800".encode("utf-8", "surrogatepass")])
def test_what_is_not_a_card_is_refused(tmp_path: Path, text: str | bytes) -> None:
    (tmp_path / CARD_FILE).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BrokenBundle, match="not a model card"):
        read_card(tmp_path)


def test_an_empty_directory_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(BrokenBundle, match="has no model-card"):
        read_card(tmp_path)


@pytest.mark.parametrize(("update", "slot_axis"), [("appended", None), ("fixed", 1), ("appended", 0), ("appended", 3)])
def test_slots_belong_to_appended_states_alone(update: str, slot_axis: int | None) -> None:
    with pytest.raises(ValidationError):
        StateTensor(name="keys", dtype="float32", shape=(4, 40), update=StateUpdate(update), slot_axis=slot_axis)


@given(st.lists(st.lists(st.integers(5, 299), min_size=1, max_size=60), min_size=1, max_size=6))
def test_a_context_keeps_the_newest_tokens_of_the_last_three_turns(turns: list[list[int]]) -> None:
    context = _card({}).context(turns)
    assert 1 <= len(context) <= 96
    assert context[-len(turns[-1]) :] == turns[-1]
    whole = sum(len(turn) for turn in turns[-3:]) + len(turns[-3:]) - 1
    assert len(context) == min(whole, 96)
    assert context.count(4) <= 2
