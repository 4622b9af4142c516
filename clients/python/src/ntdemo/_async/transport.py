"""The transport: asks again where that is safe, and makes an error of every answer that is none."""

from typing import Final

import httpx

from ntdemo.errors import Unreachable, problem_of
from ntdemo.pauses import async_pause
from ntdemo.trace import new_traceparent

__all__ = ["AsyncRetrying"]

_AGAIN: Final = frozenset({429, 502, 503, 504})
_TRIES: Final = 4
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 8.0
_KEY: Final = "idempotency-key"


class AsyncRetrying(httpx.AsyncBaseTransport):
    """Wraps the transport that speaks to `service`, which is how sentences name it.

    A request is sent up to 4 times: when nothing listens or the connection breaks, and when the answer is 429, 502, 503 or
    504, after what its `Retry-After` asks for (8 s at most) or a pause that doubles. Everything the services offer may be
    asked twice, but for a job without an idempotency key, which is sent once.

    Raises:
        Unreachable: nobody answers, or what does is no service of ntdemo.
        Problem: the answer is a problem document.
    """

    def __init__(self, service: str, inner: httpx.AsyncBaseTransport) -> None:
        self._service = service
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the response is a success, and its body is still to be read."""
        request.headers.setdefault("traceparent", new_traceparent())
        tries = _TRIES if _may_be_repeated(request) else 1
        for number in range(1, tries + 1):
            pause_s = _FIRST_PAUSE_S * 2 ** (number - 1)
            try:
                response = await self._inner.handle_async_request(request)
            except httpx.TransportError as error:
                # Whoever takes too long would take as long again.
                if number == tries or isinstance(error, httpx.ReadTimeout):
                    raise Unreachable(self._away(request, _reason(error))) from error
            else:
                if response.status_code not in _AGAIN or number == tries:
                    return await self._success(request, response)
                pause_s = _asked_pause_s(response, pause_s)
                await response.aclose()
            await async_pause(min(pause_s, _LONGEST_PAUSE_S))
        raise AssertionError("the last try returns or raises")

    async def aclose(self) -> None:
        """Close the transport inside."""
        await self._inner.aclose()

    async def _success(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        kind = response.headers.get("content-type", "").partition(";")[0]
        if not response.is_error and kind != "text/html":
            return response
        response.request = request
        try:
            await response.aread()
            problem = problem_of(response.json())
        except (ValueError, KeyError, TypeError, AttributeError, httpx.HTTPError) as error:
            reason = f"what answers is no service of ntdemo (status {response.status_code})"
            raise Unreachable(self._away(request, reason)) from error
        finally:
            await response.aclose()
        raise problem

    def _away(self, request: httpx.Request, reason: str) -> str:
        address = f"{request.url.scheme}://{request.url.netloc.decode()}"
        return f"{self._service} at {address} cannot be asked: {reason}"


def _may_be_repeated(request: httpx.Request) -> bool:
    return request.method != "POST" or not request.url.path.endswith("/v1/jobs") or _KEY in request.headers


def _asked_pause_s(response: httpx.Response, otherwise_s: float) -> float:
    asked = response.headers.get("retry-after", "")
    return float(asked) if asked.isdigit() else otherwise_s


def _reason(error: httpx.TransportError) -> str:
    match error:
        case httpx.TimeoutException():
            return "it takes too long"
        case httpx.ConnectError():
            return "nothing listens there"
        case _:
            return str(error) or type(error).__name__
