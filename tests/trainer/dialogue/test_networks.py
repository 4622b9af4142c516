"""Both networks: one step at a time gives what the whole sequence gives, and neither padding nor company changes a row."""

import pytest
import torch
from torch import Tensor

from contracts.dialogue import Architecture, StateUpdate
from trainer.dialogue.networks.building import build_network
from trainer.dialogue.networks.network import DialogueNetwork
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


def test_the_first_guess_is_the_frequency_of_tokens() -> None:
    network = _network(Architecture.GRU)
    counts_V = torch.arange(90.0)
    network.expect(counts_V)
    expected_V = ((counts_V + 1) / (counts_V + 1).sum()).log()
    torch.testing.assert_close(network.output_bias_V.log_softmax(0), expected_V)
