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

from dialogue.bundle.card import (
    REPLY_TOKENS,
    Architecture,
    BundleFile,
    CorpusSource,
    ExportRecord,
    Language,
    ModelCard,
    Opening,
    RankingRow,
    ReplyRow,
    Scorecard,
    SpecialTokens,
    StateTensor,
    StateUpdate,
    TrainingRecord,
)
from dialogue.bundle.context import (
    CONTEXT_TOKENS,
    CONTEXT_TURNS,
    lay_out_context,
)
from dialogue.bundle.files import (
    CARD_FILE,
    ENCODER_FILE,
    NEEDED_FILES,
    OPENINGS_FILE,
    STEP_FILE,
    TOKENS_FILE,
    BrokenBundle,
    artifact_name,
    parse_card,
    read_bundle,
    read_card,
    verify,
)
from dialogue.bundle.promotions import PROMOTIONS_ARTIFACT, PROMOTIONS_FILE, Promotions

__all__ = [
    "CARD_FILE",
    "CONTEXT_TOKENS",
    "CONTEXT_TURNS",
    "ENCODER_FILE",
    "NEEDED_FILES",
    "OPENINGS_FILE",
    "PROMOTIONS_ARTIFACT",
    "PROMOTIONS_FILE",
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
    "Promotions",
    "RankingRow",
    "ReplyRow",
    "Scorecard",
    "SpecialTokens",
    "StateTensor",
    "StateUpdate",
    "TrainingRecord",
    "artifact_name",
    "lay_out_context",
    "parse_card",
    "read_bundle",
    "read_card",
    "verify",
]
