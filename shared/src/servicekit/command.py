"""The command of a server: `--help` with the environment variables it reads, `--version`, and its settings.

Imports nothing heavy, so that both are answered before a service loads the rest of itself.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any, TypeVar

from pydantic import AliasChoices, AliasPath, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

__all__ = ["load_settings", "service_arguments"]

S = TypeVar("S", bound=BaseSettings)


def service_arguments(prog: str, settings: type[BaseSettings], arguments: Sequence[str] | None = None) -> None:
    """Read the arguments of the server `prog`, also the name of its distribution: it takes `--help` and `--version` alone.

    Fields of `settings` are listed by their aliases, described by their docstrings where the class uses them.

    Raises:
        SystemExit: status 0 when help or the version was asked for, 2 for any other argument.
    """
    release = version(prog)
    parser = argparse.ArgumentParser(
        prog,
        description="Serve until Ctrl-C or SIGTERM. Everything is set by environment variables:",
        epilog="\n".join(_described(settings)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{prog} {release}")
    parser.parse_args(arguments)


def load_settings(settings: type[S]) -> S:
    """The settings of this process's environment.

    Raises:
        SystemExit: status 2, after one sentence on standard error, when a variable holds a wrong value.
    """
    try:
        return settings()
    except ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ")
        sys.stderr.write(f"{first['loc'][0]}={first['input']!r} is not usable: {reason[:1].lower()}{reason[1:]}.\n")
        raise SystemExit(2) from None


def _described(settings: type[BaseSettings]) -> Iterator[str]:
    defaults: dict[str, Any] = {}
    for name, field in settings.model_fields.items():
        description = " ".join((field.description or "").split())
        # A default may follow from those before it, as an address does from host and port.
        defaults[name] = field.get_default(call_default_factory=True, validated_data=defaults)
        yield f"  {_variable(name, field)} (default: {_shown(defaults[name])})"
        if description:
            yield f"      {description}"


def _variable(name: str, field: FieldInfo) -> str:
    alias: str | AliasChoices | AliasPath = field.validation_alias or field.alias or name
    return alias if isinstance(alias, str) else name


def _shown(default: Any) -> str:
    if default is None or default == () or isinstance(default, SecretStr):
        return "unset"
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
