"""A chatbot goes from its spec to a published bundle that the scores API serves; what was stopped is continued."""

import hashlib
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.dialogue_bundle import TINY
from tests.support.reports import SteppingReport

from contracts.kinds import RunKind
from contracts.manifest import Manifest
from contracts.store import Store
from dialogue.bundle import Language, artifact_name, read_card
from trainer.cli.bot_summary import bot_summary
from trainer.data.offences import InvalidData
from trainer.data.sources import DataNotFound
from trainer.dialogue import corpora
from trainer.dialogue.failures import InvalidCheckpoint, Stopped
from trainer.dialogue.spec import DialogueSpec
from trainer.pipelines import dialogue as bots
from trainer.runs.spec import BotSpec
from trainer.settings import Settings
from trainer.store.publications import publications
from trainer.store.recovery import recover

SPEC = BotSpec(kind="dialogue", language=Language.ENGLISH, iterations=6, device="cpu")


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that learns in a second; everything else as it is."""
    whole = corpora.training_spec

    def tiny(spec: BotSpec, settings: Settings) -> DialogueSpec:
        return whole(spec, settings).model_copy(update={"sizes": TINY})

    monkeypatch.setattr(corpora, "training_spec", tiny)


def _after(steps: int) -> Callable[[], bool]:
    asked = itertools.count()
    return lambda: next(asked) >= steps


@pytest.mark.slow
def test_a_bot_is_published_whole_and_its_checkpoint_kept(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    report = SteppingReport()
    bot = bots.train(SPEC, settings, report)
    assert bot is not None
    store = Store.under(tmp_path)
    (publication,) = publications(store)
    assert (publication.run, publication.kind, dict(publication.tables)) == (bot.run, RunKind.DIALOGUE, {})
    assert dict(publication.artifacts) == {artifact_name(Language.ENGLISH): bot.run} == {"dialogue-en": bot.run}
    directory = store.artifact("dialogue-en", bot.run)
    assert read_card(directory) == bot.card
    assert bot.card.scorecard is not None
    assert json.loads(bots.held_out_file(settings, Language.ENGLISH, bot.run).read_text("utf-8"))[0]["reply"]
    assert bot.card.training.run == bot.run
    assert bot.card.training.command == (
        "ntdemo-train dialogue --language en --arch transformer --iterations 6 --licence Apache-2.0"
    )
    manifest = Manifest.model_validate_json((directory / "manifest.json").read_bytes())
    listed = {file.name: file.sha256 for file in manifest.files}
    assert listed.keys() == {path.name for path in directory.iterdir()} - {"manifest.json"}
    assert all(hashlib.sha256((directory / name).read_bytes()).hexdigest() == digest for name, digest in listed.items())
    assert report.points[-3:] == ["publish begins", "publish ends", "published"]
    assert [point for point in report.points if point.endswith("begins")] == [
        f"{stage} begins" for stage in ("read", "learn", "measure", "network", "write", "commit", "publish")
    ]
    assert recover(store).paths == ()
    summary = bot_summary(bot)
    assert summary.startswith(f"{bot.run}: dialogue-en, 6 steps")
    assert all(word in summary for word in ("pmi", "tf-idf", "human", "perplexity a word"))
    assert (bots.working_directory(SPEC, settings) / "checkpoint.pt").is_file()
    more = SPEC.model_copy(update={"begin_with": str(directory / "weights.npz")})
    begun = bots.train(more, settings, SteppingReport())
    assert begun is not None
    assert "--begin-with weights.npz" in begun.card.training.command


def test_a_stopped_training_publishes_nothing_and_an_attempt_continues_where_the_last_one_was(tmp_path: Path) -> None:
    settings = Settings(state=tmp_path / "state")
    attempt = tmp_path / "attempt"
    for more, steps in ((3, 3), (2, 5)):
        with pytest.raises(Stopped, match=f"stopped after {steps} steps"):
            bots.train(SPEC, settings, SteppingReport(), attempt=attempt, stop=_after(more))
        assert (attempt / "checkpoint.pt").is_file()
    assert Store.under(settings.state).version() == -1


def test_resume_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCheckpoint, match="No training of en has left a checkpoint"):
        bots.train(SPEC.model_copy(update={"resume": True}), Settings(state=tmp_path), SteppingReport())


def test_corpora_that_cannot_be_read_are_told_by_file_and_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"messages": [{"role": "A", "text": "hi"}, {"role": "B", "text": "ho"}]}\n{"messages": 3}\n')
    spec = SPEC.model_copy(update={"corpora": (str(broken),)})
    with pytest.raises(InvalidData, match=r"broken\.jsonl, row 2") as raised:
        bots.train(spec, Settings(state=tmp_path), SteppingReport())
    assert raised.value.total == 1
    with pytest.raises(DataNotFound, match="there is no such file"):
        bots.train(SPEC.model_copy(update={"corpora": (str(tmp_path / "no"),)}), Settings(state=tmp_path), SteppingReport())


def test_corpora_are_named_with_uploads_the_starter_and_weights(tmp_path: Path) -> None:
    conversations = [{"messages": [{"role": "A", "text": f"hi {n}"}, {"role": "B", "text": f"ho {n}"}]} for n in range(5)]
    mine = tmp_path / "mine.jsonl"
    mine.write_text("\n".join(map(json.dumps, conversations)))
    spec = SPEC.model_copy(update={"corpora": ("starter*3", f"{mine}#x*2")})
    assert corpora.named_sources(spec) == (str(mine),)
    asked = corpora.training_spec(spec, Settings(state=tmp_path))
    assert [(choice.path.name, choice.source, choice.times) for choice in asked.corpora] == [
        ("en.jsonl", None, 3),
        ("mine.jsonl", "x", 2),
    ]
    assert asked.held_out_share == 0.02
    assert "'starter/en.jsonl*3'" in corpora.command(spec, asked.corpora)
    assert str(tmp_path.parent) not in corpora.command(spec, asked.corpora)
    corpora.check(asked.corpora)
