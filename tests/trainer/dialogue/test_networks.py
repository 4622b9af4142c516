"""Both networks: one step at a time gives what the whole sequence gives, and neither padding nor company changes a row."""

import math
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from dialogue.bundle import Architecture, Language, StateUpdate
from trainer.dialogue.bigrams import answer_factors, bigram_factors
from trainer.dialogue.encoding import EncodedExchanges
from trainer.dialogue.evaluation import candidate_log_p, reply_log_p, token_perplexity
from trainer.dialogue.networks.building import build_network
from trainer.dialogue.networks.network import SEPARATOR, DialogueNetwork
from trainer.dialogue.preparation import Prepared
from trainer.dialogue.replies import advance

_SIZES = {
    Architecture.GRU: {"vocabulary": 90, "width": 16, "hidden": 24},
    Architecture.TRANSFORMER: {
        "vocabulary": 90,
        "width": 16,
        "heads": 2,
        "inner": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
    },
}
_CONTEXT_BS = torch.tensor([[9, 8, 7, 4, 6, 5], [11, 12, 4, 13, 0, 0], [20, 0, 0, 0, 0, 0]])
_REPLY_BT = torch.tensor([[2, 30, 31, 32, 33], [2, 40, 41, 42, 43], [2, 50, 51, 52, 53]])

architectures = pytest.mark.parametrize("architecture", list(Architecture))


def _network(architecture: Architecture) -> DialogueNetwork:
    torch.manual_seed(1)
    return build_network(architecture, _SIZES[architecture], dropout=0.3).eval()


def _stepped(network: DialogueNetwork, context_BS: Tensor, reply_BT: Tensor) -> Tensor:
    states = network.encode(context_BS)
    for state in network.states:
        if state.update is StateUpdate.APPENDED:
            states[state.name] = torch.full((len(context_BS), *state.shape), 1e3)  # whatever a slot held before
    logits = []
    for position in range(reply_BT.shape[1]):
        row_BV, successors = network.step(reply_BT[:, position], torch.full((len(context_BS),), position), states)
        advance(network, states, successors, position)
        logits.append(row_BV)
    return torch.stack(logits, 1)


@architectures
def test_steps_give_what_the_whole_sequence_gives(architecture: Architecture) -> None:
    network = _network(architecture)
    whole_BTV = network.logits(network(_CONTEXT_BS, _REPLY_BT))
    torch.testing.assert_close(_stepped(network, _CONTEXT_BS, _REPLY_BT), whole_BTV, atol=1e-5, rtol=1e-5)


@architectures
def test_a_row_is_the_same_alone_and_without_padding(architecture: Architecture) -> None:
    network = _network(architecture)
    together = network(_CONTEXT_BS, _REPLY_BT)
    for row, length in enumerate((6, 4, 1)):
        alone = network(_CONTEXT_BS[row : row + 1, :length], _REPLY_BT[row : row + 1])
        torch.testing.assert_close(alone, together[row : row + 1], atol=1e-5, rtol=1e-5)


@architectures
def test_a_token_is_predicted_from_the_past_alone(architecture: Architecture) -> None:
    network = _network(architecture)
    changed_BT = _REPLY_BT.clone()
    changed_BT[:, 3:] = 60
    before, after = network(_CONTEXT_BS, _REPLY_BT), network(_CONTEXT_BS, changed_BT)
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3], after[:, 3])


@architectures
def test_every_context_token_matters(architecture: Architecture) -> None:
    network = _network(architecture)
    before = network(_CONTEXT_BS[:1], _REPLY_BT[:1])
    for place in range(6):
        changed_BS = _CONTEXT_BS[:1].clone()
        changed_BS[0, place] = 77
        assert not torch.allclose(before, network(changed_BS, _REPLY_BT[:1]))


@architectures
def test_states_have_the_shapes_they_declare(architecture: Architecture) -> None:
    network = _network(architecture)
    states = network.encode(_CONTEXT_BS)
    declared = {state.name: state for state in network.states if state.update is not StateUpdate.APPENDED}
    assert states.keys() == declared.keys()
    for name, state in declared.items():
        assert tuple(states[name].shape) == (3, *state.shape)
        assert states[name].dtype == torch.float32


@architectures
def test_a_network_begins_with_what_counting_found(
    architecture: Architecture, prepared: Callable[[Language], Prepared]
) -> None:
    data = prepared(Language.ENGLISH)
    sizes = _SIZES[architecture] | {"vocabulary": data.tokens.size, "width": 64}
    torch.manual_seed(0)
    network = build_network(architecture, sizes, dropout=0.0).eval()
    factors = bigram_factors(data.train, vocabulary=data.tokens.size, width=64 - network.topic_width)
    answers = answer_factors(data.train, vocabulary=data.tokens.size, width=network.topic_width, seed=0)
    rows = np.arange(len(data.train))
    before = token_perplexity(network, data.train, rows)
    network.begin_with(factors, answers)
    counts_V = np.bincount(data.train.targets, minlength=data.tokens.size)
    frequencies_alone = math.exp(-float(counts_V @ np.log((counts_V + 1) / (counts_V + 1).sum())) / counts_V.sum())
    assert token_perplexity(network, data.train, rows) < 0.6 * frequencies_alone < 0.6 * before


def test_the_factors_of_bigrams_are_their_log_odds(prepared: Callable[[Language], Prepared]) -> None:
    data = prepared(Language.ENGLISH)
    size = data.tokens.size
    factors = bigram_factors(data.train, vocabulary=size, width=size + 10)
    starts, targets = data.train.target_starts, data.train.targets.astype(np.int64)
    pairs = [pair for begin, end in pairwise(starts) for pair in pairwise([2, *targets[begin:end].tolist()])]
    (first, second), count = Counter(pairs).most_common(1)[0]
    odds = count * len(pairs) / sum(1 for one, _ in pairs if one == first) / sum(1 for _, two in pairs if two == second)
    found = float(factors.before_VD[first] @ factors.after_VD[second])
    assert found == pytest.approx(math.log(odds) * count / (count + 2), abs=0.05)
    assert not factors.before_VD[:, size:].any()


def test_a_transformer_begins_to_know_which_reply_belongs_to_a_message(prepared: Callable[[Language], Prepared]) -> None:
    data = prepared(Language.ENGLISH)
    torch.manual_seed(0)
    sizes = _SIZES[Architecture.TRANSFORMER] | {"vocabulary": data.tokens.size, "width": 64}
    network = build_network(Architecture.TRANSFORMER, sizes, dropout=0.0).eval()
    factors = bigram_factors(data.train, vocabulary=data.tokens.size, width=64 - network.topic_width)
    answers = answer_factors(data.train, vocabulary=data.tokens.size, width=network.topic_width, seed=0)
    network.begin_with(factors, answers)
    rows = np.arange(200)
    mean_log_p = reply_log_p(network, data.train, rows).mean()
    strangers_NC = ((rows + 100) % 200)[:, None]
    strange_NC, strange_alone_NC = candidate_log_p(network, data.train, rows, strangers_NC)
    own_NC, alone_NC = candidate_log_p(network, data.train, rows, rows[:, None])
    assert own_NC.mean() == pytest.approx(mean_log_p, rel=1e-4)
    assert (own_NC - alone_NC).mean() > (strange_NC - strange_alone_NC).mean() + 0.2


def test_the_factors_of_answers_are_their_log_odds() -> None:
    """Message token 10 is always answered by 20, 11 by 21; 12 says nothing. Only the last turn counts."""
    lines = [([21, SEPARATOR, 10, 12], [20]), ([20, SEPARATOR, 11, 12], [21])] * 50
    contexts, targets = zip(*lines, strict=True)
    starts = [np.cumsum([0, *map(len, rows)]) for rows in (contexts, targets)]
    flat = [np.concatenate([np.array(row, np.uint16) for row in rows]) for rows in (contexts, targets)]
    exchanges = EncodedExchanges(flat[0], starts[0], flat[1], starts[1])
    factors = answer_factors(exchanges, vocabulary=30, width=8, seed=0)
    odds_VV = factors.about_VK @ factors.answer_VK.T
    assert odds_VV[10, 20] == pytest.approx(math.log(2) * 50 / 60, abs=1e-4)
    assert odds_VV[11, 21] == pytest.approx(math.log(2) * 50 / 60, abs=1e-4)
    assert np.abs(odds_VV[[10, 11, 12, 12], [21, 20, 20, 21]]).max() < 1e-4
    topic_NK = (factors.about_VK[[10, 11]] + factors.about_VK[12]) / math.sqrt(2)
    assert np.linalg.norm(topic_NK, axis=1) == pytest.approx(1, abs=1e-4)
    assert answer_factors(exchanges, vocabulary=30, width=0, seed=0).about_VK.shape == (30, 0)
