"""The peer of benchmarks/dialogue.py: the chatbot that PyTorch's tutorial describes, in our own words.

As published: words of lower-case letters and `.!?`, sentences of fewer than ten words, words seen three times or more, pairs
with another word dropped; two-layer bidirectional GRU encoder and two-layer GRU decoder of 500 units, Luong attention by dot
product without a mask for padding, batches of 64 random pairs, decoding word by word with teacher forcing always on, Adam at
1e-4 (decoder 5e-4), gradients clipped at 50.
"""

import re
import time
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["TutorialChatbot", "normalised"]

PAD, START, END = 0, 1, 2
HIDDEN, LAYERS, DROPOUT, BATCH, CLIP, RATE = 500, 2, 0.1, 64, 50.0, 1e-4
LONGEST, RAREST = 10, 3

Pair = tuple[list[str], list[str]]


def normalised(text: str) -> list[str]:
    """The tutorial's words of a text."""
    plain = "".join(char for char in unicodedata.normalize("NFD", text.lower().strip()) if unicodedata.category(char) != "Mn")
    return re.sub(r"[^a-zA-Z.!?]+", " ", re.sub(r"([.!?])", r" \1", plain)).split()


@dataclass
class TutorialChatbot:
    """Vocabulary, network and optimizers; `learn` until a budget of CPU seconds is spent."""

    pairs: Sequence[tuple[str, str]]
    seed: int = 0

    def __post_init__(self) -> None:
        torch.manual_seed(self.seed)
        self._random = np.random.default_rng(self.seed)
        words = [(normalised(message), normalised(reply)) for message, reply in self.pairs]
        short = [pair for pair in words if len(pair[0]) < LONGEST and len(pair[1]) < LONGEST]
        counts = Counter(word for pair in short for side in pair for word in side)
        self.ids = {word: at for at, word in enumerate((word for word, count in counts.items() if count >= RAREST), start=3)}
        self.kept = [pair for pair in short if self.reads(pair)]
        self.encoder = nn.GRU(HIDDEN, HIDDEN, LAYERS, dropout=DROPOUT, bidirectional=True)
        self.decoder = nn.GRU(HIDDEN, HIDDEN, LAYERS, dropout=DROPOUT)
        self.embedding = nn.Embedding(len(self.ids) + 3, HIDDEN)
        self.concatenated = nn.Linear(2 * HIDDEN, HIDDEN)
        self.out = nn.Linear(HIDDEN, len(self.ids) + 3)
        self._dropout = nn.Dropout(DROPOUT)
        reading, writing = [self.encoder, self.embedding], [self.decoder, self.embedding, self.concatenated, self.out]
        self._optimizers = [
            torch.optim.Adam([weight for module in modules for weight in module.parameters()], lr=rate)
            for modules, rate in ((reading, RATE), (writing, 5 * RATE))
        ]
        self.modules = nn.ModuleList([*reading, self.decoder, self.concatenated, self.out])

    def reads(self, pair: Pair) -> bool:
        """Whether the tutorial's filters let this pair through."""
        return all(0 < len(side) < LONGEST and all(word in self.ids for word in side) for side in pair)

    def learn(self, cpu_s: float) -> tuple[int, int]:
        """Iterations and target tokens (ends included) that fit into the budget of this process's CPU time."""
        self.modules.train()
        iterations = tokens = 0
        began = time.process_time()
        while time.process_time() - began < cpu_s:
            chosen = [self.kept[at] for at in self._random.integers(len(self.kept), size=BATCH)]
            logits_TBV, target_TB = self._forced(sorted(chosen, key=lambda pair: -len(pair[0])))
            loss = torch.zeros(())
            for logits_BV, target_B in zip(logits_TBV, target_TB, strict=True):  # a mean for every word position
                loss = loss + functional.cross_entropy(logits_BV, target_B, ignore_index=PAD)
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(self.modules.parameters(), CLIP)
            for optimizer in self._optimizers:
                optimizer.step()
                optimizer.zero_grad()
            iterations += 1
            tokens += int((target_TB != PAD).sum())
        return iterations, tokens

    @torch.inference_mode()
    def nats(self, pairs: Sequence[Pair]) -> float:
        """-log p of all replies, their ends included."""
        self.modules.eval()
        total = 0.0
        for begin in range(0, len(pairs), BATCH):
            rows = sorted(pairs[begin : begin + BATCH], key=lambda pair: -len(pair[0]))
            logits_TBV, target_TB = self._forced(rows)
            total += float(
                functional.cross_entropy(logits_TBV.flatten(0, 1), target_TB.flatten(), ignore_index=PAD, reduction="sum")
            )
        return total

    @torch.inference_mode()
    def reply(self, message: list[str], words: int) -> list[int]:
        """Greedily, exactly so many words."""
        self.modules.eval()
        read_SBH, hidden = self._read([[self.ids[word] for word in message] + [END]])
        token, said = torch.tensor([START]), []
        for _ in range(words):
            logits_BV, hidden = self._word(token, hidden, read_SBH)
            token = logits_BV.argmax(1)
            said.append(int(token))
        return said

    def _forced(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
        messages = [[self.ids[word] for word in message] + [END] for message, _ in pairs]
        target_TB = _padded([[self.ids[word] for word in reply] + [END] for _, reply in pairs])
        read_SBH, hidden = self._read(messages)
        token_B = torch.full((len(pairs),), START)
        logits = []
        for target_B in target_TB:
            logits_BV, hidden = self._word(token_B, hidden, read_SBH)
            logits.append(logits_BV)
            token_B = target_B
        return torch.stack(logits), target_TB

    def _read(self, messages: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
        packed = nn.utils.rnn.pack_padded_sequence(self.embedding(_padded(messages)), [len(message) for message in messages])
        states, hidden = self.encoder(packed)
        read_SBH, _ = nn.utils.rnn.pad_packed_sequence(states)
        return read_SBH[..., :HIDDEN] + read_SBH[..., HIDDEN:], hidden[:LAYERS]

    def _word(self, token_B: Tensor, hidden: Tensor, read_SBH: Tensor) -> tuple[Tensor, Tensor]:
        state_1BH, hidden = self.decoder(self._dropout(self.embedding(token_B)).unsqueeze(0), hidden)
        weights_BS = (state_1BH * read_SBH).sum(2).T.softmax(1)
        context_BH = (weights_BS.unsqueeze(1) @ read_SBH.transpose(0, 1)).squeeze(1)
        return self.out(torch.tanh(self.concatenated(torch.cat([state_1BH[0], context_BH], 1)))), hidden


def _padded(rows: Sequence[list[int]]) -> Tensor:
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows])
