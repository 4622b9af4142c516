"""The generated clients of all services, on one transport each."""

import ssl
from typing import TypeVar, cast

import httpx

from ntdemo._async.transport import AsyncRetrying
from ntdemo.addresses import Addresses
from ntdemo.errors import Unreachable
from ntdemo.generated import chatbot, scores, trainer

__all__ = ["AsyncServices", "expected"]

A = TypeVar("A")
_PATIENCE: httpx.Timeout = httpx.Timeout(60.0, connect=5.0)


class AsyncServices:
    """What `ntdemo.generated` has functions for: `scores`, `trainer` and `chatbot` are its clients.

    `transport` stands in for the network, for tests and for applications in the same process.
    """

    def __init__(
        self,
        addresses: Addresses,
        *,
        verify: ssl.SSLContext | bool = True,
        proxy: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.addresses = addresses
        headers = {} if addresses.key is None else {"Authorization": f"Bearer {addresses.key}"}

        def reached(service: str) -> dict[str, object]:
            inner = transport or httpx.AsyncHTTPTransport(verify=verify, proxy=proxy, retries=0)
            return {"transport": AsyncRetrying(service, inner), "trust_env": False}

        self.scores = scores.Client(
            base_url=addresses.scores, headers=headers, timeout=_PATIENCE, httpx_args=reached("the scores API")
        )
        of_trainer = trainer.Client(
            base_url=addresses.trainer, headers=headers, timeout=_PATIENCE, httpx_args=reached("the trainer")
        )
        self.trainer = cast("trainer.AuthenticatedClient", of_trainer)  # the same, but for a key that has to be there
        self.chatbot = chatbot.Client(
            base_url=addresses.chatbot, headers=headers, timeout=_PATIENCE, httpx_args=reached("the chatbot")
        )

    async def aclose(self) -> None:
        """Close every connection."""
        for client in (self.scores, self.trainer, self.chatbot):
            await client.get_async_httpx_client().aclose()


def expected(answer: object, kind: type[A]) -> A:
    """The answer, which the transport has found to be a success.

    Raises:
        Unreachable: it is no `kind`.
    """
    if isinstance(answer, kind):
        return answer
    raise Unreachable(f"a service answered {type(answer).__name__} where {kind.__name__} was asked for: is it another release?")
