"""The dialogue model beside the PyTorch tutorial's chatbot, on the same conversations and the same budget of CPU seconds.

    python -m benchmarks.dialogue --data ../shared/data/dialogue/self-dialogue [--seconds 300] [--bots]

Prints held-out perplexity per word on the pairs that the tutorial can read at all, target tokens a CPU second (of the
recommended network, and of one as large as the tutorial's: a GRU of 500 units), CPU milliseconds of a 10-token reply, and what
a process costs from its start to its first reply, each with its ratio to the tutorial in the same run. One thread throughout;
both sides learn and predict the same texts, in the tutorial's alphabet of lower-case letters and `.!?`. Then the shipped bots:
their scorecards beside what is to be reached, and what their replies cost beside bare steps of the same graphs; `--bots`
prints these alone.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from benchmarks.ctranslate2_peer import greedy_reply
from benchmarks.tutorial_chatbot import Pair, TutorialChatbot, normalised

from chatbot.network.batch import Batch
from chatbot.network.bundle import open_bundle, read_files
from chatbot.network.reply import Finish, Reply, Wish
from dialogue.bundle import Architecture, Language, read_card
from trainer.dialogue.bundle_runtime import Graphs
from trainer.dialogue.corpus.reading import read_corpus
from trainer.dialogue.evaluation import reply_log_p
from trainer.dialogue.export import Provenance, export_bundle
from trainer.dialogue.preparation import Prepared, prepare
from trainer.dialogue.spec import CorpusChoice, DialogueSpec, Recipe, Sizes
from trainer.dialogue.tokens import SPECIAL_TOKENS
from trainer.dialogue.training import DialogueResult, Surroundings, train

REPLY_TOKENS = 10
DRAWN = 200
MODELS = Path(__file__).parents[1] / "services" / "chatbot" / "models"
FIRST_REPLY = Path(__file__).with_name("first_reply.py")
TUTORIALS = Sizes(width=500, hidden=500)
QUICK = Sizes(width=192, heads=4, inner=768, encoder_layers=1, decoder_layers=2)


def main() -> None:
    """Run all parts and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/dialogue/self-dialogue"))
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds of training for each side")
    parser.add_argument("--bots", action="store_true", help="only what the shipped bots cost and reach")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if not arguments.bots:
        compare(arguments.data, arguments.seconds)
    for language in Language:
        describe_bot(MODELS / language)


def compare(corpus: Path, seconds: float) -> None:
    """Both sides learn, and reply."""
    with tempfile.TemporaryDirectory() as folder:
        spec = DialogueSpec(
            language=Language.ENGLISH,
            corpora=(CorpusChoice(path=plain_corpus(corpus, Path(folder))),),
            architecture=Architecture.TRANSFORMER,
            minutes=seconds / 60,
            sizes=QUICK,
            recipe=Recipe(learning_rate=2e-3, first_tokens=256, last_tokens=512, dropout=0.0),
        )
        data = prepare(spec)
        peer = TutorialChatbot([(found.context[-1], found.reply) for found in data.train_exchanges])
        ours = train(spec, directory=Path(folder), surroundings=Surroundings(clock=time.process_time), prepared=data)
        if ours is None:
            raise RuntimeError("run this without torchrun")
        tutorial_tokens_per_s = compare_training(data, ours, peer, seconds)
        compare_throughput(spec, Path(folder), data, tutorial_tokens_per_s)
        provenance = Provenance("benchmarks/dialogue.py", "benchmark", "benchmark", datetime.now(UTC))
        card = export_bundle(ours, Path(folder) / "bundle", provenance=provenance)
        size_mb = sum(file.size_bytes for file in card.files) / 1e6
        quality = (
            f"perplexity a token {card.export.perplexity_float32:.3f} in float32, {card.export.perplexity_int8:.3f} in 8 bits"
        )
        print(f"bundle: {size_mb:.1f} MB, parity {card.export.parity:.1e}, {quality}")
        compare_replies(ours, Path(folder) / "bundle", peer)
        compare_starts(Path(folder) / "bundle")


def plain_corpus(data: Path, folder: Path) -> Path:
    """The conversations in the tutorial's alphabet, so that both sides predict the same words."""
    file = folder / "plain.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for conversation in read_corpus(data):
            spoken = [{"role": turn.role, "text": " ".join(normalised(turn.text))} for turn in conversation.turns]
            lines.write(json.dumps({"messages": spoken}) + "\n")
    return file


def compare_training(data: Prepared, ours: DialogueResult, peer: TutorialChatbot, seconds: float) -> float:
    """The same budget; the same held-out pairs; the tutorial's own count of words. Returns its target tokens a CPU second."""
    iterations, tokens = peer.learn(seconds)
    pairs: list[Pair] = [(normalised(found.context[-1]), normalised(found.reply)) for found in data.held_out_exchanges]
    readable = np.array([at for at, pair in enumerate(pairs) if peer.reads(pair)])
    words = sum(len(pairs[at][1]) + 1 for at in readable)
    theirs = math.exp(peer.nats([pairs[at] for at in readable]) / words)
    mine = math.exp(-float(reply_log_p(ours.network, data.held_out, readable).sum()) / words)
    every = np.arange(len(data.held_out))
    all_words = sum(len(reply) + 1 for _, reply in pairs)
    whole = math.exp(-float(reply_log_p(ours.network, data.held_out, every).sum()) / all_words)
    share = 100 * len(readable) / len(pairs)
    print(
        f"training, {seconds:.0f} CPU-s each, held-out perplexity a word on the {share:.1f} % of pairs the tutorial can read:"
    )
    print(f"  tutorial {theirs:.1f} ({iterations} iterations, {tokens / seconds:.0f} target tokens/CPU-s)")
    rate = ours.target_tokens / ours.elapsed_s
    print(f"  ntdemo   {mine:.1f} ({ours.steps} steps, {rate:.0f} target tokens/CPU-s); on all pairs {whole:.1f}")
    print(
        f"  ratio    {mine / theirs:.2f} of the perplexity (to reach in 300 s: 45), {rate * seconds / tokens:.1f} x the tokens"
    )
    return tokens / seconds


def compare_throughput(spec: DialogueSpec, folder: Path, data: Prepared, tutorial_tokens_per_s: float) -> None:
    """Of a network as large as the tutorial's, for a tenth of the budget."""
    alike = spec.model_copy(
        update={"architecture": Architecture.GRU, "sizes": TUTORIALS, "minutes": (spec.minutes or 0) / 10, "recipe": Recipe()}
    )
    directory = folder / "gru"
    directory.mkdir()
    learned = train(alike, directory=directory, surroundings=Surroundings(clock=time.process_time), prepared=data)
    if learned is None:
        raise RuntimeError("run this without torchrun")
    rate = learned.target_tokens / learned.elapsed_s
    print(f"  a GRU of 500 units: {rate:.0f} target tokens/CPU-s, {rate / tutorial_tokens_per_s:.1f} x (to reach: 3 x)")


def compare_replies(ours: DialogueResult, bundle: Path, peer: TutorialChatbot) -> None:
    """CPU milliseconds of a reply of ten tokens to a short message, and of its first token."""
    graphs = Graphs(bundle / "encoder.onnx", bundle / "step.onnx", ours.network.states)
    message = ours.prepared.tokens.encode(["what did you do this weekend?"])[0]

    def reply(tokens: int) -> None:
        states = graphs.encode(np.array([message]))
        token = np.array([SPECIAL_TOKENS.start])
        for position in range(tokens):
            token = graphs.step(token, np.array([position]), states).argmax(1)

    words = ["what", "do", "you", "do", "?"]
    theirs = _cpu_ms(lambda: peer.reply([word for word in words if word in peer.ids], REPLY_TOKENS))
    mine, first = _cpu_ms(lambda: reply(REPLY_TOKENS)), _cpu_ms(lambda: reply(1))
    ratio = mine / theirs
    print(
        f"reply of {REPLY_TOKENS} tokens, CPU-ms: tutorial in torch {theirs:.1f}, "
        f"bare steps of ntdemo {mine:.2f}, ratio {ratio:.2f}; first token {first:.2f}"
    )


def compare_starts(bundle: Path) -> None:
    """A fresh interpreter, from its start to its first complete reply."""
    began = time.perf_counter()
    command = [sys.executable, str(FIRST_REPLY), str(bundle)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall_s = time.perf_counter() - began
    told = json.loads(done.stdout)
    print(f"start to first reply: {wall_s:.2f} s wall, {told['cpu_s']:.2f} CPU-s, {told['resident_mb']:.0f} MB")


def describe_bot(bundle: Path) -> None:
    """A shipped bot's scorecard beside what is to be reached, and what its replies cost."""
    if not bundle.is_dir():
        print(f"{bundle.name}: no bundle is shipped")
        return
    card = read_card(bundle)
    training, scorecard = card.training, card.scorecard
    if scorecard is None:
        raise RuntimeError(f"{bundle} was not measured")
    size_mb = sum(file.size_bytes for file in card.files) / 1e6
    made = f"{card.architecture}, {size_mb:.1f} MB, {training.epochs:.2f} epochs in {training.seconds / 60:.0f} minutes"
    read = f"{scorecard.coverage_percent:.1f} % of messages read"
    print(f"{card.language} ({made}): perplexity a {scorecard.unit} {scorecard.perplexity:.1f}, {read}")
    hits = {row.name: row.random for row in scorecard.ranking}
    rates = ", ".join(f"{name} {rate:.3f}" for name, rate in hits.items())
    print(f"  hit@1/20 {rates} (to reach: above TF-IDF, 0.30)")
    replies = {row.name: row for row in scorecard.replies}
    for name, least in (("greedy", 0.30), ("sampled", 0.55), ("tf-idf", None), ("human", None)):
        row = replies[name]
        wanted = "" if least is None else f" (to reach {least:.2f}; 3 %)"
        print(f"  {name}: distinct-2 {row.distinct_2:.3f}, most frequent {row.top_reply_percent:.1f} %{wanted}")
    copies = replies["sampled"].memorised_percent
    print(
        f"  verbatim from training: {copies:.1f} % of sampled replies, {replies['human'].memorised_percent:.1f} % of human ones"
    )
    compare_decoding(bundle)
    compare_starts(bundle)


def compare_decoding(directory: Path) -> None:
    """As the service draws, beside greedy steps with nothing around them; all in turns, in one process."""
    bundle = open_bundle(*read_files(directory), published=False)
    message = "what did you do this weekend?" if bundle.language is Language.ENGLISH else "週末は何をしましたか？"
    context = bundle.context([message])
    graphs = Graphs(directory / "encoder.onnx", directory / "step.onnx", bundle.card.states)

    def bare_steps() -> None:
        states, token = graphs.encode(np.array([context])), np.array([SPECIAL_TOKENS.start])
        for position in range(REPLY_TOKENS):
            token = graphs.step(token, np.array([position]), states).argmax(1)

    peers: dict[str, Callable[[], object]] = {"bare steps": bare_steps}
    try:
        peers["CTranslate2, random weights of these sizes"] = greedy_reply(
            bundle.card.sizes, places=bundle.card.context_tokens, context=len(context), tokens=REPLY_TOKENS
        )
    except ModuleNotFoundError:
        print("  CTranslate2 is not installed")
    batch = Batch(bundle)
    whole_s, first_s = [], []
    peers_s: dict[str, list[float]] = {name: [] for name in peers}
    for seed in range(DRAWN):
        began = time.process_time()
        replies = Reply.several(bundle, [message], Wish(max_tokens=REPLY_TOKENS, seed=seed), count=1)
        batch.admit(replies)
        (piece,) = batch.step()
        first_s.append(time.process_time() - began)
        while piece.finish is None:
            (piece,) = batch.step()
        batch.dismiss(replies)
        if piece.finish is Finish.LENGTH:
            whole_s.append(time.process_time() - began)
        for name, reply in peers.items():
            began = time.process_time()
            reply()
            peers_s[name].append(time.process_time() - began)
    whole, first = _spread(whole_s), _spread(first_s)
    print(
        f"  reply of {REPLY_TOKENS} tokens, CPU-ms, median (quickest tenth): {whole[0]:.2f} ({whole[1]:.2f}; to reach 4.5), "
        f"first token {first[0]:.2f} ({first[1]:.2f}; to reach 3)"
    )
    for name, values_s in peers_s.items():
        peer = _spread(values_s)
        print(f"    {name}: {peer[0]:.2f} ({peer[1]:.2f}), ratio {whole[0] / peer[0]:.2f} ({whole[1] / peer[1]:.2f})")


def _spread(values_s: list[float]) -> tuple[float, float]:
    """Median and tenth percentile in milliseconds: the second says what an undisturbed core takes."""
    return 1e3 * float(np.median(values_s)), 1e3 * float(np.percentile(values_s, 10))


def _cpu_ms(call: Callable[[], object]) -> float:
    """Median of 30 calls after 5 to warm up."""
    taken = []
    for _ in range(35):
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    return 1e3 * float(np.median(taken[5:]))


if __name__ == "__main__":
    main()
