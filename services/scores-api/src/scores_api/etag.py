"""ETags: whether a caller already holds what would be answered (RFC 9110, section 13.1.2)."""

import re
from typing import Final

__all__ = ["is_held"]

_TAG: Final = re.compile(r'"[^"]*"')


def is_held(condition: str, tag: str) -> bool:
    """Whether the value of `If-None-Match` names `tag`, compared weakly as the RFC demands; `*` names everything."""
    return (tag in condition and tag in _TAG.findall(condition)) or condition.strip() == "*"
