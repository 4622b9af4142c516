"""Plain errors: what Starlette answers as bare text before any handler is asked, turned into problems.

A body over its limit (413), a range that is malformed or lies outside the file (400, 416): these responses are sent from inside
the library. Their status and headers are kept, and a problem document takes the place of the text.
"""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from servicekit.problems import of_status, problem_response

__all__ = ["ProblemInstead", "is_plain_error"]

_REFUSED: Final = 400
_REPLACED: Final = frozenset({"content-type", "content-length"})


def is_plain_error(start: Message) -> bool:
    """Whether a response that starts so is a failure in bare text."""
    return start["status"] >= _REFUSED and Headers(raw=start["headers"]).get("content-type", "").startswith("text/plain")


class ProblemInstead:
    """Takes the messages of a plain error, and sends a problem when it has all of them."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._status = 0
        self._headers: dict[str, str] = {}
        self._text = b""

    async def __call__(self, message: Message) -> None:
        """Take one message."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = Headers(raw=message["headers"]).items()
            self._headers = {name: value for name, value in headers if name not in _REPLACED}
            return
        self._text += message.get("body", b"")
        if not message.get("more_body", False):
            kind, text = of_status(self._status), self._text.decode("utf-8", "replace")
            response = problem_response(
                kind, text or kind.title, self._scope["path"], status=self._status, headers=self._headers
            )
            await response(self._scope, self._receive, self._send)
