"""Writes `services/<service>/openapi.json` for every service that has an application.

The document depends on the code alone: settings are made in an empty environment, and applications touch nothing when they are
assembled. `--check` compares instead of writing and names the files that differ; names of services limit it to these.
"""

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVICES = ("trainer", "scores-api", "viz", "chatbot")


def documents(services: Iterable[str] = SERVICES) -> dict[Path, str]:
    """The text of each service's document by the path it belongs to."""
    found = {}
    for service in services:
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
    fresh = documents([name for name in arguments if not name.startswith("-")] or SERVICES)
    stale = [path for path, text in fresh.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is not what the code describes: run `make openapi`")
        else:
            path.write_text(fresh[path], encoding="utf-8")
            print(path.relative_to(ROOT))
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
