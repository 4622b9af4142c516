"""A training learns, can be stopped and continued without a trace, and runs in several processes."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from tests.support.dialogue_bundle import TINY, tiny_spec

from dialogue.bundle import Architecture, Language
from trainer.dialogue.checkpoint import CoolDown, load_checkpoint
from trainer.dialogue.corpus.conversation import InvalidCorpus
from trainer.dialogue.events import Event, HeldOut, Progress, SampleReplies
from trainer.dialogue.failures import InvalidCheckpoint, Stopped
from trainer.dialogue.preparation import Prepared, prepare, starter_corpus
from trainer.dialogue.spec import CorpusChoice, DialogueSpec
from trainer.dialogue.training import BEST_FILE, CHECKPOINT_FILE, DialogueResult, Surroundings, known_tokens, train

_Prepared = Callable[[Language], Prepared]


def _run(
    spec: DialogueSpec, directory: Path, prepared: _Prepared, *, resume: bool = False, stop_after: int = 10**6
) -> DialogueResult:
    steps = itertools.count()
    surroundings = Surroundings(stop=lambda: next(steps) >= stop_after)
    result = train(spec, directory=directory, surroundings=surroundings, resume=resume, prepared=prepared(spec.language))
    assert result is not None
    return result


def _same(first: DialogueResult, second: DialogueResult) -> bool:
    pairs = zip(first.network.state_dict().values(), second.network.state_dict().values(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("architecture", list(Architecture))
def test_a_stopped_and_resumed_training_equals_an_unbroken_one_bit_for_bit(
    tmp_path: Path, prepared: _Prepared, architecture: Architecture
) -> None:
    spec = tiny_spec(Language.ENGLISH, architecture, iterations=40)
    unbroken = _run(spec, tmp_path / "a", prepared)
    for stop in (7, 12):  # 7 steps, then 12 more, then the rest
        with pytest.raises(Stopped):
            _run(spec, tmp_path / "b", prepared, resume=stop != 7, stop_after=stop)
    resumed = _run(spec, tmp_path / "b", prepared, resume=True)
    assert _same(unbroken, resumed)
    assert (resumed.steps, resumed.target_tokens) == (40, unbroken.target_tokens)
    assert unbroken.curve[-1] == resumed.curve[-1]  # examinations in between come by the clock


@pytest.mark.parametrize("stop", [None, 9])
def test_a_finished_training_made_longer_equals_one_that_was_long_from_the_start(
    tmp_path: Path, prepared: _Prepared, stop: int | None
) -> None:
    short = tiny_spec(Language.ENGLISH, Architecture.TRANSFORMER, iterations=10)
    long = short.model_copy(update={"iterations": 15})
    unbroken = _run(long, tmp_path / "a", prepared)
    if stop is None:
        assert _run(short, tmp_path / "b", prepared).steps == 10
    else:  # in the cool-down, which the longer training has later
        with pytest.raises(Stopped):
            _run(short, tmp_path / "b", prepared, stop_after=stop)
    longer = _run(long, tmp_path / "b", prepared, resume=True)
    assert _same(unbroken, longer)
    assert longer.curve == unbroken.curve
    assert _same(unbroken, _run(long, tmp_path / "b", prepared, resume=True))  # a finished one is not learned again


def test_a_training_stopped_in_its_cool_down_ends_as_if_it_had_not_been(tmp_path: Path, prepared: _Prepared) -> None:
    spec = tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=20)
    unbroken = _run(spec, tmp_path / "a", prepared)
    with pytest.raises(Stopped):
        _run(spec, tmp_path / "b", prepared, stop_after=18)
    assert _same(unbroken, _run(spec, tmp_path / "b", prepared, resume=True))


def test_a_training_cut_off_early_cools_down_from_where_it_stands(tmp_path: Path, prepared: _Prepared) -> None:
    spec = tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=100)
    with pytest.raises(Stopped):
        _run(spec, tmp_path, prepared, stop_after=20)
    assert _run(spec.model_copy(update={"iterations": 24}), tmp_path, prepared, resume=True).steps == 24
    gone_on = load_checkpoint(tmp_path / CHECKPOINT_FILE)
    assert (gone_on.constant.step, gone_on.cool_down) == (20, CoolDown(("steps", 24.0), 20))


def test_a_training_goes_on_where_its_corpora_lie_elsewhere_with_the_tokenizer_it_began_with(tmp_path: Path) -> None:
    lines = [{"messages": [{"role": "A", "text": f"hi {n} there"}, {"role": "B", "text": f"ho {n} here"}]} for n in range(300)]
    results = []
    for name in ("here", "there"):
        corpus = tmp_path / name / "talks.jsonl"
        corpus.parent.mkdir()
        corpus.write_text("\n".join(map(json.dumps, lines)))
        spec = tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=4 if name == "here" else 8)
        spec = spec.model_copy(
            update={"corpora": (CorpusChoice(path=corpus),), "sizes": TINY.model_copy(update={"vocabulary": 300})}
        )
        results.append(train(spec, directory=tmp_path / "training", resume=name == "there"))
    assert [result is not None and result.steps for result in results] == [4, 8]
    known = known_tokens(tmp_path / "training")
    assert results[1] is not None
    assert known.model == results[1].prepared.tokens.model
    other = prepare(spec.model_copy(update={"sizes": TINY.model_copy(update={"vocabulary": 290})}))
    with pytest.raises(InvalidCheckpoint, match="was trained with"):
        train(spec, directory=tmp_path / "training", resume=True, prepared=other)


def test_the_best_checkpoint_is_kept_and_can_be_continued(tmp_path: Path, prepared: _Prepared) -> None:
    spec = tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=5)
    _run(spec, tmp_path, prepared)
    best = load_checkpoint(tmp_path / BEST_FILE)
    assert best.cooled is not None
    assert best.cooled.step == 5
    (tmp_path / BEST_FILE).replace(tmp_path / CHECKPOINT_FILE)
    assert _run(spec.model_copy(update={"iterations": 8}), tmp_path, prepared, resume=True).steps == 8


def test_a_training_lowers_the_held_out_perplexity(trained: Callable[[Architecture], DialogueResult]) -> None:
    for architecture in Architecture:
        assert trained(architecture).curve[-1][1] < 320  # frequencies of tokens alone: 365


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path, prepared: _Prepared) -> None:
    spec = tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=2)
    _run(spec, tmp_path, prepared)
    with pytest.raises(InvalidCheckpoint, match="was trained with seed 0, this training has 1"):
        _run(spec.model_copy(update={"seed": 1}), tmp_path, prepared, resume=True)
    (tmp_path / "checkpoint.pt").write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(InvalidCheckpoint, match="is not a checkpoint"):
        _run(spec, tmp_path, prepared, resume=True)
    (tmp_path / "checkpoint.pt").unlink()
    with pytest.raises(InvalidCheckpoint, match="is not a checkpoint"):
        _run(spec, tmp_path, prepared, resume=True)


def test_minutes_are_counted_by_the_clock_given(tmp_path: Path, prepared: _Prepared) -> None:
    spec = tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=1).model_copy(update={"iterations": None, "minutes": 1.0})
    events: list[Event] = []
    ticks = itertools.count(step=0.5)  # a lap a step: 0.5 s
    surroundings = Surroundings(report=events.append, clock=lambda: next(ticks))
    result = train(spec, directory=tmp_path, surroundings=surroundings, prepared=prepared(Language.ENGLISH))
    assert result is not None
    assert (result.steps, result.elapsed_s) == (120, 60.0)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.done for event in progress] == sorted(event.done for event in progress)
    assert progress[-1].eta_s == 0
    assert progress[0].eta_s == pytest.approx(60 - progress[0].elapsed_s)
    assert all(event.tokens_per_s > 0 and event.loss > 0 for event in progress)
    held_out = [event for event in events if isinstance(event, HeldOut)]
    assert [(event.step, event.perplexity) for event in held_out] == list(result.curve)
    samples = [event for event in events if isinstance(event, SampleReplies)]
    assert len(samples) == len(held_out) >= 2
    assert all(len(event.replies) == 5 for event in samples)


def test_a_training_that_is_stopped_often_is_evaluated_as_often_as_one_that_is_not(tmp_path: Path, prepared: _Prepared) -> None:
    spec = tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=1).model_copy(update={"iterations": None, "minutes": 2.0})

    def curve(directory: Path, *, stops: int) -> list[int]:
        ticks = itertools.count(step=1.0)  # a lap a step: 1 s
        for part in range(stops + 1):
            steps = itertools.count()
            last = 20 if part < stops else 10**6  # less than between two evaluations
            surroundings = Surroundings(stop=lambda: next(steps) >= last, clock=lambda: next(ticks))  # noqa: B023 - called at once
            with nullcontext() if part == stops else pytest.raises(Stopped):
                result = train(
                    spec, directory=directory, surroundings=surroundings, resume=part > 0, prepared=prepared(Language.ENGLISH)
                )
        assert result is not None
        return [step for step, _ in result.curve]

    assert curve(tmp_path / "a", stops=0) == curve(tmp_path / "b", stops=5) == [30, 60, 90, 120]


def test_a_spec_without_corpora_takes_the_starter_corpus(prepared: _Prepared) -> None:
    for language in Language:
        data = prepared(language)
        assert [source.name for source in data.sources] == [f"starter/{language}.jsonl"]
        assert data.sources[0].licence == "Apache-2.0"
        assert data.sources[0].exchanges == len(data.train) + len(data.held_out) >= 400


def test_one_source_of_a_corpus_can_be_chosen(tmp_path: Path) -> None:
    corpus = tmp_path / "a.csv"
    corpus.write_text("question,answer,src\n" + "".join(f"message {n},reply {n},{'xy'[n % 2]}\n" for n in range(400)))
    spec = tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=1).model_copy(
        update={
            "corpora": (CorpusChoice.parse(f"{corpus}#x"),),
            "sizes": tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=1).sizes,
        }
    )
    assert prepare(spec).sources[0].exchanges == 200
    missing = spec.model_copy(update={"corpora": (CorpusChoice.parse(f"{corpus}#z"),)})
    with pytest.raises(InvalidCorpus, match="with source 'z' leave no exchange"):
        prepare(missing)


def test_a_vocabulary_smaller_than_the_alphabet_is_refused() -> None:
    spec = tiny_spec(Language.JAPANESE, Architecture.GRU, iterations=1)
    with pytest.raises(InvalidCorpus, match="a vocabulary of 300 cannot be learned"):
        prepare(spec.model_copy(update={"sizes": spec.sizes.model_copy(update={"vocabulary": 300})}))


_PROGRAM = """
import json, sys
from pathlib import Path
import torch
from dialogue.bundle import Architecture, Language
from tests.support.dialogue_bundle import tiny_spec
from trainer.dialogue.training import train
torch.set_num_threads(1)
directory = Path(sys.argv[1])
spec = tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=int(sys.argv[2]))
result = train(spec, directory=directory, resume="resume" in sys.argv)
if result is not None:
    summary = {"steps": result.steps, "tokens": result.target_tokens, "curve": result.curve,
               "sum": sum(float(weight.double().sum()) for weight in result.network.state_dict().values())}
    (directory / "result.json").write_text(json.dumps(summary))
"""


@pytest.mark.slow
def test_two_processes_under_torchrun_train_one_network_and_resume_exactly(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM)

    def run(directory: Path, *arguments: str) -> dict[str, object]:
        directory.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(program)]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[3])}
        subprocess.run([*command, str(directory), *arguments], check=True, timeout=240, env=environment, capture_output=True)
        found: dict[str, object] = json.loads((directory / "result.json").read_text())
        return found

    unbroken = run(tmp_path / "a", "30")
    assert unbroken["steps"] == 30
    longer = run(tmp_path / "a", "36", "resume")
    assert longer == run(tmp_path / "b", "36")
    assert longer["steps"] == 36


def test_a_small_corpus_can_be_learned_several_times_an_epoch(prepared: _Prepared) -> None:
    once = prepared(Language.ENGLISH)
    spec = tiny_spec(Language.ENGLISH, Architecture.GRU, iterations=1)
    starter = starter_corpus(spec)
    thrice = prepare(spec.model_copy(update={"corpora": (CorpusChoice.parse(f"{starter.path}*3"),)}), tokens=once.tokens)
    assert len(thrice.train) == 3 * len(once.train)
    assert thrice.held_out_exchanges == once.held_out_exchanges
    assert (thrice.sources[0].name, thrice.sources[0].exchanges) == ("starter/en.jsonl*3", once.sources[0].exchanges)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b.jsonl", ("a/b.jsonl", None, 1)),
        ("a/b.jsonl#x", ("a/b.jsonl", "x", 1)),
        ("a/b.jsonl#x*12", ("a/b.jsonl", "x", 12)),
        ("a/b.jsonl*2", ("a/b.jsonl", None, 2)),
        ("a*b/c", ("a*b/c", None, 1)),
    ],
)
def test_a_corpus_is_named_with_its_source_and_weight(text: str, expected: tuple[str, str | None, int]) -> None:
    choice = CorpusChoice.parse(text)
    assert (str(choice.path), choice.source, choice.times) == expected
    assert choice.name == text
