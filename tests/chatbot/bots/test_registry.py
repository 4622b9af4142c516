"""The registry: a language that is missing is said to be missing."""

import shutil
from pathlib import Path

import pytest
from tests.support.scripted_bot import scripted_bot

from chatbot.bots.registry import BotRegistry
from chatbot.failures import LanguageMissing, ModelUnknown
from dialogue.bundle import CARD_FILE, STEP_FILE, Language


def shelf_of(directory: Path) -> BotRegistry:
    registry = BotRegistry()
    registry.open_shipped(directory, threads=1)
    return registry


def test_a_missing_language_is_not_answered_by_another(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "en", tmp_path / "en")
    registry = shelf_of(tmp_path)
    assert registry.of_model("ntdemo-en").language is Language.ENGLISH
    with pytest.raises(
        LanguageMissing, match=r"Japanese is not here: no bundle was shipped, and none is promoted. Present: ntdemo-en\."
    ):
        registry.of_model("ntdemo-ja")
    assert list(registry.missing()) == [Language.JAPANESE]


def test_a_directory_without_bots_is_an_empty_shelf(tmp_path: Path) -> None:
    registry = shelf_of(tmp_path / "nowhere")
    assert registry.bundles() == {}
    with pytest.raises(LanguageMissing, match="No other bot is here either"):
        registry.of_model("ntdemo-en")
    with pytest.raises(ModelUnknown, match="There is no model 'gpt'"):
        registry.of_model("gpt")


@pytest.mark.parametrize("broken", [STEP_FILE, CARD_FILE])
def test_a_broken_bundle_is_missing_with_the_reason(models: Path, tmp_path: Path, broken: str) -> None:
    shutil.copytree(models / "en", tmp_path / "en")
    (tmp_path / "en" / broken).write_bytes(b"nonsense")
    with pytest.raises(LanguageMissing, match=f"the shipped bundle is broken: {broken}"):
        shelf_of(tmp_path).of_model("ntdemo-en")


def test_a_bundle_in_the_wrong_place_is_missing(tmp_path: Path) -> None:
    scripted_bot(tmp_path / "en", "はい。", language=Language.JAPANESE)
    with pytest.raises(LanguageMissing, match="its card states the language 'ja'"):
        shelf_of(tmp_path).of_model("ntdemo-en")


def test_a_file_that_is_not_there_is_named(models: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "en", tmp_path / "en")
    (tmp_path / "en" / STEP_FILE).unlink()
    with pytest.raises(LanguageMissing, match=r"step\.onnx cannot be read: No such file"):
        shelf_of(tmp_path).of_model("ntdemo-en")
