"""Comparison: two bots measured on the same held-out exchanges, by their published weights."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from dialogue.tokens import Tokens
from trainer.dialogue.corpus.exchanges import Exchange
from trainer.dialogue.encoding import encode_exchanges
from trainer.dialogue.evaluation import candidate_log_p, reply_log_p, units_scored
from trainer.dialogue.failures import InvalidCheckpoint
from trainer.dialogue.networks.building import build_network
from trainer.dialogue.weights import Weights

__all__ = ["Figures", "figures", "is_worse", "read_held_out", "write_held_out"]

_EXCHANGES: Final = 500
_CANDIDATES: Final = 20
_RANKED: Final = 200
_WORSE_BY: Final = 1.005
"""A perplexity that is so many times as high is worse; less is noise of the last steps."""
_ERRORS: Final = 2.0
"""Standard errors by which a hit rate must be lower to be worse."""


@dataclass(frozen=True)
class Figures:
    """What a bot does on the exchanges."""

    perplexity: float
    """Per word of English or character of Japanese."""
    hit: float
    """How often the true reply is put first of 20 random ones by what the context adds to its log p."""
    exchanges: int
    ranked: int
    """Exchanges behind the hit rate."""


def write_held_out(exchanges: Sequence[Exchange], file: Path, *, seed: int = 0) -> None:
    """Keep up to 500 exchanges that a training did not learn from, chosen by chance, for comparisons to come."""
    chosen = np.sort(np.random.default_rng((seed, 7)).permutation(len(exchanges))[:_EXCHANGES])
    rows = [{"context": exchanges[at].context, "reply": exchanges[at].reply} for at in chosen]
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    partial.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    partial.replace(file)


def read_held_out(file: Path) -> list[Exchange]:
    """What `write_held_out` kept.

    Raises:
        InvalidCheckpoint: the file is something else.
    """
    try:
        rows = json.loads(file.read_text("utf-8"))
        return [Exchange(context=tuple(row["context"]), reply=row["reply"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise InvalidCheckpoint(f"{file} does not hold the held-out exchanges of a training: {broken}") from broken


def figures(weights: Weights, exchanges: Sequence[Exchange], *, seed: int = 0) -> Figures:
    """Of the bot with these weights; the same exchanges and seed compare bots of any vocabulary and size."""
    network = build_network(weights.architecture, weights.sizes, dropout=0.0)
    network.load_state_dict({name: torch.from_numpy(values) for name, values in weights.parameters.items()})
    network.eval()
    tokens = Tokens(weights.tokens)
    encoded = encode_exchanges(list(exchanges), tokens)
    rows, ranked = np.arange(len(encoded)), np.arange(min(len(encoded), _RANKED))
    nats = -float(reply_log_p(network, encoded, rows).sum())
    random = np.random.default_rng((seed, 8))
    others = np.array([random.choice(np.delete(rows, row), min(_CANDIDATES, len(rows)) - 1, replace=False) for row in ranked])
    candidates_NC = np.concatenate([ranked[:, None], others], axis=1)
    log_p_NC, alone_NC = candidate_log_p(network, encoded, ranked, candidates_NC)
    scores_NC = (log_p_NC - alone_NC) / encoded.target_lengths[candidates_NC]
    return Figures(
        perplexity=math.exp(nats / units_scored(encoded, rows, tokens, weights.language)),
        hit=float((scores_NC.argmax(1) == 0).mean()),
        exchanges=len(rows),
        ranked=len(ranked),
    )


def is_worse(candidate: Figures, served: Figures) -> bool:
    """Whether a bot predicts replies worse than the one it would replace, or finds the true one less often."""
    error = math.sqrt(max(served.hit * (1 - served.hit), 0.01) / served.ranked)
    return candidate.perplexity > _WORSE_BY * served.perplexity or candidate.hit < served.hit - _ERRORS * error
