"""Writes `services/<service>/openapi.json` for every service that has an application.

The document depends on the code alone: settings are made in an empty environment, and applications touch nothing when they are
assembled. `--check` compares instead of writing and names the files that differ.
"""

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVICES = ("trainer", "scores-api", "viz", "chatbot")


def documents() -> dict[Path, str]:
    """The text of each service's document by the path it belongs to."""
    found = {}
    for service in SERVICES:
        text = document(service.replace("-", "_"))
        if text is not None:
            found[ROOT / "services" / service / "openapi.json"] = text
    return found


def document(package: str) -> str | None:
    """The document of an import package, None when it has no `<package>.app.create_app`."""
    if importlib.util.find_spec(package) is None or importlib.util.find_spec(f"{package}.app") is None:
        return None
    application = importlib.import_module(f"{package}.app")
    if not hasattr(application, "create_app"):
        return None
    with _empty_environment():
        settings = importlib.import_module(f"{package}.settings").Settings()
        app = application.create_app(settings)
    if not hasattr(app, "openapi"):
        return None
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


@contextmanager
def _empty_environment() -> Iterator[None]:
    kept = dict(os.environ)
    os.environ.clear()
    try:
        yield
    finally:
        os.environ.update(kept)


def main(arguments: list[str]) -> int:
    """Write or check; the exit status."""
    stale = [path for path, text in documents().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the code describes: run `make openapi`")
        return bool(stale)
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}{'' if path in stale else ' (unchanged)'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
