"""Addresses: where the services are, from the variables that the services themselves read."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

__all__ = ["Addresses"]

_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to bind is no address to ask


@dataclass(frozen=True)
class Addresses:
    """A base URL a service, without a slash at the end, and the key of those who may hand in jobs."""

    scores: str = "http://localhost:3030"
    trainer: str = "http://localhost:3031"
    chatbot: str = "http://localhost:3032"
    viz: str = "http://localhost:8050"
    key: str | None = field(default=None, repr=False)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """As this process's environment says, or another one.

        `NTDEMO_HOST` and `NTDEMO_PORT` and their like; `NTDEMO_TRAINER_URL` and its like go before them.

        The key is that of `NTDEMO_API_KEY`, or else of `TRAINER_API_KEY`.

        Raises:
            ValueError: a port is no number, or a URL none of http; the message names the variable.
        """
        environment = os.environ if environment is None else environment
        return cls(
            scores=_url(environment, "NTDEMO_SCORES_URL", "NTDEMO_HOST", "NTDEMO_PORT", 3030),
            trainer=_url(environment, "NTDEMO_TRAINER_URL", "TRAINER_HOST", "TRAINER_PORT", 3031),
            chatbot=_url(environment, "NTDEMO_CHATBOT_URL", "CHATBOT_HOST", "CHATBOT_PORT", 3032),
            viz=_url(environment, "NTDEMO_VIZ_URL", "VIZ_HOST", "VIZ_DASH_PORT", 8050),
            key=environment.get("NTDEMO_API_KEY") or environment.get("TRAINER_API_KEY") or None,
        )


def _url(environment: Mapping[str, str], whole: str, host_variable: str, port_variable: str, default: int) -> str:
    if stated := environment.get(whole):
        if not stated.startswith(("http://", "https://")):
            raise ValueError(f"{whole}={stated!r} is no address: expected http://… or https://…")
        return stated.rstrip("/")
    host = environment.get(host_variable) or "localhost"
    port = environment.get(port_variable) or str(default)
    if not port.isdigit():
        raise ValueError(f"{port_variable}={port!r} is no port: expected a number")
    host = _ANYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
