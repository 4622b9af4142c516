"""From a finished training to the bundle that a chatbot runs: graphs compared with the network, 8-bit weights, the card."""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import torch

from dialogue.bundle import (
    CARD_FILE,
    ENCODER_FILE,
    OPENINGS_FILE,
    STEP_FILE,
    TOKENS_FILE,
    BundleFile,
    ExportRecord,
    ModelCard,
    Opening,
    Scorecard,
    StateUpdate,
    TrainingRecord,
)
from trainer.dialogue.bundle_runtime import Graphs
from trainer.dialogue.graphs import write_graphs
from trainer.dialogue.networks.network import DialogueNetwork
from trainer.dialogue.quantisation import quantise
from trainer.dialogue.replies import advance
from trainer.dialogue.tokens import SPECIAL_TOKENS
from trainer.dialogue.training import DialogueResult

__all__ = ["BadExport", "Provenance", "export_bundle"]

_PARITY: Final = 1e-4
_LOSS_PERCENT: Final = 2.0
"""By which 8-bit weights may raise the perplexity."""
_COMPARED: Final = 128
_STEPS: Final = 12


class BadExport(Exception):
    """The graphs do not do what the network does; nothing was exported."""


@dataclass(frozen=True)
class Provenance:
    """What the caller knows of a training and the card must tell."""

    command: str
    run: str
    code_version: str
    finished: datetime


def export_bundle(
    result: DialogueResult,
    directory: Path,
    *,
    provenance: Provenance,
    scorecard: Scorecard | None = None,
    openings: list[Opening] | None = None,
) -> ModelCard:
    """Writes the bundle's files into `directory`, the card last.

    Raises:
        BadExport: when a graph differs from the network by more than 1e-4, or 8-bit weights raise the perplexity by > 2 %.
    """
    directory.mkdir(parents=True, exist_ok=True)
    network = result.network.eval()
    held_out = result.prepared.held_out
    rows = np.arange(min(_COMPARED, len(held_out)))
    with tempfile.TemporaryDirectory() as folder:
        encoder, step = Path(folder) / ENCODER_FILE, Path(folder) / STEP_FILE
        write_graphs(network, encoder, step)
        exact = Graphs(encoder, step, network.states)
        parity = _largest_difference(network, exact, result)
        if parity > _PARITY:
            raise BadExport(f"the graphs differ from the network by {parity:.2e}, more than {_PARITY:.0e}")
        quantise(encoder, directory / ENCODER_FILE, products=False)
        quantise(step, directory / STEP_FILE, products=True)
        before = exact.token_perplexity(held_out, rows)
    after = Graphs(directory / ENCODER_FILE, directory / STEP_FILE, network.states).token_perplexity(held_out, rows)
    if after > before * (1 + _LOSS_PERCENT / 100):
        raise BadExport(f"8-bit weights raise the perplexity from {before:.2f} to {after:.2f}, by more than {_LOSS_PERCENT} %")
    (directory / TOKENS_FILE).write_bytes(result.prepared.tokens.model)
    listed = [opening.model_dump(mode="json") for opening in openings or []]
    (directory / OPENINGS_FILE).write_text(json.dumps(listed, ensure_ascii=False, indent=1) + "\n", "utf-8")
    card = ModelCard(
        language=result.spec.language,
        architecture=result.spec.architecture,
        sizes=result.sizes,
        tokens=SPECIAL_TOKENS,
        states=network.states,
        licence=result.spec.licence,
        attribution=[source.attribution for source in result.prepared.sources if source.attribution],
        sources=result.prepared.sources,
        training=_record(result, provenance),
        scorecard=scorecard,
        export=ExportRecord(parity=parity, perplexity_float32=before, perplexity_int8=after),
        files=[_file(directory / name) for name in (ENCODER_FILE, STEP_FILE, TOKENS_FILE, OPENINGS_FILE)],
    )
    (directory / CARD_FILE).write_text(card.model_dump_json(indent=1) + "\n", "utf-8")
    return card


@torch.inference_mode()
def _largest_difference(network: DialogueNetwork, graphs: Graphs, result: DialogueResult) -> float:
    """Over encoder outputs, logits and successors of held-out exchanges, each row at a position of its own."""
    batch = result.prepared.held_out.batch(np.arange(min(8, len(result.prepared.held_out))))
    states = network.encode(torch.from_numpy(batch.context_BS))
    found = graphs.encode(batch.context_BS)
    largest = max(float(np.abs(found[name] - state.numpy()).max()) for name, state in states.items())
    count = len(batch.context_BS)
    for state in network.states:
        if state.update is StateUpdate.APPENDED:
            states[state.name] = torch.zeros(count, *state.shape)
    for position in range(min(_STEPS, batch.reply_BT.shape[1])):
        token_B, position_B = batch.reply_BT[:, position], np.full(count, position)
        logits, successors = network.step(torch.from_numpy(token_B), torch.from_numpy(position_B), states)
        advance(network, states, successors, position)
        largest = max(largest, float(np.abs(graphs.step(token_B, position_B, found) - logits.numpy()).max()))
        largest = max(largest, *(float(np.abs(found[name] - state.numpy()).max()) for name, state in states.items()))
    return largest


def _record(result: DialogueResult, provenance: Provenance) -> TrainingRecord:
    return TrainingRecord(
        command=provenance.command,
        run=provenance.run,
        device=result.device,
        seconds=round(result.elapsed_s, 1),
        steps=result.steps,
        epochs=round(result.epochs, 3),
        target_tokens=result.target_tokens,
        exchanges=len(result.prepared.train),
        parameters=sum(parameter.numel() for parameter in result.network.parameters()),
        seed=result.spec.seed,
        code_version=provenance.code_version,
        finished=provenance.finished,
    )


def _file(path: Path) -> BundleFile:
    data = path.read_bytes()
    return BundleFile(name=path.name, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
