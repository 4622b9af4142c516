"""A trained bot is served when it is promoted, which a worse one is not, and there is a way back."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.store import Store
from dialogue.bundle import PROMOTIONS_ARTIFACT, PROMOTIONS_FILE, Language, Promotions, artifact_name
from trainer.cli import app
from trainer.dialogue import comparison
from trainer.dialogue.comparison import write_held_out
from trainer.dialogue.corpus.exchanges import Exchange
from trainer.dialogue.corpus.reading import read_corpus
from trainer.dialogue.corpus.starter import starter_file
from trainer.dialogue.failures import InvalidCheckpoint, NotPromoted
from trainer.dialogue.weights import WEIGHTS_FILE, Weights, read_weights, shipped_weights, write_weights
from trainer.pipelines import dialogue as bots
from trainer.pipelines import promotion
from trainer.pipelines.registry import Runs
from trainer.runs.failures import ANY, AliasMoved
from trainer.settings import Settings
from trainer.store.artifacts import StagedArtifact
from trainer.store.publications import Publication, announce, publications

_EN = Language.ENGLISH


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str, str]:
    """A store with two English bots: one that has forgotten much of what the shipped one knows, and the shipped one's equal."""
    settings = Settings(state=tmp_path_factory.mktemp("state"))
    shipped = read_weights(shipped_weights(_EN))
    random = np.random.default_rng(0)
    noisy = {
        name: values + 0.3 * values.std() * random.standard_normal(values.shape) for name, values in shipped.parameters.items()
    }
    publish(settings, "dialogue-noisy", replace(shipped, parameters={name: v.astype(np.float32) for name, v in noisy.items()}))
    publish(settings, "dialogue-equal", shipped)
    return settings, "dialogue-noisy", "dialogue-equal"


def publish(settings: Settings, run: str, weights: Weights) -> None:
    """As a training does, its weights alone."""
    store, now = Store.under(settings.state), datetime.now(UTC)
    artifact = StagedArtifact(store, artifact_name(_EN), run)
    write_weights(weights, artifact.begin() / WEIGHTS_FILE)
    artifact.seal(kind="dialogue", created=now, description="A bot.", media_types={WEIGHTS_FILE: "application/octet-stream"})
    manifests = {artifact.name: artifact.digest()}
    artifact.place()
    publication = Publication(
        run=run, kind="dialogue", data="", tables={}, artifacts={artifact.name: run}, published=now, manifests=manifests
    )
    announce(store, publication)
    turns = [[turn.text for turn in found.turns] for found in read_corpus(starter_file(_EN))]
    exchanges = [Exchange((texts[0],), texts[1]) for texts in turns][:24]
    write_held_out(exchanges, bots.held_out_file(settings, _EN, run))


@pytest.fixture
def store(trained: tuple[Settings, str, str]) -> Store:
    settings, *_ = trained
    while any(bot.is_served for bot in promotion.trained_bots(settings)):
        promotion.rollback(settings, _EN)
    return Store.under(settings.state)


def served(store: Store) -> str | None:
    newest = next(each for each in reversed(publications(store)) if PROMOTIONS_ARTIFACT in each.artifacts)
    file = store.artifact(PROMOTIONS_ARTIFACT, newest.artifacts[PROMOTIONS_ARTIFACT]) / PROMOTIONS_FILE
    return Promotions.model_validate_json(file.read_bytes()).served(_EN)


def test_a_trained_bot_is_not_served_before_it_is_promoted(trained: tuple[Settings, str, str], store: Store) -> None:
    settings, first, second = trained
    assert [(bot.run, bot.is_served) for bot in promotion.trained_bots(settings)] == [(first, False), (second, False)]


def test_one_that_is_worse_than_the_shipped_bot_is_refused_unless_that_is_forced(
    trained: tuple[Settings, str, str], store: Store
) -> None:
    settings, first, _ = trained
    with pytest.raises(NotPromoted, match=rf"{first} is worse than shipped on \d+ held-out exchanges: perplexity"):
        promotion.promote(settings, first)
    assert not any(bot.is_served for bot in promotion.trained_bots(settings))
    promotion.promote(settings, first, force=True)
    assert served(store) == first


def test_a_better_one_takes_the_place_and_gives_it_back(trained: tuple[Settings, str, str], store: Store) -> None:
    settings, first, second = trained
    promotion.promote(settings, first, force=True)
    decided = promotion.promote(settings, second)
    assert decided.candidate is not None
    assert decided.incumbent is not None
    assert decided.candidate.perplexity < decided.incumbent.perplexity
    assert decided.candidate.exchanges == decided.incumbent.exchanges
    assert served(store) == second
    with pytest.raises(NotPromoted, match="is worse than"):
        promotion.promote(settings, first)
    assert promotion.rollback(settings, _EN).served == first
    assert promotion.rollback(settings, _EN).served == "shipped"
    assert served(store) is None
    with pytest.raises(NotPromoted, match="the shipped one is served"):
        promotion.rollback(settings, _EN)


def while_measured(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    read = comparison.read_held_out

    def reading(path: Path) -> list[Exchange]:
        happens()
        return read(path)

    monkeypatch.setattr(comparison, "read_held_out", reading)


def test_a_bot_that_is_deleted_while_it_is_measured_is_not_promoted(
    trained: tuple[Settings, str, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, *_ = trained
    gone = "dialogue-measured"
    publish(settings, gone, read_weights(shipped_weights(_EN)))
    artifacts = {path.name for path in store.root.glob(f"artifacts/{PROMOTIONS_ARTIFACT}/*")}
    while_measured(monkeypatch, lambda: Runs(settings).delete(gone))
    with pytest.raises(NotPromoted, match=f"{gone} was deleted"):
        promotion.promote(settings, gone)
    assert promotion.served_bots(settings) == {}
    assert {path.name for path in store.root.glob(f"artifacts/{PROMOTIONS_ARTIFACT}/*")} == artifacts


def test_a_bot_that_is_deleted_at_the_last_moment_is_not_promoted(
    trained: tuple[Settings, str, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, *_ = trained
    gone = "dialogue-late"
    publish(settings, gone, read_weights(shipped_weights(_EN)))
    place = StagedArtifact.place

    def placed(artifact: StagedArtifact) -> None:
        place(artifact)
        Runs(settings).delete(gone)

    with monkeypatch.context() as late:
        late.setattr(StagedArtifact, "place", placed)
        with pytest.raises(NotPromoted, match=f"{gone} was deleted"):
            promotion.promote(settings, gone, force=True)
    assert promotion.served_bots(settings) == {}


def test_a_bot_is_not_promoted_over_one_that_it_was_not_compared_with(
    trained: tuple[Settings, str, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, first, second = trained
    while_measured(monkeypatch, lambda: promotion.promote(settings, first, force=True))
    with pytest.raises(NotPromoted, match=f"compared with shipped, and {first} is served by now"):
        promotion.promote(settings, second)
    assert served(store) == first


def test_what_is_expected_is_judged_at_the_commit(
    trained: tuple[Settings, str, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, first, second = trained
    while_measured(monkeypatch, lambda: promotion.promote(settings, first, force=True))
    with pytest.raises(AliasMoved, match=f"ntdemo-en names {first} by now"):
        promotion.promote(settings, second, expected="")
    for expected in ("", second):
        with pytest.raises(AliasMoved, match=first):
            promotion.promote(settings, second, force=True, expected=expected)
        with pytest.raises(AliasMoved, match=first):
            promotion.rollback(settings, _EN, expected=expected)
    assert promotion.promote(settings, second, force=True, expected=first).before == first
    assert promotion.rollback(settings, _EN, expected=ANY).served == first
    promotion.rollback(settings, _EN, expected=first)
    with pytest.raises(AliasMoved, match="names nothing"):
        promotion.promote(settings, second, force=True, expected=ANY)


def test_what_is_not_there_is_said(trained: tuple[Settings, str, str], store: Store) -> None:
    settings, first, _ = trained
    with pytest.raises(NotPromoted, match="There is no published bot 'dialogue-nowhere'"):
        promotion.promote(settings, "dialogue-nowhere")
    file = bots.held_out_file(settings, _EN, first)
    kept = file.read_bytes()
    file.unlink()
    with pytest.raises(InvalidCheckpoint, match="held-out exchanges of a training"):
        promotion.promote(settings, first)
    file.write_bytes(kept)


def test_the_commands_do_the_same(
    trained: tuple[Settings, str, str], store: Store, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    settings, first, _ = trained
    monkeypatch.setenv("NTDEMO_STATE", str(settings.state))
    CliRunner().invoke(app, ["bots", "promote", first, "--force", "--json"], catch_exceptions=False)
    assert json.loads(capfd.readouterr().out)["served"] == first
    CliRunner().invoke(app, ["bots", "list"], catch_exceptions=False)
    assert f"{first}  en  served" in "".join(capfd.readouterr())
    CliRunner().invoke(app, ["bots", "rollback", "en"], catch_exceptions=False)
    assert f"ntdemo-en is shipped from now on; before it was {first}." in "".join(capfd.readouterr())


def test_promotions_are_kept_for_each_language_alone(tmp_path: Path) -> None:
    both = Promotions().with_promoted(_EN, "a").with_promoted(Language.JAPANESE, "b").with_promoted(_EN, "c")
    assert (both.served(_EN), both.served(Language.JAPANESE)) == ("c", "b")
    back = both.without_last(_EN)
    assert (back.served(_EN), back.served(Language.JAPANESE)) == ("a", "b")
    assert back.without_last(_EN).without_last(_EN).served(_EN) is None
    assert Promotions.model_validate_json(both.model_dump_json()) == both
