"""Replies of a network in torch: reproducible, and no row disturbs another."""

from collections.abc import Callable

from dialogue.bundle import Architecture
from dialogue.decoding import GREEDY, SAMPLED
from trainer.dialogue.replies import reply_to
from trainer.dialogue.training import DialogueResult


def test_a_reply_is_the_same_whoever_else_is_answered(trained: Callable[[Architecture], DialogueResult]) -> None:
    for architecture in Architecture:
        result = trained(architecture)
        contexts = [["Hello!"], ["How are you?", "Fine.", "What is a fragment?"], ["I like birds."]]
        for decoding in (GREEDY, SAMPLED):
            together = reply_to(result.network, result.prepared.tokens, contexts, decoding=decoding, seed=4)
            assert together == reply_to(result.network, result.prepared.tokens, contexts, decoding=decoding, seed=4)
            alone = reply_to(result.network, result.prepared.tokens, contexts[:1], decoding=decoding, seed=4)
            assert alone == together[:1]
        other = reply_to(result.network, result.prepared.tokens, contexts, decoding=SAMPLED, seed=5)
        assert other != reply_to(result.network, result.prepared.tokens, contexts, decoding=SAMPLED, seed=4)
