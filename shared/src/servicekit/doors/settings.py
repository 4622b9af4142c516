"""The settings of access, the same in every service."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["DoorSettings", "is_loopback"]


def _listed(value: object) -> object:
    """`a, b` as an environment variable carries it."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


_Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class DoorSettings(BaseSettings):
    """To be inherited by the settings of a service."""

    model_config = SettingsConfigDict(frozen=True, populate_by_name=True, env_ignore_empty=True, use_attribute_docstrings=True)

    allowed_hosts: Annotated[_Names, Field(validation_alias="NTDEMO_ALLOWED_HOSTS")] = ()
    """Names by which callers reach the service, separated by commas; `localhost`, its own host and numbers always do."""
    reached_at: Annotated[str | None, Field(validation_alias="NTDEMO_REACHED_AT")] = None
    """The address at which others reach what listens here, where that is not the one it binds: what a container publishes."""
    access: Annotated[Literal["auto", "open", "keys"], Field(validation_alias="NTDEMO_ACCESS")] = "auto"
    """`keys` asks every caller for one, `open` nobody; `auto` asks unless the service is reached at this machine alone."""
    api_key: Annotated[
        SecretStr | None, Field(validation_alias=AliasChoices("NTDEMO_API_KEY", "TRAINER_API_KEY"), exclude=True)
    ] = None
    """A key that may do everything, and that this service shows to others; where access is open, changes need it."""
    keys: Annotated[Path | None, Field(validation_alias="NTDEMO_KEYS")] = None
    """The file of `ntdemo-train keys`: hashed keys with their scopes; read anew when it changes."""
    rate_limit: Annotated[int, Field(validation_alias="NTDEMO_RATE_LIMIT", ge=0)] = 6000
    """Requests a minute of one key; 0 for no limit."""
    audit_log: Annotated[Path | None, Field(validation_alias="NTDEMO_AUDIT_LOG")] = None
    """A file to which every request that changes something is appended, a JSON object a line; the log has them anyway."""
    oidc_issuer: Annotated[str | None, Field(validation_alias="NTDEMO_OIDC_ISSUER", pattern=r"^https://\S+$")] = None
    """Who signs tokens that are taken beside keys."""
    oidc_audience: Annotated[str | None, Field(validation_alias="NTDEMO_OIDC_AUDIENCE", min_length=1)] = None
    """For whom such a token must be made out."""
    oidc_jwks_url: Annotated[str | None, Field(validation_alias="NTDEMO_OIDC_JWKS_URL", pattern=r"^https?://\S+$")] = None
    """Where the issuer's public keys are."""
    oidc_scope_claim: Annotated[str, Field(validation_alias="NTDEMO_OIDC_SCOPE_CLAIM", min_length=1)] = "scope"
    """The claim that holds `ntdemo:read`, `ntdemo:train` or `ntdemo:admin`, as words or a list."""

    def asks_for_keys(self, host: str) -> bool:
        """Whether a service that listens at `host` asks everybody for a key."""
        if self.access == "auto":
            return not is_loopback(self.reached_at or host)
        return self.access == "keys"


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
