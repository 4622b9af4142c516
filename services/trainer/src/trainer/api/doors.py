"""Who may do what with the trainer, over HTTP."""

import re
from typing import Final

from servicekit.doors.guard import Doors, Rule
from servicekit.doors.keys import Scope
from trainer.settings import Settings

__all__ = ["doors"]

_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_RULES: Final = (
    Rule(frozenset({"POST"}), re.compile(r"/v1/datasets/?"), Scope.TRAIN, raw=True),
    Rule(frozenset({"GET", "HEAD"}), re.compile(r"/v1/jobs/[^/]+/log"), Scope.TRAIN),
    Rule(frozenset({"POST"}), re.compile(r"/v1/datasets/[^/]+/plan/?"), Scope.READ),
    Rule(frozenset({"DELETE"}), re.compile(r"/v1/(datasets|runs)/.*", re.DOTALL), Scope.ADMIN),
    Rule(_UNSAFE, re.compile(r".*", re.DOTALL), Scope.TRAIN),
)
"""What a job printed, and whatever changes something, needs more than reading; to ask for a plan changes nothing.

What others may still need is deleted by a key that may admin alone, which is also asked for by the routes of jobs in another's
name and of bots that are promoted by force.
"""


def doors(settings: Settings) -> Doors:
    """The doors of a trainer."""
    return Doors(settings, settings.host, keys=settings.keys_file, rules=_RULES, audit=settings.state / "audit.jsonl")
