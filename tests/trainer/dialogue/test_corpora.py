"""What a bot's spec asks for is what is trained, and the card's command asks for it again."""

from pathlib import Path

import pytest

from dialogue.bundle import Architecture, Language, read_card
from trainer.dialogue import corpora
from trainer.dialogue.networks.building import build_network, own_sizes
from trainer.dialogue.spec import LARGE, SMALL, Sizes
from trainer.dialogue.weights import shipped_licence, shipped_weights
from trainer.runs.spec import BotSize, BotSpec
from trainer.settings import Settings

_LARGEST_BYTES = 11_500_000
"""Of the 12 MB of a bundle, what scales and the tokenizer leave to 8-bit weights."""

_MODELS = Path(__file__).parents[3] / "services/chatbot/models"


@pytest.mark.parametrize(("size", "sizes"), [(BotSize.SMALL, SMALL), (BotSize.LARGE, LARGE)])
def test_a_size_is_that_of_the_network_and_stands_in_the_command(tmp_path: Path, size: BotSize, sizes: Sizes) -> None:
    spec = BotSpec(kind="dialogue", language=Language.ENGLISH, size=size)
    asked = corpora.training_spec(spec, Settings(state=tmp_path))
    assert asked.sizes == sizes
    assert ("--size large" in corpora.command(spec, asked.corpora)) == (size is BotSize.LARGE)


@pytest.mark.parametrize("architecture", list(Architecture))
def test_a_large_network_fits_a_bundle(architecture: Architecture) -> None:
    network = build_network(architecture, own_sizes(architecture, LARGE, LARGE.vocabulary), dropout=0.0)
    stored_twice = network.input_VD.numel()  # the encoder and the step each look tokens up
    assert sum(parameter.numel() for parameter in network.parameters()) + stored_twice <= _LARGEST_BYTES


def _licensed(tmp_path: Path, language: Language, begin_with: str | None, licence: str | None) -> tuple[str, str]:
    """What the trained weights are licensed under, and what their card's command says."""
    spec = BotSpec(kind="dialogue", language=language, begin_with=begin_with, licence=licence)
    asked = corpora.training_spec(spec, Settings(state=tmp_path))
    return asked.licence, corpora.command(spec, asked.corpora).partition(" --licence ")[2]


@pytest.mark.parametrize("language", list(Language))
def test_what_begins_with_shipped_weights_is_under_the_licence_that_they_came_under(tmp_path: Path, language: Language) -> None:
    if not shipped_weights(language).is_file():
        pytest.skip(f"no weights are shipped for {language}")
    shipped = read_card(_MODELS / language).licence
    assert shipped_licence(language) == shipped
    assert _licensed(tmp_path, language, "shipped", None) == (shipped, shipped)
    assert _licensed(tmp_path, language, "shipped", "CC-BY-4.0") == ("CC-BY-4.0", "CC-BY-4.0")
    assert _licensed(tmp_path, language, None, None) == ("Apache-2.0", "Apache-2.0")
