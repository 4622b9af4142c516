"""Tokens of an identity provider (OpenID Connect): signed by its keys, for this audience, with an algorithm that we chose."""

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, Self

import structlog

from servicekit.doors.keys import Caller, Scope
from servicekit.doors.settings import DoorSettings

if TYPE_CHECKING:
    from jwt import PyJWKClient

__all__ = ["PAUSE_S", "ProviderAway", "Tokens"]

_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Asymmetric ones alone: a token never says how it is to be believed."""
_KEPT_S: Final = 300
PAUSE_S: Final = 10.0
"""Between two questions for the issuer's keys, whatever tokens name."""
_TIMEOUT_S: Final = 5
_LEEWAY_S: Final = 30
_SCOPES: Final = {f"ntdemo:{scope.name.lower()}": scope for scope in Scope}
_log = structlog.stdlib.get_logger(__name__)


class ProviderAway(Exception):
    """Nobody can tell whose token this is, since the provider's keys cannot be had; `str` is one sentence."""

    def __init__(self) -> None:
        super().__init__("The identity provider tells no keys to check tokens by; the service's log says why.")


class Tokens:
    """Reads tokens of one issuer."""

    def __init__(self, issuer: str, audience: str, keys: "PyJWKClient", scope_claim: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._scope_claim = scope_claim
        self._fetching = asyncio.Lock()

    @classmethod
    def of(cls, settings: DoorSettings) -> Self | None:
        """Those of the settings; None where they name no issuer.

        Raises:
            ValueError: An issuer without an audience: tokens for others would be taken.
        """
        if settings.oidc_issuer is None:
            return None
        if settings.oidc_audience is None or settings.oidc_jwks_url is None:
            raise ValueError("NTDEMO_OIDC_ISSUER needs NTDEMO_OIDC_AUDIENCE and NTDEMO_OIDC_JWKS_URL.")
        return cls(settings.oidc_issuer, settings.oidc_audience, _key_client(settings.oidc_jwks_url), settings.oidc_scope_claim)

    async def caller(self, token: str) -> Caller | None:
        """Whose token this is; None where it is not valid now, or allows nothing here.

        Raises:
            ProviderAway: It may be valid; the provider cannot be asked for its keys.
        """
        import jwt  # noqa: PLC0415 - few services take tokens

        try:
            async with self._fetching:
                key = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
            claims = jwt.decode(
                token,
                key,
                algorithms=list(_ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            _log.info("token_refused", reason=type(error).__name__)
            return None
        scope = max((_SCOPES[word] for word in _words(claims.get(self._scope_claim)) if word in _SCOPES), default=None)
        return None if scope is None else Caller(f"oidc:{claims['sub']}", scope, claims["sub"])


def _words(claim: Any) -> list[str]:
    if isinstance(claim, str):
        return claim.split()
    return [word for word in claim if isinstance(word, str)] if isinstance(claim, list) else []


def _key_client(url: str) -> "PyJWKClient":
    from jwt import PyJWKClient, PyJWKClientError, PyJWTError  # noqa: PLC0415 - few services take tokens

    class Keys(PyJWKClient):
        """Asks for keys now and then, however many tokens name keys that there are not."""

        asked_s = float("-inf")
        away = False
        """Whether the last question got no answer."""

        def fetch_data(self) -> Any:
            if time.monotonic() - self.asked_s < PAUSE_S:
                raise ProviderAway if self.away else PyJWKClientError("asked a moment ago")
            self.asked_s = time.monotonic()
            try:
                told = super().fetch_data()
            except (PyJWTError, ValueError, OSError) as error:
                self.away = True
                _log.warning("identity_provider_away", url=url, reason=str(error))
                raise ProviderAway from None
            self.away = False
            return told

    return Keys(url, cache_keys=True, lifespan=_KEPT_S, timeout=_TIMEOUT_S)
