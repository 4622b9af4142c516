"""Log-probabilities of replies under a network: perplexity of held-out exchanges, and the scores that rank candidates."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dialogue.bundle import Language
from dialogue.tokens import Tokens
from trainer.dialogue.encoding import EncodedExchanges
from trainer.dialogue.networks.network import PAD, DialogueNetwork
from trainer.dialogue.tokens import SPECIAL_TOKENS
from trainer.dialogue.wording import units

__all__ = ["candidate_log_p", "reply_log_p", "token_perplexity", "units_scored"]

_ROWS = 64


def token_perplexity(network: DialogueNetwork, exchanges: EncodedExchanges, rows: NDArray[np.int64]) -> float:
    """Of these exchanges' replies, their ends included."""
    log_p_N = reply_log_p(network, exchanges, rows)
    return math.exp(-float(log_p_N.sum()) / int(exchanges.target_lengths[rows].sum()))


def units_scored(exchanges: EncodedExchanges, rows: NDArray[np.int64], tokens: Tokens, language: Language) -> int:
    """Words or characters that the tokens of these exchanges' replies spell, the end of a reply counted as one.

    The unit of a perplexity that does not depend on the tokenizer; a long reply counts as far as its tokens go.
    """
    kept = [exchanges.targets[exchanges.target_starts[row] : exchanges.target_starts[row + 1]].tolist() for row in rows]
    texts = tokens.decode([[token for token in row if token != SPECIAL_TOKENS.end] for row in kept])
    return sum(len(units(text, language)) for text in texts) + sum(int(row[-1] == SPECIAL_TOKENS.end) for row in kept)


@torch.inference_mode()
def reply_log_p(network: DialogueNetwork, exchanges: EncodedExchanges, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log p(reply | context) in nats, for each row."""
    device = network.input_VD.device
    log_p_N = np.zeros(len(rows))
    # Rows of like length share a batch; the result is in the order asked for.
    order = np.lexsort((exchanges.target_lengths[rows], exchanges.context_lengths[rows] // 8))
    for begin in range(0, len(rows), _ROWS):
        chosen = order[begin : begin + _ROWS]
        batch = exchanges.batch(rows[chosen])
        memory = network.read(torch.from_numpy(batch.context_BS).to(device))
        log_p_N[chosen] = _log_p(network, memory, batch.reply_BT, batch.target_BT)
    return log_p_N


@torch.inference_mode()
def candidate_log_p(
    network: DialogueNetwork, exchanges: EncodedExchanges, rows: NDArray[np.int64], candidates_NC: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log p(candidate | context) and log p(candidate | nothing said), [N, C]; candidates are rows of `exchanges`."""
    device = network.input_VD.device
    log_p_NC = np.zeros(candidates_NC.shape)
    for at, (row, candidates_C) in enumerate(zip(rows, candidates_NC, strict=True)):
        context_1S = torch.from_numpy(exchanges.batch(np.array([row])).context_BS).to(device)
        log_p_NC[at] = _of_candidates(network, exchanges, network.read(context_1S), candidates_C)
    nothing = network.read(torch.full((1, 1), SPECIAL_TOKENS.separator, device=device))
    distinct, place_NC = np.unique(candidates_NC, return_inverse=True)
    parts = [_of_candidates(network, exchanges, nothing, distinct[at : at + _ROWS]) for at in range(0, len(distinct), _ROWS)]
    return log_p_NC, np.concatenate(parts)[place_NC].reshape(candidates_NC.shape)


def _of_candidates(
    network: DialogueNetwork, exchanges: EncodedExchanges, memory: tuple[Tensor, ...], candidates_C: NDArray[np.int64]
) -> NDArray[np.float64]:
    batch = exchanges.batch(candidates_C)
    repeated = tuple(part.expand(len(candidates_C), *part.shape[1:]) for part in memory)
    return _log_p(network, repeated, batch.reply_BT, batch.target_BT)


def _log_p(
    network: DialogueNetwork, memory: tuple[Tensor, ...], reply_BT: NDArray[np.int64], target_BT: NDArray[np.int64]
) -> NDArray[np.float64]:
    device = network.input_VD.device
    target = torch.from_numpy(target_BT).to(device)
    logits_BTV = network.logits(network.write(memory, torch.from_numpy(reply_BT).to(device))).float()
    log_p_BT = logits_BTV.log_softmax(-1).gather(2, target.unsqueeze(2)).squeeze(2)
    kept: NDArray[np.float64] = log_p_BT.masked_fill(target == PAD, 0.0).double().sum(1).cpu().numpy()
    return kept
