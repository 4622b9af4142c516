"""Errors: what a service answers instead of what was asked, or that nobody answers.

A problem (RFC 9457) is raised as the class of its type, `RunNotFound` for `run-not-found`; all of them are a `Problem`, and
those of a release that is newer than this client are just that.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

__all__ = ["JobCancelled", "JobFailed", "NtdemoError", "Problem", "Unreachable", "problem_of"]

_STANDARD: Final = frozenset({"type", "title", "status", "detail", "instance"})


class NtdemoError(Exception):
    """Everything that this package raises on purpose."""


class Unreachable(NtdemoError):
    """A service does not answer, or something else answers at its address; the message says which and where."""


class Problem(NtdemoError):
    """A service answered with a problem document; `str` is its detail."""

    slug = "about:blank"
    """The last part of its type, which never changes; the page `docs/problems/<slug>.md` explains it."""

    def __init__(self, detail: str, *, title: str, status: int, type_: str, members: Mapping[str, Any]) -> None:
        super().__init__(detail)
        self.detail = detail
        self.title = title
        self.status = status
        self.type = type_
        self.members = MappingProxyType(dict(members))
        """What the document says beside the standard members: `errors`, `near`, …"""


class JobFailed(NtdemoError):
    """A job failed; `problem` says why, as it would have been raised."""

    def __init__(self, job: str, problem: Problem | None) -> None:
        super().__init__(f"job {job} failed: {'it does not say why' if problem is None else problem}")
        self.job = job
        self.problem = problem


class JobCancelled(NtdemoError):
    """A job was cancelled before it had published anything."""


def problem_of(document: Mapping[str, Any]) -> Problem:
    """The error that a problem document states.

    Raises:
        KeyError: a standard member is missing.
    """
    from ntdemo import problem_types  # noqa: PLC0415 - its classes derive from Problem

    slug = str(document["type"]).rsplit("/", 1)[-1]
    kind: type[Problem] = problem_types.OF_SLUG.get(slug, Problem)
    problem = kind(
        str(document["detail"]),
        title=str(document["title"]),
        status=int(document["status"]),
        type_=str(document["type"]),
        members={name: value for name, value in document.items() if name not in _STANDARD},
    )
    if kind is Problem:
        problem.slug = slug
    return problem


def __getattr__(name: str) -> Any:
    """`errors.RunNotFound` and the other types, which are generated."""
    from ntdemo import problem_types  # noqa: PLC0415 - the same

    try:
        return getattr(problem_types, name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
