"""The training of a dialogue network, read from top to bottom."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from dialogue.decoding import GREEDY
from dialogue.tokens import Tokens
from trainer.dialogue.batches import Position, batches
from trainer.dialogue.beginning import begin
from trainer.dialogue.checkpoint import Checkpoint, CoolDown, Standing, load_checkpoint, save_checkpoint
from trainer.dialogue.distributed import Ranks, ranks
from trainer.dialogue.evaluation import token_perplexity, units_scored
from trainer.dialogue.events import HeldOut, Report, SampleReplies
from trainer.dialogue.failures import InvalidCheckpoint, Stopped
from trainer.dialogue.heard import Heard
from trainer.dialogue.identity import identity
from trainer.dialogue.learner import Learner
from trainer.dialogue.networks.building import build_network, own_sizes
from trainer.dialogue.networks.network import PAD, DialogueNetwork
from trainer.dialogue.preparation import Prepared, prepare
from trainer.dialogue.replies import reply_to
from trainer.dialogue.schedule import schedule_of
from trainer.dialogue.spec import DialogueSpec

__all__ = ["BEST_FILE", "CHECKPOINT_FILE", "DialogueResult", "Surroundings", "known_tokens", "train"]

CHECKPOINT_FILE: Final = "checkpoint.pt"
BEST_FILE: Final = "best.pt"
"""A copy of the checkpoint whose held-out perplexity was the lowest."""
_EVALUATIONS: Final = 20
"""Of a training, evenly spaced, as far as the limits below allow; each one writes a checkpoint."""
_LEAST_S, _MOST_S = 30.0, 600.0
"""Training between two evaluations; the last one always takes place."""
_MONITORED: Final = 512
"""Held-out exchanges that an evaluation reads."""
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
    """Trains, writing `directory/checkpoint.pt` at every evaluation, when the rate begins to fall, at the end and when stopped.

    The rate falls over the last part of the training (`Recipe.cool_down`). A finished training that is resumed with a greater
    length goes on from where its rate began to fall, and so becomes what it would have been with that length from the start;
    resumed with a length that is shorter than what is done already, it ends at once.

    Under torchrun every process calls this; all but the first return None.

    Raises:
        InvalidCorpus: a corpus cannot be read.
        InvalidCheckpoint: `resume`, and the checkpoint belongs to another training; or the weights to begin with do not fit.
        Stopped: `surroundings.stop` said so; the checkpoint is written.
    """
    data = prepared
    if data is None:
        data = prepare(spec, tokens=known_tokens(directory) if resume else None)
    with ranks(torch.device(device)) as (group, place):
        training = _Training(spec, data, place, group, directory / CHECKPOINT_FILE, surroundings or Surroundings())
        if resume:
            training.load()
        else:
            training.begin()
        training.run()
        return training.result() if group.leads else None


def known_tokens(directory: Path) -> Tokens:
    """The tokenizer of the training whose checkpoint lies there, for `prepare`.

    Raises:
        InvalidCheckpoint: it cannot be read.
    """
    return Tokens(load_checkpoint(directory / CHECKPOINT_FILE).tokens)


class _Training:
    """A network on its way, and where it stands."""

    def __init__(
        self, spec: DialogueSpec, data: Prepared, place: torch.device, group: Ranks, file: Path, surroundings: Surroundings
    ) -> None:
        self.spec, self.data, self.place, self.group, self.file, self.outside = spec, data, place, group, file, surroundings
        self.length = ("steps", float(spec.iterations)) if spec.iterations else ("seconds", 60 * (spec.minutes or math.inf))
        self.report: Report = surroundings.report if group.leads else lambda _: None
        self.sizes = own_sizes(spec.architecture, spec.sizes, data.tokens.size)
        self.schedule = schedule_of(spec.recipe, spec.architecture, on_gpu=place.type == "cuda")
        torch.manual_seed(spec.seed)  # the same first weights in every process
        self.network = build_network(spec.architecture, self.sizes, dropout=0.0)
        self.learner = Learner(self.network, spec.recipe, place, group)
        self.position = Position()
        self.step = 0
        self.elapsed_s = 0.0
        self.evaluated_s = 0.0
        self.target_tokens = 0
        self.curve: list[tuple[int, float]] = []
        self.constant: Standing | None = None
        """Where the rate began to fall; None before."""
        self.cool_down: CoolDown | None = None
        self.identity = identity(spec, data, sizes=self.sizes, processes=group.world)
        self.monitored = _spread(len(data.held_out), _MONITORED)

    @property
    def reached(self) -> float:
        """In the unit of the training's length."""
        return self.step if self.length[0] == "steps" else self.elapsed_s

    @property
    def done(self) -> float:
        """Share of the training, 0 to 1."""
        return self.reached / self.length[1]

    @property
    def cooled(self) -> float:
        """Share of the cool-down, 0 to 1."""
        if self.cool_down is None:
            return 0.0
        return (self.reached - self.cool_down.begun) / (self.length[1] - self.cool_down.begun)

    @property
    def epochs(self) -> float:
        """How often every exchange was learned from."""
        return self.target_tokens / len(self.data.train.targets)

    @property
    def between_s(self) -> float:
        """From one evaluation to the next."""
        whole_s = self.length[1] if self.length[0] == "seconds" else self.elapsed_s / self.done
        return min(max(whole_s / _EVALUATIONS, _LEAST_S), _MOST_S)

    def run(self) -> None:
        """Until done, or `Stopped`."""
        stream = batches(
            self.data.train,
            seed=self.spec.seed,
            position=self.position,
            budget=lambda: self.schedule.budget(self.target_tokens),
            rank=self.group.rank,
            world=self.group.world,
        )
        heard = Heard(self.outside.clock)
        while self.done < 1:
            if self.group.led(self.outside.stop(), self.place):
                self.save()
                raise Stopped(f"stopped after {self.step} steps")
            if self.cool_down is None and self.done >= 1 - self.spec.recipe.cool_down:
                self.begin_to_cool()
            batch, self.position = next(stream)
            nats, tokens = self.learner.learn(
                batch,
                learning_rate=self.schedule.learning_rate(self.target_tokens, self.cooled),
                dropout=self.schedule.dropout(self.epochs),
            )
            heard.add(nats, int((batch.target_BT != PAD).sum()), tokens)
            self.step += 1
            self.target_tokens += tokens
            self.elapsed_s += self.group.led(heard.lap_s(), self.place)
            is_due = self.done >= 1 or self.elapsed_s >= self.evaluated_s + self.between_s
            if is_due or heard.seconds >= _REPORT_S:
                self.report(heard.progress(self.step, self.done, self.elapsed_s))
            if is_due:
                is_best = self.evaluate()
                self.evaluated_s = self.elapsed_s
                self.save(is_best=is_best)
                heard.lap_s()  # neither is training time

    def begin(self) -> None:
        """With the first weights, the same in every process, and other dropout in each."""
        begin(self.network, self.spec, self.data, sizes=self.sizes)
        torch.manual_seed(self.spec.seed + self.group.rank)

    def begin_to_cool(self) -> None:
        """Keep where the training stands: a longer one goes on from here."""
        self.constant = self.standing(kept=True)
        self.cool_down = CoolDown(self.length, self.reached)
        self.save()

    def evaluate(self) -> bool:
        """Perplexity and replies of the averaged weights; every process computes them, so that none waits alone.

        Returns whether the perplexity is the lowest so far.
        """
        network = self.learner.average
        held_out = self.data.held_out
        perplexity = token_perplexity(network, held_out, self.monitored)
        units = units_scored(held_out, self.monitored, self.data.tokens, self.spec.language)
        tokens = int(held_out.target_lengths[self.monitored].sum())
        is_best = perplexity < min((before for _, before in self.curve), default=math.inf)
        self.curve.append((self.step, perplexity))
        messages = [self.data.held_out_exchanges[at].context for at in _spread(len(self.data.held_out), _SAMPLES)]
        replies = reply_to(network, self.data.tokens, messages, decoding=GREEDY, seed=self.spec.seed)
        had = (self.step, self.done, self.elapsed_s, self.target_tokens, self.epochs)
        self.report(HeldOut(*had, perplexity=perplexity, unit_perplexity=perplexity ** (tokens / units)))
        pairs = zip((context[-1] for context in messages), replies, strict=True)
        self.report(SampleReplies(self.step, tuple(pairs)))
        return is_best

    def standing(self, *, kept: bool = False) -> Standing:
        """Where the training stands; every process must call this. What is `kept` does not change with the next step."""
        state = self.learner.state()
        where = (self.position, self.step, self.elapsed_s, self.evaluated_s, self.target_tokens, list(self.curve))
        return Standing(copy.deepcopy(state) if kept else state, *where)

    def save(self, *, is_best: bool = False) -> None:
        """By the leading process, with the state of all."""
        now = self.standing()
        if self.group.leads:
            known = (self.identity, self.data.tokens.model)
            cooling = (self.constant, self.cool_down, now) if self.constant is not None else (now,)
            best = self.file.with_name(BEST_FILE) if is_best else None
            save_checkpoint(Checkpoint(*known, *cooling), self.file, best=best)

    def load(self) -> None:
        """Continue from the checkpoint: in its cool-down if this training is as long, else from where that began."""
        found = load_checkpoint(self.file, self.identity)
        if found.tokens != self.data.tokens.model:
            raise InvalidCheckpoint(f"{self.file} was trained with another tokenizer")
        standing = found.constant
        if found.cooled is not None and found.cool_down is not None and found.cool_down.length == self.length:
            standing, self.constant, self.cool_down = found.cooled, found.constant, found.cool_down
        self.learner.restore(standing.state)
        self.position, self.step, self.elapsed_s = standing.position, standing.step, standing.elapsed_s
        self.evaluated_s = standing.evaluated_s
        self.target_tokens, self.curve = standing.target_tokens, standing.curve

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


def _spread(length: int, count: int) -> NDArray[np.int64]:
    """Up to `count` places of a list, from every part of it: corpora lie there one after the other."""
    return np.unique(np.linspace(0, length - 1, min(count, length)).astype(np.int64))
