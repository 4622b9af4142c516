"""Another service as its caller meets it: the answer that was asked for, a problem, or nobody who answers.

The one translation of what the generated clients (`scores_client`, `trainer_client`) and plain `httpx` give back.
"""

from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

import httpx
from pydantic import SecretStr

__all__ = ["GeneratedProblem", "ServiceAway", "ServiceProblem", "answer_of", "asking", "bearer", "checked", "expected"]

A = TypeVar("A")
_STANDARD: Final = frozenset({"type", "title", "status", "detail", "instance"})


class ServiceAway(Exception):
    """A service does not answer, or something else answers at its address; `str` is the reason, without the address."""


class ServiceProblem(Exception):
    """A service answered with a problem document (RFC 9457); `str` is its detail."""

    def __init__(self, slug: str, title: str, status: int, detail: str, members: Mapping[str, Any]) -> None:
        super().__init__(detail)
        self.slug = slug
        """Its type's last part, which never changes: `run-not-found`."""
        self.title = title
        self.status = status
        self.detail = detail
        self.members = MappingProxyType(dict(members))
        """Beside the standard ones, `near` or `errors` for example."""


@runtime_checkable
class GeneratedProblem(Protocol):
    """The class `ProblemDocument` of any generated client."""

    type_: str
    title: str
    status: int
    detail: str
    additional_properties: dict[str, Any]


def bearer(key: SecretStr | None) -> dict[str, str]:
    """The header that shows a key, where there is one."""
    return {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}


async def answer_of(question: Awaitable[Any], kind: type[A], *, service: str) -> A:
    """What a function of a generated client answers, if that is a `kind`; `service` is how a sentence names who is asked.

    Raises:
        ServiceProblem: it answered with a problem.
        ServiceAway: it cannot be reached or takes too long, or what answers there is not `service`.
    """
    with asking(service):
        answer = await question
    return expected(answer, kind, service=service)


def expected(answer: Any, kind: type[A], *, service: str) -> A:
    """As `answer_of`, of what a function of a generated client answered already.

    Raises:
        ServiceProblem: it is a problem.
        ServiceAway: it is neither that nor a `kind`.
    """
    if isinstance(answer, kind):
        return answer
    if isinstance(answer, GeneratedProblem):
        raise ServiceProblem(_slug(answer.type_), answer.title, answer.status, answer.detail, answer.additional_properties)
    raise _other(service)


def checked(response: httpx.Response) -> httpx.Response:
    """The response itself, read whole, if it is no failure.

    Raises:
        ServiceProblem: it carries a problem.
        ServiceAway: it is a failure of another kind, such as a proxy's.
    """
    if not response.is_error:
        return response
    try:
        stated = response.json()
        problem = ServiceProblem(
            slug=_slug(stated["type"]),
            title=stated["title"],
            status=response.status_code,
            detail=stated["detail"],
            members={name: value for name, value in stated.items() if name not in _STANDARD},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ServiceAway(f"status {response.status_code}") from error
    raise problem


@contextmanager
def asking(service: str) -> Iterator[None]:
    """What goes wrong inside while `service` is asked, and while its answer is read, as a ServiceAway."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise ServiceAway("it takes too long") from error
    except httpx.ConnectError as error:
        raise ServiceAway("nothing listens there") from error
    except httpx.HTTPError as error:
        raise ServiceAway(str(error) or type(error).__name__) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _other(service) from error


def _slug(kind: str) -> str:
    return kind.rsplit("/", 1)[-1]


def _other(service: str) -> ServiceAway:
    return ServiceAway(f"what answers there is not {service}")
