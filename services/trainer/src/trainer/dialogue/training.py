"""The training of a dialogue network, read from top to bottom."""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from dialogue.decoding import GREEDY
from trainer.dialogue.batches import Position, batches
from trainer.dialogue.bigrams import answer_factors, bigram_factors
from trainer.dialogue.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from trainer.dialogue.distributed import Ranks, ranks
from trainer.dialogue.evaluation import token_perplexity
from trainer.dialogue.events import HeldOut, Progress, Report, SampleReplies
from trainer.dialogue.failures import InvalidCheckpoint, Stopped
from trainer.dialogue.learner import Learner
from trainer.dialogue.networks.building import build_network, own_sizes
from trainer.dialogue.networks.network import PAD, DialogueNetwork
from trainer.dialogue.preparation import Prepared, prepare
from trainer.dialogue.replies import reply_to
from trainer.dialogue.schedule import schedule_of
from trainer.dialogue.spec import DialogueSpec
from trainer.dialogue.weights import Weights, read_weights

__all__ = ["CHECKPOINT_FILE", "DialogueResult", "Surroundings", "train"]

CHECKPOINT_FILE: Final = "checkpoint.pt"
_EVALUATIONS: Final = 20
"""Of a training, at most, evenly spaced; each one writes a checkpoint."""
_MONITORED: Final = 512
"""Held-out exchanges that an evaluation reads."""
_EVALUATION_S: Final = 30.0
"""Training between two evaluations, at least; the last one always takes place."""
_SAMPLES: Final = 5
_REPORT_S: Final = 1.0


@dataclass(frozen=True)
class DialogueResult:
    """A finished training."""

    spec: DialogueSpec
    network: DialogueNetwork
    """With the averaged weights, on the CPU, in evaluation mode."""
    sizes: dict[str, int]
    prepared: Prepared
    device: str
    steps: int
    elapsed_s: float
    """Spent on steps, over all resumed parts."""
    target_tokens: int
    curve: tuple[tuple[int, float], ...]
    """(step, held-out perplexity a token)."""

    @property
    def epochs(self) -> float:
        """How often every exchange was learned from."""
        return self.target_tokens / int(self.prepared.train.target_lengths.sum())


@dataclass(frozen=True)
class Surroundings:
    """What a training takes from outside: clock, ears and a way to be stopped."""

    report: Report = lambda _: None
    stop: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.perf_counter
    """Seconds; decides when `minutes` are over and how fast the training says it is."""


def train(
    spec: DialogueSpec,
    *,
    directory: Path,
    device: str = "cpu",
    surroundings: Surroundings | None = None,
    resume: bool = False,
    prepared: Prepared | None = None,
) -> DialogueResult | None:
    """Trains, writing `directory/checkpoint.pt` at every evaluation, at the end and when stopped.

    Under torchrun every process calls this; all but the first return None.

    Raises:
        InvalidCorpus: a corpus cannot be read.
        InvalidCheckpoint: `resume`, and the checkpoint belongs to another training; or the weights to begin with do not fit.
        Stopped: `surroundings.stop` said so; the checkpoint is written.
    """
    data = prepared if prepared is not None else prepare(spec)
    with ranks(torch.device(device)) as (group, place):
        training = _Training(spec, data, place, group, directory / CHECKPOINT_FILE, surroundings or Surroundings())
        if resume:
            training.load()
        training.run()
        return training.result() if group.leads else None


class _Training:
    """A network on its way, and where it stands."""

    def __init__(
        self, spec: DialogueSpec, data: Prepared, place: torch.device, group: Ranks, file: Path, surroundings: Surroundings
    ) -> None:
        self.spec, self.data, self.place, self.group, self.file, self.outside = spec, data, place, group, file, surroundings
        self.report: Report = surroundings.report if group.leads else lambda _: None
        self.sizes = own_sizes(spec.architecture, spec.sizes, data.tokens.size)
        self.schedule = schedule_of(spec.recipe, spec.architecture, on_gpu=place.type == "cuda")
        torch.manual_seed(spec.seed)  # the same first weights in every process
        network = build_network(spec.architecture, self.sizes, dropout=spec.recipe.dropout)
        self._begin(network)
        self.learner = Learner(network, spec.recipe, place, group)
        torch.manual_seed(spec.seed + group.rank)  # other dropout in each
        self.position = Position()
        self.step = 0
        self.elapsed_s = 0.0
        self.evaluated_s = 0.0
        self.target_tokens = 0
        self.curve: list[tuple[int, float]] = []

    @property
    def done(self) -> float:
        """Share of the training, 0 to 1."""
        if self.spec.iterations is not None:
            return self.step / self.spec.iterations
        return self.elapsed_s / (60 * (self.spec.minutes or math.inf))

    def run(self) -> None:
        """Until done, or `Stopped`."""
        stream = batches(
            self.data.train,
            seed=self.spec.seed,
            position=self.position,
            budget=lambda: self.schedule.budget(self.done),
            rank=self.group.rank,
            world=self.group.world,
        )
        heard = _Heard(self.outside.clock)
        while self.done < 1:
            if self.group.led(self.outside.stop(), self.place):
                self.save()
                raise Stopped(f"stopped after {self.step} steps")
            stage = int(self.done * _EVALUATIONS)
            batch, self.position = next(stream)
            nats, tokens = self.learner.learn(batch, learning_rate=self.schedule.learning_rate(self.done))
            heard.add(nats, int((batch.target_BT != PAD).sum()), tokens)
            self.step += 1
            self.target_tokens += tokens
            self.elapsed_s += self.group.led(heard.lap_s(), self.place)
            is_stage_over = int(self.done * _EVALUATIONS) > stage and self.elapsed_s >= self.evaluated_s + _EVALUATION_S
            if self.done >= 1 or is_stage_over or heard.seconds >= _REPORT_S:
                self.report(heard.progress(self.step, self.done, self.elapsed_s))
            if self.done >= 1 or is_stage_over:
                self.evaluate()
                self.evaluated_s = self.elapsed_s
                self.save()
                heard.lap_s()  # neither is training time

    def _begin(self, network: DialogueNetwork) -> None:
        """With another bot's weights, or with what counting finds."""
        if self.spec.begin_with is not None:
            _take(read_weights(self.spec.begin_with), network, self.spec, self.sizes)
            return
        vocabulary, topic_width = self.data.tokens.size, network.topic_width
        network.begin_with(
            bigram_factors(self.data.train, vocabulary=vocabulary, width=network.width - topic_width),
            answer_factors(self.data.train, vocabulary=vocabulary, width=topic_width, seed=self.spec.seed),
        )

    def evaluate(self) -> None:
        """Perplexity and replies of the averaged weights; every process computes them, so that none waits alone."""
        network = self.learner.average
        monitored = _spread(len(self.data.held_out), _MONITORED)
        perplexity = token_perplexity(network, self.data.held_out, monitored)
        self.curve.append((self.step, perplexity))
        messages = [self.data.held_out_exchanges[at].context for at in _spread(len(self.data.held_out), _SAMPLES)]
        replies = reply_to(network, self.data.tokens, messages, decoding=GREEDY, seed=self.spec.seed)
        self.report(HeldOut(self.step, self.done, perplexity))
        pairs = zip((context[-1] for context in messages), replies, strict=True)
        self.report(SampleReplies(self.step, tuple(pairs)))

    def save(self) -> None:
        """By the leading process, with the state of all."""
        state = self.learner.state()
        if self.group.leads:
            where = (self.position, self.step, self.elapsed_s, self.target_tokens, self.curve)
            save_checkpoint(Checkpoint(self._identity(), state, *where), self.file)

    def load(self) -> None:
        """Continue from the checkpoint."""
        found = load_checkpoint(self.file, self._identity())
        self.learner.restore(found.state)
        self.position, self.step, self.elapsed_s = found.position, found.step, found.elapsed_s
        self.evaluated_s = found.elapsed_s
        self.target_tokens, self.curve = found.target_tokens, found.curve

    def result(self) -> DialogueResult:
        """With the averaged weights."""
        return DialogueResult(
            spec=self.spec,
            network=self.learner.average.cpu(),
            sizes=self.sizes,
            prepared=self.data,
            device=str(self.place),
            steps=self.step,
            elapsed_s=self.elapsed_s,
            target_tokens=self.target_tokens,
            curve=tuple(self.curve),
        )

    def _identity(self) -> dict[str, Any]:
        """What must not change between the parts of a training; how long it is may."""
        spec = self.spec.model_dump(mode="json", include={"language", "architecture", "recipe", "seed", "held_out_share"})
        digests = [f"{source.name} {source.sha256}" for source in self.data.sources]
        begun = self.spec.begin_with and hashlib.sha256(self.spec.begin_with.read_bytes()).hexdigest()
        return spec | {"sizes": self.sizes, "corpora": digests, "processes": self.group.world, "begun_with": begun}


def _take(weights: Weights, network: DialogueNetwork, spec: DialogueSpec, sizes: dict[str, int]) -> None:
    for name, found, asked in (
        ("language", weights.language, spec.language),
        ("architecture", weights.architecture, spec.architecture),
        ("sizes", weights.sizes, sizes),
    ):
        if found != asked:
            raise InvalidCheckpoint(f"the weights to begin with have {name} {found}, this training has {asked}")
    network.load_state_dict({name: torch.from_numpy(values) for name, values in weights.parameters.items()})


def _spread(length: int, count: int) -> NDArray[np.int64]:
    """Up to `count` places of a list, from every part of it: corpora lie there one after the other."""
    return np.unique(np.linspace(0, length - 1, min(count, length)).astype(np.int64))


class _Heard:
    """What happened since the last report."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self._begin()

    def _begin(self) -> None:
        self._nats: list[torch.Tensor] = []
        self._own_tokens = 0
        self._tokens = 0
        self.seconds = 0.0

    def add(self, nats: torch.Tensor, own_tokens: int, tokens: int) -> None:
        """One step; `nats` is not waited for."""
        self._nats.append(nats)
        self._own_tokens += own_tokens
        self._tokens += tokens

    def lap_s(self) -> float:
        """Seconds since the last lap."""
        now = self._clock()
        lap, self._last = now - self._last, now
        self.seconds += lap
        return lap

    def progress(self, step: int, done: float, elapsed_s: float) -> Progress:
        """The report, and a new beginning."""
        report = Progress(
            step=step,
            done=done,
            loss=float(torch.stack(self._nats).sum()) / self._own_tokens,
            tokens_per_s=self._tokens / max(self.seconds, 1e-9),
            elapsed_s=elapsed_s,
            eta_s=elapsed_s / done * max(1 - done, 0.0),
        )
        self._begin()
        return report
