"""The layer of a service that looks at every request before its routes do."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.doors.audit import Audit
from servicekit.doors.guard import SAFE, Doors, Guard, require_scope
from servicekit.doors.keys import Caller
from servicekit.doors.keys import Scope as KeyScope
from servicekit.excerpt import excerpt
from servicekit.problems import Problem, problem_response

__all__ = ["DoorsLayer"]


class DoorsLayer:
    """Wraps an ASGI application.

    `request.state.caller` is who asks, None where nobody need say. `await request.state.require(scope, noted)` is for what
    needs more than its address tells: it raises Problem where the caller may not; `noted` is what the audit log calls a change.
    """

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._guard = Guard(doors)
        self._audit = Audit(doors.settings.audit_log or doors.audit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, path, headers = scope["method"], scope["path"], Headers(scope=scope)
        changed = path if method not in SAFE and self._guard.rule(method, path) is not None else None
        caller: Caller | None = None
        status = 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        async def require(needed: KeyScope, noted: str | None = None) -> None:
            nonlocal caller, changed
            changed = noted or changed
            if caller is None:
                scope["state"]["caller"] = caller = await self._guard.caller(method, path, headers, needed)
            else:
                require_scope(caller, needed)

        try:
            server = (scope.get("server") or (None,))[0]
            caller = await self._guard.admit(method, path, headers, server=server)
            scope.setdefault("state", {}).update(caller=caller, require=require)
            await self._app(scope, receive, send_noted)
        except Problem as refused:
            raw: bytes = scope.get("raw_path") or path.encode()
            response = problem_response(refused.kind, refused.detail, raw.decode("latin-1"), headers=refused.headers)
            await response(scope, receive, send_noted)
        finally:
            if changed is not None:
                self._note(scope, changed, caller, status)

    def _note(self, scope: Scope, changed: str, caller: Caller | None, status: int) -> None:
        client = scope.get("client")
        self._audit.write(
            caller=None if caller is None else caller.id,
            peer=None if client is None else client[0],
            method=scope["method"],
            path=excerpt(changed, 200),
            status=status,
        )
