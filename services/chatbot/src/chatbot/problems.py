"""The problem types of the chatbot."""

from http import HTTPStatus
from typing import Final

from servicekit.problems import ProblemType

__all__ = [
    "ALL_BUSY",
    "MODEL_NOT_FOUND",
    "NETWORK_FAILED",
    "PROBLEM_TYPES",
    "SCORES_UNANSWERED",
    "STRUCTURE_UNREADABLE",
]

MODEL_NOT_FOUND: Final = ProblemType(
    "model-not-found",
    "There is no such bot here",
    HTTPStatus.NOT_FOUND,
    "No bot has the name of the request's `model`, or the bot of this name has no bundle: none was shipped or promoted for "
    "its language, or the one there is broken. No other bot answers in its place.",
    "Take a name from `GET /v1/models`, which also says what is missing and why. A bot of your own is trained by "
    "`ntdemo-train dialogue`; it is served as `ntdemo-en:<run>` as soon as it is published.",
)
ALL_BUSY: Final = ProblemType(
    "all-busy",
    "Too many replies wait to be written",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "As many replies as the service computes together are being written, and as many as may wait are waiting.",
    "Ask again after `Retry-After` seconds. `CHATBOT_ROWS` and `CHATBOT_WAITING` say how many there may be.",
)
NETWORK_FAILED: Final = ProblemType(
    "network-failed",
    "The network failed while it wrote the reply",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "The runtime of the bot's network reported a failure; the service goes on, and its log holds the details.",
    "Ask again; if it happens again, report it with the `X-Request-ID` of the response and the run of the bot.",
)
STRUCTURE_UNREADABLE: Final = ProblemType(
    "smiles-unreadable",
    "The text is no molecule or fragment",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "RDKit reads no molecule from the SMILES, or one with impossible bonds, or it has more than 250 atoms.",
    "Check the SMILES; a fragment has a `*` at each place where it is attached.",
)
SCORES_UNANSWERED: Final = ProblemType(
    "scores-unanswered",
    "The scores API does not answer the chatbot",
    HTTPStatus.BAD_GATEWAY,
    "The chatbot keeps nothing of fragments: it asks the scores API, which is away, failed, or does not take its key.",
    "See whether the scores API is running; `NTDEMO_HOST` and `NTDEMO_PORT` say where the chatbot looks, `NTDEMO_API_KEY` is "
    "the key that it sends.",
)
PROBLEM_TYPES: Final = (MODEL_NOT_FOUND, ALL_BUSY, NETWORK_FAILED, STRUCTURE_UNREADABLE, SCORES_UNANSWERED)
"""Everything that routes of the chatbot answer beside the common problems."""
