"""A dialogue bundle: the directory of a trained chatbot that the trainer publishes and the chatbot service runs.

A bundle holds five files: `encoder.onnx`, `step.onnx` (both float32 in and out, weights in 8 bits), `tokens.model`
(SentencePiece unigram, byte fallback, NFKC), `openings.json` (openings it did not learn from and its answers) and
`model-card.json` (`ModelCard`, written last, with the digest of every other file).

**Arithmetic of a reply**, the same for every architecture. B is the number of rows (chats); rows never influence one
another, so a row may join or leave between any two steps. All shapes but B and S are fixed by the card.

| graph | input | dtype, shape | output | dtype, shape |
|---|---|---|---|---|
| encoder | `context` | int64 [B, S], 1 <= S <= 96 | each state with update `fixed` or `replaced` | [B, *shape] |
| step | `token` | int64 [B] | `logits` | float32 [B, vocabulary] |
| step | `position` | int64 [B] | `next_<name>` of each `replaced` state | [B, *shape] |
| step | every state by its name | [B, *shape] | `next_<name>` of each `appended` state | [B, *shape without slot_axis] |

1. `context = card.context(turns)`; rows of one encoder call are padded on the right with `card.tokens.pad` to the longest.
   The padding may be as wide or narrow as the caller likes: it is masked inside, and the outputs are always 96 wide.
2. States with update `appended` start as zeros; slots at and beyond a row's `position` are masked, whatever they hold.
3. The first token is `card.tokens.start` at position 0. After a step: a `replaced` state becomes its `next_` output; an
   `appended` state gets its `next_` output written at slot `position` of `slot_axis`, in place:
   `state[rows, ..., position, ...] = next_state`; then position grows by one.
4. A reply ends with `card.tokens.end`, or after `card.reply_tokens` (40) tokens. Never emit `pad`, `start` or `separator`.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = [
    "CARD_FILE",
    "CONTEXT_TOKENS",
    "CONTEXT_TURNS",
    "ENCODER_FILE",
    "OPENINGS_FILE",
    "REPLY_TOKENS",
    "STEP_FILE",
    "TOKENS_FILE",
    "Architecture",
    "BrokenBundle",
    "BundleFile",
    "CorpusSource",
    "ExportRecord",
    "Language",
    "ModelCard",
    "Opening",
    "RankingRow",
    "ReplyRow",
    "Scorecard",
    "SpecialTokens",
    "StateTensor",
    "StateUpdate",
    "TrainingRecord",
    "artifact_name",
    "lay_out_context",
    "read_card",
]

ENCODER_FILE: Final = "encoder.onnx"
STEP_FILE: Final = "step.onnx"
TOKENS_FILE: Final = "tokens.model"
OPENINGS_FILE: Final = "openings.json"
CARD_FILE: Final = "model-card.json"

CONTEXT_TURNS: Final = 3
"""Turns a reply answers: the last message and the two before it."""
CONTEXT_TOKENS: Final = 96
"""Tokens of context, separators included; older tokens are cut off."""
REPLY_TOKENS: Final = 40
"""Tokens of a reply, its end included."""

_NAME: Final = r"^[a-z][a-z0-9_]{0,63}$"


class Language(StrEnum):
    """What a bot speaks."""

    ENGLISH = "en"
    JAPANESE = "ja"


class Architecture(StrEnum):
    """The network behind encoder and step."""

    GRU = "gru"
    """Bidirectional GRU encoder, GRU decoder with Luong's general attention."""
    TRANSFORMER = "transformer"
    """Pre-norm encoder-decoder."""


class StateUpdate(StrEnum):
    """What a step does to a state."""

    FIXED = "fixed"
    """Made by the encoder, the same at every step."""
    REPLACED = "replaced"
    """Made by the encoder, replaced by its `next_` output after every step."""
    APPENDED = "appended"
    """Zeros at first; the caller writes the `next_` output at slot `position` of `slot_axis`."""


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class StateTensor(_Wire):
    """One tensor that lives as long as a reply does."""

    name: Annotated[str, Field(pattern=_NAME)]
    dtype: Literal["float32"]
    shape: Annotated[tuple[int, ...], Field(min_length=1)]
    """Without the batch axis."""
    update: StateUpdate
    slot_axis: int | None = None
    """For `appended`: the axis of the reply's slots, counted with the batch axis (so at least 1)."""

    @model_validator(mode="after")
    def _slots(self) -> Self:
        if (self.update is StateUpdate.APPENDED) != (self.slot_axis is not None):
            raise ValueError("slot_axis belongs to appended states and to no others")
        if self.slot_axis is not None and not 1 <= self.slot_axis <= len(self.shape):
            raise ValueError(f"slot_axis {self.slot_axis} is not an axis of a batch of {self.shape}")
        return self


class SpecialTokens(_Wire):
    """Ids that no text encodes to."""

    pad: int
    unknown: int
    start: int
    end: int
    separator: int
    """Between the turns of a context."""


class BundleFile(_Wire):
    """A file beside the card."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    size_bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class CorpusSource(_Wire):
    """Where conversations came from and how many of them were learned from."""

    name: str
    licence: str
    attribution: str
    conversations: int
    exchanges: int
    """Context-reply pairs kept after cleaning, both of training and held out."""
    sha256: str
    """Of the file, or of the digests of a folder's files in name order."""


class TrainingRecord(_Wire):
    """How the weights came to be."""

    command: str
    run: str
    device: str
    seconds: float
    """Spent on steps, over all resumed parts; start-up, evaluation and export not counted."""
    steps: int
    epochs: float
    target_tokens: int
    exchanges: int
    parameters: int
    seed: int
    code_version: str
    finished: datetime


class RankingRow(_Wire):
    """How often the true reply is put first of 20 (chance 0.05)."""

    name: str
    """`log p` and `mmi` (less half of log p without the context, arXiv:1510.03055) and `pmi` (less all of it), each a token;
    `tf-idf` or `random`."""
    random: float
    """The other 19 drawn from all held-out replies."""
    hard: float
    """The other 19 are replies to the most similar held-out contexts."""


class ReplyRow(_Wire):
    """What replies to held-out contexts look like."""

    name: str
    """`greedy`, `sampled`, `tf-idf`, `random` or `human`."""
    distinct_1: float
    distinct_2: float
    self_bleu_2: float
    top_reply_percent: float
    """Share of the most frequent reply."""
    echo_percent: float
    """Replies that repeat the last message."""
    repetition_percent: float
    """Replies in which a 3-gram occurs twice."""
    memorised_percent: float
    """Replies of five words (ten characters of Japanese) or more found verbatim among the replies trained on."""


class Scorecard(_Wire):
    """What was measured on conversations the network never saw."""

    exchanges: int
    """Held-out pairs behind the perplexity: all of them, none left out."""
    unit: Literal["word", "character"]
    perplexity: float
    """Per word of English, per character of Japanese, the end of a reply counted as one."""
    coverage_percent: float
    """Held-out messages that can be read without an unknown token."""
    standard_error: float
    """Of the hit rates below, for a rate of 0.3."""
    ranking: list[RankingRow]
    replies: list[ReplyRow]


class ExportRecord(_Wire):
    """How well the graphs of this bundle do what the trained network does."""

    parity: float
    """Largest difference of a logit or state between torch and the float32 graphs, before weights went to 8 bits."""
    perplexity_float32: float
    """Per token, of the float32 graphs on a part of the held-out exchanges."""
    perplexity_int8: float
    """Of the bundle's graphs, on the same part."""


class Opening(_Wire):
    """An opening that was not learned from and the bot's answer, unedited: `openings.json` is a list of these."""

    message: str
    reply: str
    reference: str
    """What the human answered."""


class ModelCard(_Wire):
    """What `model-card.json` states."""

    format: Literal["ntdemo-dialogue-1"] = "ntdemo-dialogue-1"
    language: Language
    architecture: Architecture
    sizes: dict[str, int]
    """`vocabulary` and what the architecture calls its own: width, layers, heads, ..."""
    context_turns: int = CONTEXT_TURNS
    context_tokens: int = CONTEXT_TOKENS
    reply_tokens: int = REPLY_TOKENS
    tokens: SpecialTokens
    states: list[StateTensor]
    licence: str
    """SPDX expression for the weights."""
    attribution: list[str]
    sources: list[CorpusSource]
    training: TrainingRecord
    scorecard: Scorecard | None
    """Absent only where the held-out part was too small to measure anything (a toy corpus)."""
    export: ExportRecord
    files: list[BundleFile]

    def context(self, turns: Sequence[Sequence[int]]) -> list[int]:
        """Token ids of a context from the ids of its turns, oldest first: the last turns, separated, the newest tokens."""
        return lay_out_context(turns, self.tokens.separator, turns_kept=self.context_turns, tokens_kept=self.context_tokens)


def lay_out_context(
    turns: Sequence[Sequence[int]], separator: int, *, turns_kept: int = CONTEXT_TURNS, tokens_kept: int = CONTEXT_TOKENS
) -> list[int]:
    """The last turns, separated, and of these the newest tokens; a lone separator when nothing was said."""
    joined: list[int] = []
    for turn in turns[-turns_kept:]:
        if joined:
            joined.append(separator)
        joined.extend(turn)
    return joined[-tokens_kept:] or [separator]


def artifact_name(language: Language) -> str:
    """Name of the artifact under which bundles of this language are published, `dialogue-en`; `latest` is the newest."""
    return f"dialogue-{language}"


class BrokenBundle(Exception):
    """A bundle's file is missing, altered or unreadable."""


def read_card(bundle: Path) -> ModelCard:
    """The card of the bundle in this directory, after every file was compared with the digest the card states.

    Raises:
        BrokenBundle: naming the file and what is wrong with it.
    """
    try:
        card = ModelCard.model_validate(json.loads((bundle / CARD_FILE).read_bytes()))
    except FileNotFoundError as missing:
        raise BrokenBundle(f"{bundle} has no {CARD_FILE}") from missing
    except (UnicodeDecodeError, json.JSONDecodeError, ValidationError) as invalid:
        raise BrokenBundle(f"{bundle / CARD_FILE} is not a model card: {invalid}") from invalid
    stated = {file.name: file.sha256 for file in card.files}
    for required in (ENCODER_FILE, STEP_FILE, TOKENS_FILE):
        if required not in stated:
            raise BrokenBundle(f"{bundle / CARD_FILE} does not list {required}")
    for name, sha256 in stated.items():
        path = bundle / name
        if not path.is_file():
            raise BrokenBundle(f"{path} is missing")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != sha256:
            raise BrokenBundle(f"{path} has digest {found}, the card states {sha256}")
    return card
