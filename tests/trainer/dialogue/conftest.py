"""Dialogue trainings that several tests look at: each is run once."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from tests.support.dialogue_bundle import tiny_spec

from dialogue.bundle import Architecture, Language
from trainer.dialogue.preparation import Prepared, prepare
from trainer.dialogue.training import DialogueResult, train


@pytest.fixture(scope="session")
def prepared() -> Callable[[Language], Prepared]:
    """The starter corpus of a language, encoded."""
    return cache(lambda language: prepare(tiny_spec(language, Architecture.GRU, iterations=1)))


@pytest.fixture(scope="session")
def trained(
    tmp_path_factory: pytest.TempPathFactory, prepared: Callable[[Language], Prepared]
) -> Callable[[Architecture], DialogueResult]:
    """A tiny English network after 60 steps."""

    @cache
    def of(architecture: Architecture) -> DialogueResult:
        directory: Path = tmp_path_factory.mktemp(architecture)
        spec = tiny_spec(Language.ENGLISH, architecture, iterations=60)
        result = train(spec, directory=directory, prepared=prepared(Language.ENGLISH))
        assert result is not None
        return result

    return of
