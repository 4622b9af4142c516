"""Bots: from the spec of a chatbot to its published bundle.

A bot has no tables, so no Spark session is waited for: its one artifact is put into its place, then one commit of the
publications table makes it visible.
"""

import hashlib
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contracts.kinds import RunKind
from contracts.store import Store
from dialogue.bundle import CARD_FILE, ENCODER_FILE, OPENINGS_FILE, STEP_FILE, TOKENS_FILE, Language, ModelCard, artifact_name
from trainer.device import choose
from trainer.dialogue import corpora
from trainer.dialogue.corpus.conversation import InvalidCorpus
from trainer.dialogue.events import Event, HeldOut, Progress
from trainer.dialogue.failures import InvalidCheckpoint, Stopped
from trainer.dialogue.weights import WEIGHTS_FILE, Weights, write_weights
from trainer.runs.identity import code_version, new_run
from trainer.runs.report import Report, Stage
from trainer.runs.spec import SHIPPED, BotSpec
from trainer.settings import Settings
from trainer.store.artifacts import StagedArtifact
from trainer.store.lock import Held, publishing

if TYPE_CHECKING:
    from trainer.dialogue.spec import DialogueSpec
    from trainer.dialogue.training import DialogueResult

__all__ = ["CHECKPOINT_FILE", "TrainedBot", "held_out_file", "train", "working_directory"]

CHECKPOINT_FILE: Final = "checkpoint.pt"
_JSON: Final = "application/json"
_BYTES: Final = "application/octet-stream"
_FILES: Final = {
    ENCODER_FILE: _BYTES,
    STEP_FILE: _BYTES,
    TOKENS_FILE: _BYTES,
    OPENINGS_FILE: _JSON,
    WEIGHTS_FILE: _BYTES,
    CARD_FILE: _JSON,
}


@dataclass(frozen=True)
class TrainedBot:
    """A published bot."""

    run: str
    artifact: str
    card: ModelCard
    seconds: float
    """From the spec to the publication."""


def working_directory(spec: BotSpec, settings: Settings) -> Path:
    """Where the checkpoint of this language's last training lies."""
    return settings.state / "dialogue" / spec.language


def held_out_file(settings: Settings, language: Language, run: str) -> Path:
    """Where a training's held-out exchanges are kept for comparisons: in the state, and not among what is served."""
    return settings.state / "dialogue" / language / "held-out" / f"{run}.json"


def train(
    spec: BotSpec,
    settings: Settings,
    report: Report,
    *,
    run: str | None = None,
    attempt: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    waiting: Callable[[Held], None] | None = None,
) -> TrainedBot | None:
    """Train, measure and export what `spec` says, and publish it into the store of `settings.state`.

    Under torchrun every process calls this; all but the first return None.

    Args:
        spec: What to train.
        settings: Where the state lies.
        report: Is told how far the run is.
        run: Names the run; a new id does if it is None.
        attempt: A directory of the caller's own for the checkpoint while the training lasts; what an attempt that was
            killed left there is continued. Without it the checkpoint is written where `resume` finds it.
        stop: Is asked after every step whether to stop.
        waiting: Is called when another process is publishing and this one waits for it.

    Raises:
        DataNotFound: A corpus is not there.
        InvalidData: A corpus cannot be read, or leaves nothing to learn from.
        DeviceUnavailable: The device is not there.
        InvalidCheckpoint: `resume`, and there is no checkpoint or it belongs to another training; or the weights to begin
            with do not fit.
        Stopped: `stop` said so; the checkpoint is written, nothing is published.
        BadExport: The bundle does not do what the network does.
    """
    started = datetime.now(UTC)
    name = run or new_run(RunKind.DIALOGUE, started)
    asked = corpora.training_spec(spec, settings)
    home = working_directory(spec, settings)
    directory, resume = _begin(spec, home, attempt)
    device = choose(spec.device)
    report.computing_on(str(device))
    result = _learn(asked, report, directory=directory, device=device.name, resume=resume, stop=stop)
    if result is None:
        return None
    if stop():
        raise Stopped(f"stopped after {result.steps} steps")
    card = _publish(result, spec, settings, report, name=name, started=started, waiting=waiting)
    if directory != home:
        home.mkdir(parents=True, exist_ok=True)
        (directory / CHECKPOINT_FILE).replace(home / CHECKPOINT_FILE)
    _keep_held_out(result, settings, spec.language, name)
    seconds = (datetime.now(UTC) - started).total_seconds()
    return TrainedBot(name, artifact_name(spec.language), card, seconds)


def _begin(spec: BotSpec, home: Path, attempt: Path | None) -> tuple[Path, bool]:
    """Where the checkpoint is written, and whether there is one to continue."""
    if spec.resume and not (home / CHECKPOINT_FILE).is_file():
        raise InvalidCheckpoint(
            f"No training of {spec.language} has left a checkpoint in the state directory to resume. A new one can begin with "
            f"what another bot knows: `begin_with` {SHIPPED}, or the weights.npz that was published with it."
        )
    if attempt is None:
        return home, spec.resume
    if (attempt / CHECKPOINT_FILE).is_file():
        return attempt, True
    if spec.resume:
        attempt.mkdir(parents=True, exist_ok=True)
        partial = attempt / f"{CHECKPOINT_FILE}.{secrets.token_hex(4)}"  # each process of a training makes its own
        shutil.copyfile(home / CHECKPOINT_FILE, partial)
        partial.replace(attempt / CHECKPOINT_FILE)
    return attempt, spec.resume


def _learn(
    asked: "DialogueSpec", report: Report, *, directory: Path, device: str, resume: bool, stop: Callable[[], bool]
) -> "DialogueResult | None":
    with report.stage(Stage.READ):
        from trainer.dialogue.preparation import prepare  # noqa: PLC0415 - loads SentencePiece
        from trainer.dialogue.training import Surroundings, known_tokens, train  # noqa: PLC0415 - loads torch

        try:
            prepared = prepare(asked, tokens=known_tokens(directory) if resume else None)
        except InvalidCorpus as error:
            raise corpora.offence(error) from None

    def told(event: Event) -> None:
        match event:
            case Progress():
                total = asked.iterations or round(event.step / event.done)
                report.progress(
                    Stage.LEARN,
                    event.step,
                    max(total, event.step),
                    loss=event.loss,
                    tokens_per_s=event.tokens_per_s,
                    eta_s=event.eta_s,
                )
            case HeldOut():
                report.held_out(event.step, event.perplexity)
            case _:
                report.samples(event.step, event.replies)

    with report.stage(Stage.LEARN):
        surroundings = Surroundings(report=told, stop=stop)
        return train(asked, directory=directory, device=device, surroundings=surroundings, resume=resume, prepared=prepared)


def _publish(
    result: "DialogueResult",
    spec: BotSpec,
    settings: Settings,
    report: Report,
    *,
    name: str,
    started: datetime,
    waiting: Callable[[Held], None] | None,
) -> ModelCard:
    from trainer.dialogue.export import Provenance, export_bundle  # noqa: PLC0415 - loads torch and ONNX Runtime
    from trainer.dialogue.scorecard import measure, openings  # noqa: PLC0415
    from trainer.store.intents import intended  # noqa: PLC0415 - loads delta-rs
    from trainer.store.publications import Publication, announce  # noqa: PLC0415 - loads delta-rs

    with report.stage(Stage.MEASURE):
        scorecard, answered = measure(result, seed=spec.seed), openings(result)
    store = Store.under(settings.state)
    with publishing(settings.state, waiting=waiting):
        artifact = StagedArtifact(store, artifact_name(spec.language), name)
        with report.stage(Stage.NETWORK):
            provenance = Provenance(corpora.command(spec, result.spec.corpora), name, code_version(), datetime.now(UTC))
            directory = artifact.begin()
            card = export_bundle(result, directory, provenance=provenance, scorecard=scorecard, openings=answered)
            write_weights(_weights(result), directory / WEIGHTS_FILE)
        with report.stage(Stage.WRITE):
            description = f"A chatbot ({spec.language}, {spec.architecture}): graphs, tokens, openings, model card and weights."
            artifact.seal(kind=RunKind.DIALOGUE, created=started, description=description, media_types=_FILES)
        data = hashlib.sha256("".join(source.sha256 for source in card.sources).encode()).hexdigest()
        with intended(store, name, data):
            with report.stage(Stage.COMMIT):
                manifests = {artifact.name: artifact.digest()}
                artifact.place()
            with report.stage(Stage.PUBLISH):
                announce(
                    store,
                    Publication(
                        run=name,
                        kind=RunKind.DIALOGUE,
                        data=data,
                        tables={},
                        artifacts={artifact.name: artifact.run},
                        published=datetime.now(UTC),
                        manifests=manifests,
                    ),
                )
        report.published(name)
    return card


def _keep_held_out(result: "DialogueResult", settings: Settings, language: Language, run: str) -> None:
    """What a promotion of this bot will be decided by."""
    from trainer.dialogue.comparison import write_held_out  # noqa: PLC0415 - loads torch

    write_held_out(result.prepared.held_out_exchanges, held_out_file(settings, language, run))


def _weights(result: "DialogueResult") -> Weights:
    return Weights(
        language=result.spec.language,
        architecture=result.spec.architecture,
        sizes=result.sizes,
        tokens=result.prepared.tokens.model,
        parameters={name: values.numpy() for name, values in result.network.state_dict().items()},
    )
