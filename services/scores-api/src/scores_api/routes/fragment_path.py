"""Routes with a fragment's name in the path, matched on the path as it was sent.

Names hold any character. Servers decode the path before it is routed, so that `a%2Fneighbours` (a fragment) could not be told
from `a/neighbours` (the neighbours of `a`); here an encoded slash stays part of the name. An unencoded one is accepted as well
where that is not ambiguous.
"""

from typing import Final
from urllib.parse import unquote

from starlette.routing import Match
from starlette.types import Scope

from scores_api.routes.conditional import ConditionalRoute

__all__ = ["FragmentRoute"]

_SLASH: Final = "\ufdd0"
"""A noncharacter, in place of an encoded slash while routes are matched."""


class FragmentRoute(ConditionalRoute):
    """A route whose path holds `{fragment:path}`."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the sent path; the parameter is decoded once, slashes included."""
        raw: bytes = scope.get("raw_path") or b""
        if b"%2f" not in raw.lower():
            return super().matches(scope)
        sent = raw.decode("latin-1").replace("%2f", "%2F").replace("%2F", _SLASH)
        match, child = super().matches({**scope, "path": unquote(sent)})
        if match is not Match.NONE:
            parameters = child["path_params"]
            child["path_params"] = {name: value.replace(_SLASH, "/") for name, value in parameters.items()}
        return match, child
