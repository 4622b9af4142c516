"""Unconditional: what a bot says to an empty context."""

import numpy as np

from chatbot.network.bundle import Bundle
from chatbot.network.unconditional import Unconditional
from dialogue.rows import Rows


def test_it_goes_on_where_its_first_step_ended(english: Bundle) -> None:
    unconditional = Unconditional.of(english.graphs, english.card)
    stepped = Rows(english.graphs)
    stepped.join(english.graphs.encode([english.card.context([])]))
    np.testing.assert_array_equal(stepped.step([english.card.tokens.start], [0])[0], unconditional.logits_V)
    resumed = Rows(english.graphs)
    resumed.join(unconditional.states)
    np.testing.assert_array_equal(resumed.step([40], [1]), stepped.step([40], [1]))
