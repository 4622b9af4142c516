"""Trace context (W3C): the identity under which one question is found in the logs of every service it reaches."""

import secrets

__all__ = ["new_traceparent"]


def new_traceparent() -> str:
    """The header of a trace that begins here."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
