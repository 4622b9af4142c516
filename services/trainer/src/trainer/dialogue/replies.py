"""Replies of a network in torch: contexts encoded once, then one step at a time for all rows that have not ended.

Each reply has two rows: one that knows its context, and one that says the same to silence (`decoding.against_silence`).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dialogue.bundle import REPLY_TOKENS, StateUpdate, lay_out_context
from trainer.dialogue.decoding import Decoding, against_silence, next_tokens
from trainer.dialogue.networks.network import DialogueNetwork
from trainer.dialogue.tokens import SPECIAL_TOKENS, Tokens

__all__ = ["advance", "reply_to"]

_ROWS = 64


def reply_to(
    network: DialogueNetwork, tokens: Tokens, contexts: Sequence[Sequence[str]], *, decoding: Decoding, seed: int
) -> list[str]:
    """One reply a context (its turns, oldest first), drawn with a generator of its own: context i with (seed, i)."""
    replies: list[list[int]] = []
    for begin in range(0, len(contexts), _ROWS):
        rows = [
            lay_out_context(tokens.encode(list(context)), SPECIAL_TOKENS.separator)
            for context in contexts[begin : begin + _ROWS]
        ]
        randoms = [np.random.default_rng((seed, begin + row)) for row in range(len(rows))]
        replies.extend(_reply(network, rows, decoding, randoms))
    return tokens.decode(replies)


@torch.inference_mode()
def _reply(
    network: DialogueNetwork, contexts: Sequence[Sequence[int]], decoding: Decoding, randoms: Sequence[np.random.Generator]
) -> list[list[int]]:
    device = network.input_VD.device
    silence = lay_out_context([], SPECIAL_TOKENS.separator)
    count = len(contexts)
    context_BS = torch.zeros(2 * count, max(map(len, contexts)), dtype=torch.long)
    for row, context in enumerate([*contexts, *[silence] * count]):
        context_BS[row, : len(context)] = torch.tensor(context)
    states = network.encode(context_BS.to(device))
    for state in network.states:
        if state.update is StateUpdate.APPENDED:
            states[state.name] = torch.zeros(2 * count, *state.shape, device=device)
    replies: list[list[int]] = [[] for _ in contexts]
    live = list(range(len(contexts)))
    token_B = torch.full((2 * count,), SPECIAL_TOKENS.start, device=device)
    for position in range(REPLY_TOKENS):
        logits_BV, successors = network.step(token_B, torch.full_like(token_B, position), states)
        advance(network, states, successors, position)
        rows_BV, said = logits_BV.float().cpu().numpy(), [replies[row] for row in live]
        weighed_BV = against_silence(rows_BV[live], rows_BV[count:][live], said, decoding)
        chosen = next_tokens(weighed_BV, said, decoding, [randoms[row] for row in live])
        for row, token in zip(list(live), chosen.tolist(), strict=True):
            if token == SPECIAL_TOKENS.end:
                live.remove(row)
            else:
                replies[row].append(token)
                token_B[[row, count + row]] = token
        if not live:
            break
    return replies


def advance(network: DialogueNetwork, states: dict[str, Tensor], successors: dict[str, Tensor], position: int) -> None:
    """Make `states` what the next step needs; all rows are at the same position."""
    for state in network.states:
        if state.update is StateUpdate.REPLACED:
            states[state.name] = successors[state.name]
        elif state.slot_axis is not None:
            states[state.name].select(state.slot_axis, position).copy_(successors[state.name])
